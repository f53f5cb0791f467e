// `kvmark search`: which loads were tried, in their order, which kept the target, and what was measured at each.
"use strict";

const KEEPS = "keeps the target",
  FAILS = "fails",
  TRIED = "tried";
const LOAD_UNITS = { users: "users", rate: "requests/s" };

/** A rate in bytes as one in GiB. */
function inGib(figure) {
  if (figure.unit !== "bytes/s") return figure;
  const { mean, low, high } = figure;
  return { ...figure, unit: "GiB/s", mean: mean / GIB, low: low / GIB, high: high / GIB };
}

/** In the order of their first trial; `result`: how a load ended. A search for a plateau judges none. */
function searchSteps(d) {
  const result = { keeps: KEEPS, fails: FAILS };
  return d.path.map((p, i) => ({
    ...p,
    step: i + 1,
    result: result[p.verdict] || TRIED,
    figures: p.figures.map(inGib),
  }));
}

/** Points by how the load ended, told apart by shape and by color. `at`: (step) => [x, y]. */
function resultSeries(steps, at) {
  const looks = [
    [KEEPS, "circle", 2],
    [FAILS, "triangle", 1],
    [TRIED, "diamond", 0],
  ];
  return looks
    .filter(([name]) => steps.some((p) => p.result === name))
    .map(([name, symbol, hue]) => ({
      name,
      type: "scatter",
      symbol,
      symbolSize: 13,
      itemStyle: { color: color(hue), opacity: 1 },
      data: steps.filter((p) => p.result === name).map(at),
    }));
}

/** Values from the lowest above 0 over more than a decade are drawn on a logarithmic axis. */
function suitedAxis(values) {
  return Math.min(...values) > 0 && Math.max(...values) / Math.min(...values) > 10 ? "log" : "value";
}

function searchOption(width, steps, unit, at, more) {
  const series = resultSeries(steps, at);
  const base = baseOption(
    series.map((s) => s.name),
    width,
    unit,
  );
  return {
    ...base,
    legend: { ...base.legend, itemWidth: 12, itemHeight: 12 },
    ...more(base),
    series: [
      {
        name: "path",
        type: "line",
        data: steps.map(at),
        symbol: "none",
        silent: true,
        lineStyle: { color: noneColor(), width: 1, type: "dashed" },
      },
      ...series,
    ],
  };
}

function pathFigure(d) {
  const steps = searchSteps(d),
    unit = LOAD_UNITS[d.search.load] || "load";
  return figure({
    title: labelled(d, "Path of the search", ofKind("search")),
    about: `Loads in the order they were tried. ${d.search.answer || ""}`,
    head: ["step", unit, "", "confidence", "trials"],
    text: [2],
    rows: steps.map((p) => [
      String(p.step),
      number(p.load),
      p.result,
      percent(p.confidence),
      count(p.trials.length),
    ]),
    chart: (width) =>
      searchOption(
        width,
        steps,
        unit,
        (p) => [p.step, p.load],
        (base) => ({
          xAxis: below("step", {
            type: "value",
            min: 0.5,
            max: steps.length + 0.5,
            minInterval: 1,
            axisLabel: { formatter: (x) => (Number.isInteger(x) ? String(x) : "") },
          }),
          yAxis: axis({ type: suitedAxis(steps.map((p) => p.load)), axisLabel: { formatter: tick } }),
          tooltip: {
            ...base.tooltip,
            trigger: "item",
            formatter: (p) => {
              const step = steps[p.value[0] - 1];
              return `step ${step.step}: ${number(step.load)} ${unit}<br><b>${step.result}</b>`;
            },
          },
        }),
      ),
  });
}

/** What was measured at each load: figure number `i`, beside its limit. */
function measuredFigure(d, i) {
  const steps = searchSteps(d)
    .filter((p) => p.figures[i])
    .sort((a, b) => a.load - b.load);
  if (steps.length === 0) return null;
  const { metric, unit, limit } = steps[0].figures[i],
    loads = LOAD_UNITS[d.search.load] || "load";
  const interval = (f) => `${inUnit(f.mean, unit)} (${inUnit(f.low, unit)} to ${inUnit(f.high, unit)})`;
  const values = steps.map((p) => p.figures[i].mean);
  return figure({
    title: labelled(d, `${metric} over load`, ofKind("search")),
    about: `Mean over the trials of each load${limit === null ? "" : `; the dashed line is the limit, ${inUnit(limit, unit)}`}.`,
    head: [loads, `${metric}, interval of 95 %`, ""],
    text: [2],
    rows: steps.map((p) => [number(p.load), interval(p.figures[i]), p.result]),
    chart: (width) => {
      const option = searchOption(
        width,
        steps,
        unit === "ms" || unit === "share" ? "" : unit,
        (p) => [p.load, p.figures[i].mean],
        (base) => ({
          xAxis: below(loads, { type: suitedAxis(steps.map((p) => p.load)), axisLabel: { formatter: tick } }),
          yAxis: axis({
            type: suitedAxis(limit > 0 ? [...values, limit] : values),
            axisLabel: { formatter: (x) => inUnit(x, unit === "ms" || unit === "share" ? unit : "") },
          }),
          tooltip: {
            ...base.tooltip,
            trigger: "item",
            formatter: (p) => {
              const step = steps.find((each) => each.load === p.value[0]);
              return `${number(step.load)} ${loads}<br><b>${escaped(interval(step.figures[i]))}</b><br>${step.result}`;
            },
          },
        }),
      );
      if (limit !== null)
        option.series[0].markLine = {
          symbol: "none",
          silent: true,
          label: { show: false },
          lineStyle: { color: cssColor("fail"), type: "dashed", width: 1.5 },
          data: [{ yAxis: limit }],
        };
      return option;
    },
  });
}

function searches() {
  return ofKind("search")
    .filter((d) => d.path?.length > 0)
    .flatMap((d) => {
      const figures = Math.max(...d.path.map((p) => p.figures.length));
      return [pathFigure(d), ...[...Array(figures).keys()].map((i) => measuredFigure(d, i))].filter((f) => f);
    });
}
