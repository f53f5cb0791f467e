// Two sets of trials, figure by figure: how much B differs from A, and whether that is more than noise.
"use strict";

function verdictLook(verdict) {
  return { better: color(2), worse: color(1), more: color(0), less: color(0) }[verdict] || noneColor();
}
function ratioText(m) {
  return m.ratio > 0 ? `${m.ratio.toFixed(3)} (${m.low.toFixed(3)} to ${m.high.toFixed(3)})` : "-";
}

/** A point for each ratio, and a bar over its interval. Left of 1 B has less than A, right of it more. */
function intervalSeries(metrics) {
  const bar = (parameters, api) => {
    const y = api.value(3),
      from = api.coord([api.value(0), y]),
      at = api.coord([api.value(1), y]),
      to = api.coord([api.value(2), y]);
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
    data: metrics.map((m, i) => [m.low, m.ratio, m.high, i]),
    markLine: {
      symbol: "none",
      silent: true,
      label: { show: false },
      lineStyle: { color: cssColor("soft"), type: "dashed" },
      data: [{ xAxis: 1 }],
    },
  };
}

function comparison() {
  if (!page.comparison) return [];
  const all = page.comparison.metrics || [];
  const value = (x, unit) =>
    x === null || x === undefined ? "-" : `${number(x.median ?? x)} ${unit || ""}`.trim();
  const judged = (m) =>
    element(
      "span",
      { class: { better: "pass", worse: "fail" }[m.verdict] || "" },
      m.verdict,
      m.reason ? `: ${m.reason}` : "",
    );
  const rows = all.map((m) => [m.name, value(m.a, m.unit), value(m.b, m.unit), ratioText(m), judged(m)]);
  const parts = [
    element(
      "div",
      { class: "card wide" },
      element("h3", {}, "B against A"),
      element(
        "p",
        { class: "about" },
        "Medians over the trials, the ratio B over A with its interval of 95 %, and whether the difference is more than noise.",
      ),
      table("B against A", ["", "A", "B", "B over A", "verdict"], rows, [4]),
    ),
  ];
  const drawn = all.filter((m) => m.ratio > 0 && m.low > 0 && m.high > 0);
  if (drawn.length === 0) return parts;
  return [
    figure({
      title: "Ratios",
      wide: true,
      about: "B over A with its interval of 95 %. Where an interval holds 1, the two may be the same.",
      head: ["", "B over A", "verdict"],
      text: [2],
      rows: drawn.map((m) => [m.name, ratioText(m), m.verdict]),
      height: 90 + 30 * drawn.length,
      chart: (width) => {
        const base = baseOption([], width);
        const low = Math.min(0.95, ...drawn.map((m) => m.low)),
          high = Math.max(1.05, ...drawn.map((m) => m.high));
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
            data: drawn.map((m) => m.name),
            axisTick: { show: false },
            splitLine: { show: true, lineStyle: { color: cssColor("grid") } },
            axisLabel: { color: cssColor("text"), width: width * 0.4, overflow: "truncate", interval: 0 },
          }),
          tooltip: {
            ...base.tooltip,
            trigger: "item",
            formatter: (p) =>
              `${escaped(drawn[p.dataIndex].name)}<br><b>${ratioText(drawn[p.dataIndex])}</b><br>${escaped(drawn[p.dataIndex].verdict)}`,
          },
          series: [intervalSeries(drawn)],
        };
      },
    }),
    ...parts,
  ];
}
