// Distributions of latency, by tier and operation. A histogram is [lowest ns, highest ns, count] for each bucket. What
// takes no time has no place on a logarithmic axis; it counts, and is not drawn.
"use strict";

function samples(histogram) {
  return histogram.reduce((sum, bucket) => sum + bucket[2], 0);
}

/** Shares of all samples in bins of equal width on a logarithmic axis: [[ms in the middle, share]...]. */
function density(histogram, perDecade, from, to) {
  const all = samples(histogram);
  const bins = new Array(to - from + 1).fill(0);
  for (const [low, high, n] of histogram)
    if (high > 0) bins[binOf((low + high) / 2, perDecade) - from] += n / all;
  return bins.map((share, i) => [10 ** ((from + i + 0.5) / perDecade) / 1e6, share]);
}
function binOf(ns, perDecade) {
  return Math.floor(Math.log10(Math.max(ns, 1)) * perDecade);
}

/** Latency at 1 - 1/x of the samples, x in tenths of decades as far as the samples reach: [[x, ms]...]. */
function percentiles(histogram) {
  const all = samples(histogram),
    points = [];
  let place = 0,
    below = 0;
  for (let k = 0; 10 ** (k / 10) <= all * 1.0001; ++k) {
    const wanted = Math.ceil(all * (1 - 10 ** (-k / 10)) - 1e-9);
    while (place < histogram.length - 1 && below + histogram[place][2] < wanted)
      below += histogram[place++][2];
    points.push([10 ** (k / 10), histogram[place][1] / 1e6 || null]);
  }
  return points;
}
/** "P99.9" of x = 1000. */
function percentileName(x) {
  const share = 100 * (1 - 1 / x);
  return "P" + (x < 10.5 ? share.toFixed(0) : share.toFixed(Math.ceil(Math.log10(x) - 1e-9) - 2));
}

const NAMED_PERCENTILES = [2, 10, 20, 100, 1e3, 1e4, 1e5, 1e6];
const PERCENTILES = ["mean", "p50", "p95", "p99", "p999", "max"];
const PERCENTILE_HEADS = ["", "samples", "mean", "P50", "P95", "P99", "P99.9", "max"];

/** A row of PERCENTILE_HEADS. */
function percentileRow(label, distribution) {
  return [
    label,
    count(distribution.count),
    ...PERCENTILES.map((p) => duration(distribution.latency_ms?.[p])),
  ];
}

function curveSeries(l, i, data, area, symbol = "none") {
  const look = lineLook(l, i);
  return {
    name: l.label,
    type: "line",
    data,
    symbol,
    symbolSize: 5,
    lineStyle: { color: look.color, type: look.type, width: 2 },
    itemStyle: { color: look.color },
    areaStyle: area ? { color: look.color, opacity: 0.13 } : undefined,
  };
}

function densityFigure(title, lines) {
  const perDecade = Math.min(
    ...lines.map((l) => (l.of.distribution.count < 300 ? 6 : l.of.distribution.count < 5000 ? 10 : 20)),
  );
  const edges = lines.flatMap((l) =>
    l.of.distribution.histogram_ns
      .filter(([, high]) => high > 0)
      .map(([low, high]) => binOf((low + high) / 2, perDecade)),
  );
  const from = Math.min(...edges) - 1,
    to = Math.max(...edges) + 1;
  const ratio = 10 ** (0.5 / perDecade),
    few = to - from < 2 * perDecade;
  return figure({
    title,
    about: "How many of the operations took how long, on a logarithmic scale.",
    head: PERCENTILE_HEADS,
    rows: lines.map((l) => percentileRow(l.label, l.of.distribution)),
    chart: (width) => ({
      ...baseOption(
        lines.map((l) => l.label),
        width,
        "share of operations",
      ),
      xAxis: below("latency", {
        ...milliseconds,
        axisTick: few ? { customValues: ONE_TWO_FIVE } : {},
        axisLabel: few
          ? { ...milliseconds.axisLabel, customValues: ONE_TWO_FIVE }
          : { ...milliseconds.axisLabel, showMinLabel: false, showMaxLabel: false },
        min: 10 ** (from / perDecade) / 1e6,
        max: 10 ** ((to + 1) / perDecade) / 1e6,
      }),
      yAxis: axis({ type: "value", min: 0, axisLabel: { formatter: (s) => percent(s, 0) } }),
      tooltip: {
        ...baseOption([], width).tooltip,
        trigger: "axis",
        formatter: (ps) =>
          tip(`${duration(ps[0].value[0] / ratio)} to ${duration(ps[0].value[0] * ratio)}`, ps, (p) =>
            percent(p.value[1]),
          ),
      },
      series: lines.map((l, i) => ({
        ...curveSeries(l, i, density(l.of.distribution.histogram_ns, perDecade, from, to), true),
        smooth: 0.25,
        smoothMonotone: "x",
      })),
    }),
  });
}

function percentileFigure(title, lines) {
  return figure({
    title,
    about:
      "Each line is the latency that so many of the operations keep within; what matters to users is to the right.",
    head: PERCENTILE_HEADS,
    rows: lines.map((l) => percentileRow(l.label, l.of.distribution)),
    chart: (width) => ({
      ...baseOption(
        lines.map((l) => l.label),
        width,
      ),
      xAxis: below("percentile", {
        type: "log",
        min: 1,
        max: "dataMax",
        axisTick: { customValues: NAMED_PERCENTILES },
        axisLabel: { customValues: NAMED_PERCENTILES, formatter: percentileName },
      }),
      yAxis: axis(milliseconds),
      tooltip: {
        ...baseOption([], width).tooltip,
        trigger: "axis",
        formatter: (ps) =>
          tip(percentileName(ps[0].value[0]), ps, (p) => (p.value[1] ? duration(p.value[1]) : null)),
      },
      series: lines.map((l, i) => curveSeries(l, i, percentiles(l.of.distribution.histogram_ns), false)),
    }),
  });
}

function takesTime({ distribution }) {
  return distribution.latency_ms?.max > 0;
}

/** Of whole entries, by tier and operation; and of requests. */
function entryLatencies(d) {
  return operations(d)
    .map((o) => ({ ...o, distribution: o.figures.total }))
    .filter(takesTime);
}
function requestLatencies(d) {
  const k = d.kvmark;
  const all = k.serving
    ? [
        ["time to first token", k.serving.ttft],
        ["waiting for a slot", k.serving.queue],
        ["loading", k.serving.load],
        ["computing", k.serving.prefill],
      ]
    : [
        ["arrival to answer", k.latency.end_to_end],
        ["waiting in the queue", k.latency.queue],
        ["storage", k.latency.storage_io],
      ];
  return all.map(([label, distribution]) => ({ label, distribution })).filter(takesTime);
}

function latencies() {
  return [
    ...overlays("Latency by tier and operation", entryLatencies, densityFigure),
    ...overlays("Percentiles by tier and operation", entryLatencies, percentileFigure),
    ...overlays("Percentiles of requests", requestLatencies, percentileFigure),
  ];
}

/** Completed requests by class of service, against the target of each. */
function classesOfService() {
  const rows = ownRuns.flatMap((d) =>
    Object.entries(d.summary?.qos_metrics || {})
      .filter(([, q]) => !q.no_data)
      .map(([name, q]) => [
        labelled(d, name),
        count(q.total_requests),
        duration(q.latency_ms.p50),
        duration(q.latency_ms.p95),
        duration(q.latency_ms.p99),
        duration(q.sla.target_p95_ms),
        element(
          "span",
          { class: q.sla.met ? "pass" : "fail" },
          `${q.sla.met ? "✓" : "✗"} ${percent(q.sla.compliance)}`,
        ),
      ]),
  );
  if (rows.length === 0) return [];
  return [
    element(
      "div",
      { class: "card" },
      element("h3", {}, "Classes of service"),
      element(
        "p",
        { class: "about" },
        "Arrival to answer of completed requests, waiting included, against the target of the class.",
      ),
      table(
        "Classes of service",
        ["class", "completed", "P50", "P95", "P99", "target P95", "within it"],
        rows,
      ),
    ),
  ];
}
