// Colours of the charts, and what all of them share. The hues are those of Okabe and Ito, which colour-blind people
// tell apart; darker on white, so that white text on them has a contrast of 4.5:1, and lighter on black.
"use strict";

const PALETTE = {
  light: ["#0072b2", "#c25400", "#007d5c", "#a84f84", "#8a5c00", "#2678ab", "#5b5b5b", "#7a3fb0"],
  dark: ["#56b4e9", "#e69f00", "#1fc796", "#d98cb9", "#f0e442", "#ff8a4c", "#c3ccd5", "#b79cf0"],
};
const PART_NAMES = ["queue", "submit", "device", "copy", "verify"];
const ROLE_NAMES = ["gpu", "cpu", "storage", "peer"];

/** "light" or "dark", as the page is shown. */
let scheme = "light";

function cssColor(name) {
  return getComputedStyle(document.documentElement)
    .getPropertyValue("--" + name)
    .trim();
}

function color(index) {
  const colors = PALETTE[scheme];
  return colors[index % colors.length];
}
/** The color of a tier, the same in every chart. */
function roleColor(role) {
  return color([2, 0, 1, 3][Math.max(0, ROLE_NAMES.indexOf(role))]);
}
function noneColor() {
  return cssColor("none");
}

/** Text on a bar of any of the colors. */
function onColor() {
  return scheme === "dark" ? "#10161d" : "#ffffff";
}

/** Lines that a legend of these names takes, at `width` pixels. */
function legendLines(names, width) {
  let lines = 1,
    x = 0;
  for (const name of names) {
    const item = 50 + 6.8 * name.length;
    if (x > 0 && x + item > width) ((lines += 1), (x = 0));
    x += item;
  }
  return lines;
}

/** What every chart has: text, tooltip, legend above the drawing (none without `names`), and the unit of the axis. */
function baseOption(names, width, unit = "") {
  const text = cssColor("text"),
    soft = cssColor("soft");
  const lines = names.length > 0 ? legendLines(names, width) : 0;
  return {
    animation: false,
    color: PALETTE[scheme],
    textStyle: { fontFamily: "Segoe UI, Roboto, Helvetica, Arial, sans-serif", color: text, fontSize: 13 },
    legend: {
      show: lines > 0,
      data: names,
      top: 0,
      left: 0,
      itemGap: 14,
      itemWidth: 26,
      itemHeight: 10,
      textStyle: { color: text, fontSize: 13 },
      inactiveColor: cssColor("none"),
    },
    title: {
      text: unit,
      left: 0,
      top: 24 * lines,
      padding: 4,
      textStyle: { color: soft, fontSize: 13, fontWeight: "normal" },
    },
    grid: { left: 4, right: 18, top: (unit ? 32 : 14) + 24 * lines, bottom: 32, containLabel: true },
    tooltip: {
      confine: true,
      backgroundColor: cssColor("card"),
      borderColor: soft,
      textStyle: { color: text, fontSize: 13 },
      axisPointer: {
        lineStyle: { color: soft },
        crossStyle: { color: soft },
        shadowStyle: { opacity: 0.15 },
      },
    },
  };
}

/** Style of an axis, named at its end. `more`: fields of ECharts' axis. */
function axis(more) {
  const soft = cssColor("soft");
  return {
    nameTextStyle: { color: soft, fontSize: 13 },
    axisLabel: { color: soft, fontSize: 12, hideOverlap: true, ...more.axisLabel },
    axisLine: { lineStyle: { color: soft } },
    splitLine: { lineStyle: { color: cssColor("grid") } },
    minorSplitLine: { show: false },
    ...Object.fromEntries(Object.entries(more).filter(([key]) => key !== "axisLabel")),
  };
}

/** The axis below the drawing, with its name in the middle. */
function below(name, more = {}) {
  return axis({ name, nameLocation: "middle", nameGap: 28, ...more });
}
/** The axes of bars that are shares of a whole, one bar for each row; `labels` says how their names are written. */
function shareAxes(name, rows, labels) {
  return {
    xAxis: below(name, {
      type: "value",
      min: 0,
      max: 1,
      axisLabel: { formatter: (s) => percent(s, 0) },
    }),
    yAxis: axis({
      type: "category",
      inverse: true,
      data: rows.map((row) => row.label),
      axisTick: { show: false },
      axisLabel: { color: cssColor("text"), ...labels },
    }),
  };
}
/** What a logarithmic axis names where it spans less than two decades: 1, 2, 5, 10... of 10^-9 to 10^12. */
const ONE_TWO_FIVE = [...Array(22).keys()].flatMap((decade) =>
  [1, 2, 5].map((digit) => Number(`${digit}e${decade - 9}`)),
);
/** Milliseconds on a logarithmic axis. */
const milliseconds = { type: "log", axisLabel: { formatter: (ms) => duration(ms) } };
/** Numbers on an axis, without trailing zeros. */
function tick(x) {
  return Number(x.toPrecision(3)).toLocaleString("en-US");
}
