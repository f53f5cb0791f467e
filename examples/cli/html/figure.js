// A figure: caption, drawing, and its values as a table.
"use strict";

/** element("p", {class: "about"}, "text", child...). */
function element(tag, attributes, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) e.setAttribute(name, value);
  e.append(...children.filter((child) => child !== null && child !== undefined));
  return e;
}

/** `head`: names of the columns; `rows`: lists of texts or elements. The first column names the row. */
function table(caption, head, rows, text = []) {
  const place = (i) => (i === 0 || text.includes(i) ? { class: "text" } : {});
  const line = (row) =>
    element(
      "tr",
      {},
      ...row.map((cell, i) => element(i === 0 ? "th" : "td", i === 0 ? { scope: "row" } : place(i), cell)),
    );
  return element(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    element(
      "table",
      {},
      element("caption", { class: "unseen" }, caption),
      element(
        "thead",
        {},
        element("tr", {}, ...head.map((h, i) => element("th", { scope: "col", ...place(i) }, h))),
      ),
      element("tbody", {}, ...rows.map(line)),
    ),
  );
}

/** Every figure with a drawing, so that they can be drawn again: another width, other colours. */
const figures = [];

/**
 * `title`, `about`: what is drawn, in a sentence or two. `head`, `rows`: its values. `chart`: (width) => option of
 * ECharts. `height`: pixels, or (width) => pixels. `wide`: over both columns.
 */
function figure({ title, about, head, rows, chart, height = 320, wide = false, text = [] }) {
  const box = element("div", { class: "chart", tabindex: "0", role: "img" });
  const all = element(
    "figure",
    wide ? { class: "wide" } : {},
    element("figcaption", {}, element("h3", {}, title), element("p", {}, about)),
    box,
    element("details", {}, element("summary", {}, "Values as a table"), table(title, head, rows, text)),
  );
  figures.push({
    box,
    chart,
    height,
    label: `${title}. ${about} The values are in the table below.`,
    drawn: null,
  });
  return all;
}

function draw(f) {
  const width = f.box.clientWidth;
  f.box.style.height = (typeof f.height === "function" ? f.height(width) : f.height) + "px";
  if (f.drawn) f.drawn.dispose();
  f.drawn = echarts.init(f.box, null, { renderer: "svg" });
  f.width = width;
  f.at = -1;
  const option = f.chart(width);
  f.drawn.setOption({ ...option, aria: { enabled: true, label: { description: f.label } } });
}

/** Draws what is not drawn at its present width; `anew`: all of it. */
function drawAll(anew) {
  for (const f of figures) if (anew || !f.drawn || f.width !== f.box.clientWidth) draw(f);
}

/** Left and right move through the values of the chart that has the focus, and say them. */
function onChartKey(event) {
  const f = figures.find((each) => each.box === event.target);
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!f || (!step && event.key !== "Escape")) return;
  if (event.key === "Escape") return f.drawn.dispatchAction({ type: "hideTip" });
  event.preventDefault();
  const series = f.drawn.getOption().series;
  let longest = 0;
  series.forEach((s, i) => {
    if (s.data.length > series[longest].data.length) longest = i;
  });
  f.at = (f.at + step + series[longest].data.length) % series[longest].data.length;
  f.drawn.dispatchAction({ type: "showTip", seriesIndex: longest, dataIndex: f.at });
  setTimeout(() => {
    const tip = [...f.box.children].find(
      (child) => child.tagName === "DIV" && child.style.pointerEvents === "none",
    );
    if (tip) document.getElementById("spoken").textContent = tip.innerText;
  }, 50);
}

/** Text that goes into a tooltip, which is HTML. */
function escaped(text) {
  return String(text).replace(
    /[&<>"]/g,
    (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c],
  );
}

/** A tooltip over one place of the axis: `title` of it, then each series with its value. */
function tip(title, parameters, value) {
  const lines = parameters
    .filter((p) => value(p) !== null)
    .map((p) => `${p.marker}${escaped(p.seriesName)}&nbsp; <b>${escaped(value(p))}</b>`);
  return lines.length > 0 ? `${escaped(title)}<br>${lines.join("<br>")}` : "";
}
