// Where the time of an operation goes: parts that add up to its mean latency.
"use strict";

/** `rows`: [{label, parts: {name: ms}}]. Bars are shares of the mean, so that fast tiers are seen beside slow ones. */
function budgetFigure(title, about, names, rows) {
  const sum = (row) => names.reduce((all, name) => all + (row.parts[name] || 0), 0);
  return figure({
    title,
    about,
    head: ["", ...names, "together"],
    rows: rows.map((row) => [
      row.label,
      ...names.map((name) => duration(row.parts[name])),
      duration(sum(row)),
    ]),
    height: (width) => 110 + 24 * legendLines(names, width) + rows.length * (width < 500 ? 52 : 40),
    chart: (width) => {
      const base = baseOption(names, width);
      const narrow = width < 500;
      return {
        ...base,
        ...shareAxes("share of the mean latency", rows, {
          hideOverlap: false,
          lineHeight: 16,
          formatter: (label, i) =>
            `${narrow ? label.replace(/ (?=\S+$)/, "\n") : label}\n${duration(sum(rows[i]))}`,
        }),
        tooltip: {
          ...base.tooltip,
          trigger: "axis",
          axisPointer: { ...base.tooltip.axisPointer, type: "shadow" },
          formatter: (ps) =>
            tip(
              `${ps[0].name}: ${duration(sum(rows[ps[0].dataIndex]))}`,
              ps,
              (p) => `${duration(rows[p.dataIndex].parts[p.seriesName] || 0)}, ${percent(p.value)}`,
            ),
        },
        series: names.map((name, i) => ({
          name,
          type: "bar",
          stack: "all",
          barWidth: 22,
          itemStyle: { color: color(i), borderColor: cssColor("card"), borderWidth: 1 },
          data: rows.map((row) => ratio(row.parts[name] || 0, sum(row)) || 0),
          label: {
            show: true,
            fontSize: 12,
            fontWeight: 600,
            color: onColor(),
            formatter: (p) => (p.value * width > (narrow ? 60 : 75) ? percent(p.value, 0) : ""),
          },
        })),
      };
    },
  });
}

function means(distributions) {
  return Object.fromEntries(
    Object.entries(distributions).map(([name, x]) => [name, x?.latency_ms?.mean || 0]),
  );
}

function budgets() {
  const all = [];
  const entries = ownRuns.flatMap((d) =>
    operations(d).map((o) => ({
      label: labelled(d, o.label),
      parts: means(Object.fromEntries(PART_NAMES.map((p) => [p, o.figures[p]]))),
    })),
  );
  if (entries.length > 0)
    all.push(
      budgetFigure(
        "Latency budget of an entry",
        "Mean of each part of reading or writing a whole entry. Queue: for its turn, for room, for a worker. Submit: prepared and not yet with " +
          "the kernel. Device: with the device or file system. Copy and verify: in memory.",
        PART_NAMES,
        entries,
      ),
    );
  const requests = ownRuns
    .filter((d) => !d.kvmark.serving && d.kvmark.latency.end_to_end.count > 0)
    .map((d) => ({
      label: labelled(d, "request"),
      parts: means({
        queue: d.kvmark.latency.queue,
        storage: d.kvmark.latency.storage_io,
        generation: d.kvmark.latency.generation,
      }),
    }));
  if (requests.length > 0)
    all.push(
      budgetFigure(
        "Latency budget of a request",
        "Mean of each part, from its intended arrival to its answer. Queue: until it is admitted. Storage: reads and writes of entries on all tiers.",
        ["queue", "storage", "generation"],
        requests,
      ),
    );
  const timed = page.documents.filter((d) => (d.kvmark?.serving || d).ttft?.count > 0);
  const served = timed.map((d) => {
    const s = d.kvmark?.serving || d;
    return {
      label: labelled(d, "first token", timed),
      parts: means({ queue: s.queue, load: s.load, prefill: s.prefill }),
    };
  });
  if (served.length > 0)
    all.push(
      budgetFigure(
        "Latency budget of the first token",
        "Mean of each part. Queue: for a slot. Load: the cached prefix from its tiers. Prefill: computing the rest.",
        ["queue", "load", "prefill"],
        served,
      ),
    );
  return all;
}
