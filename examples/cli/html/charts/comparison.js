// Two sets of trials, figure by figure: how much B differs from A, and whether that is more than noise.
"use strict";

function verdictLook(verdict) {
  return { better: color(2), worse: color(1), more: color(0), less: color(0) }[verdict] || noneColor();
}

/** A value of a metric, in its unit. */
function inUnit(x, unit) {
  if (x === null || x === undefined) return "-";
  if (unit === "ms") return duration(x);
  return unit === "share" ? percent(x) : `${number(x)} ${unit}`.trim();
}

/** "1.250 (1.150 to 1.350)"; of a metric that is 0 in some trial the difference, in shares of the larger median. */
function ratioText(m) {
  if (m.ratio === null) return "-";
  const text = (x) =>
    x === null
      ? "no bound"
      : (m.scale === "difference" && x > 0 ? "+" : "") + (x < 1000 ? x.toFixed(3) : number(x));
  return text(m.ratio) + (m.low === null ? "" : ` (${text(m.low)} to ${text(m.high)})`);
}

/** Two trials a side can leave an interval of many decades: the drawing ends here, the table does not. */
const LEAST_RATIO = 0.1,
  LARGEST_RATIO = 10;
function drawnRatio(x) {
  return Math.min(Math.max(x, LEAST_RATIO), LARGEST_RATIO);
}

/** A point for each ratio, and a bar over its interval. Left of 1 B has less than A, right of it more. */
function intervalSeries(metrics) {
  const bar = (parameters, api) => {
    const [from, at, to] = [0, 1, 2].map((i) => api.coord([api.value(i), api.value(3)]));
    const style = { stroke: verdictLook(metrics[parameters.dataIndex].verdict), lineWidth: 2 };
    const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style });
    return {
      type: "group",
      children: [
        line(from[0], from[1], to[0], to[1]),
        line(from[0], from[1] - 6, from[0], from[1] + 6),
        line(to[0], to[1] - 6, to[0], to[1] + 6),
        { type: "circle", shape: { cx: at[0], cy: at[1], r: 5 }, style: { fill: style.stroke } },
      ],
    };
  };
  return {
    name: "B over A",
    type: "custom",
    renderItem: bar,
    encode: { x: [0, 1, 2], y: 3 },
    data: metrics.map((m, i) => [drawnRatio(m.low), drawnRatio(m.ratio), drawnRatio(m.high ?? Infinity), i]),
    markLine: {
      symbol: "none",
      silent: true,
      label: { show: false },
      lineStyle: { color: cssColor("soft"), type: "dashed" },
      data: [{ xAxis: 1 }],
    },
  };
}

function ratioFigure(c, metrics) {
  return figure({
    title: "B over A",
    wide: true,
    about: `The ratio with its interval of ${percent(c.confidence, 0)}. Where an interval holds 1, the two may be the same.`,
    head: ["", "B over A", "verdict"],
    text: [2],
    rows: metrics.map((m) => [m.metric, ratioText(m), m.verdict]),
    height: 90 + 30 * metrics.length,
    chart: (width) => {
      const base = baseOption([], width);
      const low = Math.min(0.95, ...metrics.map((m) => drawnRatio(m.low))),
        high = Math.max(1.05, ...metrics.map((m) => drawnRatio(m.high ?? Infinity)));
      return {
        ...base,
        xAxis: below("B over A", {
          type: high / low > 5 ? "log" : "value",
          min: low * 0.98,
          max: high * 1.02,
          axisLabel: { formatter: tick, showMinLabel: false, showMaxLabel: false },
        }),
        yAxis: axis({
          type: "category",
          inverse: true,
          data: metrics.map((m) => m.metric),
          axisTick: { show: false },
          splitLine: { show: true, lineStyle: { color: cssColor("grid") } },
          axisLabel: { color: cssColor("text"), width: width * 0.4, overflow: "truncate", interval: 0 },
        }),
        tooltip: {
          ...base.tooltip,
          trigger: "item",
          formatter: (p) => {
            const m = metrics[p.dataIndex];
            return `${escaped(m.metric)}<br><b>${escaped(ratioText(m))}</b><br>${escaped(m.verdict)}`;
          },
        },
        series: [intervalSeries(metrics)],
      };
    },
  });
}

function comparison() {
  const c = page.comparison;
  if (!c) return [];
  const side = (x, unit) =>
    x.trials.length > 1
      ? `${inUnit(x.median, unit)} (${inUnit(x.min, unit)} to ${inUnit(x.max, unit)})`
      : inUnit(x.median, unit);
  const judged = (m) =>
    element(
      "span",
      { class: { better: "pass", worse: "fail" }[m.verdict] || "" },
      m.verdict + (m.reason ? `: ${m.reason}` : ""),
    );
  const rows = c.metrics.map((m) => [
    m.metric,
    side(m.a, m.unit),
    side(m.b, m.unit),
    ratioText(m),
    judged(m),
  ]);
  const set = (x) => `${x.name}, ${x.trials} ${x.trials === 1 ? "trial" : "trials"}`;
  const drawn = c.metrics.filter((m) => m.scale === "ratio" && m.low !== null);
  return [
    ...(drawn.length > 0 ? [ratioFigure(c, drawn)] : []),
    element(
      "div",
      { class: "card wide" },
      element("h3", {}, `All together: ${c.verdict}`),
      element(
        "p",
        { class: "about" },
        `A: ${set(c.a)}. B: ${set(c.b)}. Medians (lowest to highest of the trials), and the ratio B over A with ` +
          `its interval of ${percent(c.confidence, 0)}. A change below ${percent(c.min_effect, 0)} is none; one ` +
          `that has a sign is a difference, in shares of the larger median.`,
      ),
      table("Comparison", ["", "A", "B", "B over A", "verdict"], rows, [4]),
      ...c.warnings.map((w) => element("p", { class: "notice" }, w)),
    ),
  ];
}
