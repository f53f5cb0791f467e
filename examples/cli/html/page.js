// Puts the page together, and follows the scheme, the width and the printer.
"use strict";

const SECTIONS = [
  ["Headline figures", headline, ""],
  ["Comparison", comparison, "grid"],
  ["MLPerf", mlperfSummaries, "grid"],
  ["Search", searches, "grid"],
  ["Over time", timeline, "grid"],
  ["Latency", () => [...latencies(), ...classesOfService()], "grid"],
  ["Latency budget", budgets, "grid"],
  ["Hits", hits, "grid"],
  ["Hosts and ranks", hostsAndRanks, "grid"],
  ["Capacity", curves, "grid"],
  ["Backends", backends, "grid"],
  ["What was run", details, "grid"],
];

function subtitle() {
  if (page.documents.length > 1)
    return `${page.documents.length} results: ${page.documents.map((d) => d.name).join(", ")}`;
  const d = page.documents[0],
    o = d.kvmark?.options;
  if (!d.kvmark) return d.trace ? `Trace ${d.trace}` : d.file;
  return [
    d.kvmark.virtual_time ? "Simulation" : `Measured on ${d.kvmark.host.hostname}`,
    o?.model?.name || o?.model,
    d.kvmark.serving
      ? `${count(d.kvmark.serving.requests)} requests of a trace`
      : `${count(d.kvmark.peak_users)} users`,
    d.summary && duration(1000 * d.summary.elapsed_time),
    d.kvmark.job && `${d.kvmark.job.ranks.length} ranks`,
    d.kvmark.started.slice(0, 16).replace("T", " ") + " UTC",
  ]
    .filter((x) => typeof x === "string")
    .join(" · ");
}

function compose() {
  const main = document.getElementById("report"),
    links = [];
  const title =
    page.documents.length === 1
      ? page.documents[0].name
      : page.comparison
        ? "Comparison"
        : "Results side by side";
  document.getElementById("title").textContent = title;
  document.title = `${title} - kvmark report`;
  document.getElementById("subtitle").textContent = subtitle();
  for (const [name, make, kind] of SECTIONS) {
    const parts = make();
    if (parts.length === 0) continue;
    const id = name.toLowerCase().replace(/ /g, "-");
    links.push(element("li", {}, element("a", { href: "#" + id }, name)));
    const heading = element("h2", { id: id + "-heading" }, name);
    main.append(
      element(
        "section",
        { id, "aria-labelledby": heading.id },
        heading,
        kind ? element("div", { class: kind }, ...parts) : null,
        ...(kind ? [] : parts),
      ),
    );
  }
  document.getElementById("sections").append(element("ul", {}, ...links));
}

function show(theme) {
  document.documentElement.dataset.theme = scheme = theme;
  const button = document.getElementById("theme");
  button.textContent = theme === "dark" ? "Light" : "Dark";
  button.setAttribute("aria-label", theme === "dark" ? "Show in light colours" : "Show in dark colours");
  drawAll(true);
}

/** On paper: light, as wide as a page, tables open that take less than one. */
const PAPER_WIDTH = "640px",
  PAPER_ROWS = 60;
let before = null;
function toPaper() {
  const closed = [...document.querySelectorAll("section details:not([open])")];
  before = { scheme, closed: closed.filter((d) => d.querySelectorAll("tr").length <= PAPER_ROWS) };
  for (const d of before.closed) d.open = true;
  for (const f of figures) f.box.style.width = PAPER_WIDTH;
  show("light");
}
function fromPaper() {
  if (!before) return;
  for (const d of before.closed) d.open = false;
  for (const f of figures) f.box.style.width = "";
  show(before.scheme);
  before = null;
}

compose();
show(document.documentElement.dataset.theme);
document.getElementById("theme").addEventListener("click", () => show(scheme === "dark" ? "light" : "dark"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (e) =>
  show(e.matches ? "dark" : "light"),
);
document.addEventListener("keydown", onChartKey);
// The header, whose size no chart changes, is as wide as the page.
new ResizeObserver(() => before || drawAll(false)).observe(document.querySelector(".top"));
addEventListener("beforeprint", toPaper);
addEventListener("afterprint", fromPaper);
