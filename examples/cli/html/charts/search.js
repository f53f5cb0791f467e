// The path of `kvmark search`: which loads were tried, in their order, and which kept the target.
"use strict";

const KEEPS = "keeps the target",
  FAILS = "fails";

function searchFigure(d, found) {
  const unit = found.load_unit || found.unit || "load";
  const steps = found.path.map((p, i) => ({
    ...p,
    step: i + 1,
    kept: p.verdict === "keeps" || p.verdict === true,
  }));
  const loads = steps.map((p) => p.load);
  const log = Math.min(...loads) > 0 && Math.max(...loads) / Math.min(...loads) > 10;
  const sets = [
    [KEEPS, true, "circle", 2],
    [FAILS, false, "triangle", 1],
  ];
  const trials = (p) => (Array.isArray(p.trials) ? p.trials.length : p.trials);
  return figure({
    title: labelled(d, "Path of the search", ofKind("search")),
    wide: true,
    about:
      `Each point is a load that was tried. ${found.keeps ? `The highest that keeps the target: ${number(found.keeps)}. ` : ""}` +
      `${found.fails ? `The lowest that fails: ${number(found.fails)}.` : ""}`,
    head: ["step", "load", "verdict", "confidence", "trials"],
    text: [2],
    rows: steps.map((p) => [
      String(p.step),
      number(p.load),
      p.kept ? KEEPS : FAILS,
      percent(p.confidence),
      count(trials(p)),
    ]),
    chart: (width) => {
      const base = baseOption(
        sets.map(([name]) => name),
        width,
        unit,
      );
      return {
        ...base,
        legend: { ...base.legend, itemWidth: 12, itemHeight: 12 },
        xAxis: below("step", {
          type: "value",
          min: 0.5,
          max: steps.length + 0.5,
          minInterval: 1,
          axisLabel: { formatter: (x) => (Number.isInteger(x) ? String(x) : "") },
        }),
        yAxis: axis({ type: log ? "log" : "value", axisLabel: { formatter: tick } }),
        tooltip: {
          ...base.tooltip,
          trigger: "item",
          formatter: (p) => {
            const step = steps[p.value[0] - 1];
            return (
              `step ${step.step}: load ${number(step.load)}<br><b>${step.kept ? KEEPS : FAILS}</b>` +
              (step.confidence === undefined ? "" : `, ${percent(step.confidence)} sure`)
            );
          },
        },
        series: [
          {
            name: "path",
            type: "line",
            data: steps.map((p) => [p.step, p.load]),
            symbol: "none",
            silent: true,
            lineStyle: { color: cssColor("none"), width: 1, type: "dashed" },
          },
          ...sets.map(([name, kept, symbol, hue]) => ({
            name,
            type: "scatter",
            symbol,
            symbolSize: 13,
            itemStyle: { color: color(hue) },
            data: steps.filter((p) => p.kept === kept).map((p) => [p.step, p.load]),
          })),
        ],
      };
    },
  });
}

function searches() {
  return ofKind("search")
    .map((d) => [d, { ...d, ...d.search }])
    .filter(([, found]) => Array.isArray(found.path) && found.path.length > 0)
    .map(([d, found]) => searchFigure(d, found));
}
