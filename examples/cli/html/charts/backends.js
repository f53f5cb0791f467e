// Backends of `kvmark tiers`, block by block.
"use strict";

function direction(readPercent) {
  return readPercent === 100 ? "read" : readPercent === 0 ? "write" : `${readPercent} % reads`;
}

// What a GPU's row is called among backends: "GPU 0 copies, pageable", "GPU 0 cuda, checked".
function gpuName(r) {
  const kind = r.memory === "pageable" ? ", pageable" : r.checked ? ", checked" : "";
  return `GPU ${r.gpu} ${r.by}${kind}`;
}

function wayOf(r) {
  if (r.way === undefined) return direction(r.read_percent);
  return r.way === "peer" ? `to GPU ${r.to_gpu}` : r.way.replaceAll("_", " ");
}

function backends() {
  const documents = ofKind("tiers");
  const results = documents.flatMap((d) =>
    [...d.results, ...(d.gpu?.results || []).map((r) => ({ ...r, backend: gpuName(r) }))].map((r) => ({
      ...r,
      label: labelled(d, r.backend, documents),
    })),
  );
  if (results.length === 0) return [];
  const caseOf = (r) => `${size(r.block_bytes)} x ${r.depth} ${wayOf(r)}`;
  const cases = [...new Set(results.map(caseOf))],
    names = [...new Set(results.map((r) => r.label))];
  const lines = names.map((name) => ({
    name,
    of: (c) => results.find((r) => r.label === name && caseOf(r) === c)?.gib_per_s.median,
  }));
  if (results.some((r) => r.fio_gib_per_s))
    lines.push({
      name: "fio",
      of: (c) => results.find((r) => caseOf(r) === c && r.fio_gib_per_s)?.fio_gib_per_s.median,
    });
  return [
    figure({
      title: "Throughput by backend",
      wide: true,
      about: "Median over the rounds: block size x I/Os in flight, and direction.",
      head: [
        "case",
        "backend",
        "GiB/s",
        "lowest",
        "highest",
        "IOPS",
        "P50",
        "P99",
        "P99.9",
        "CPU us/op",
        "errors",
      ],
      text: [1],
      rows: results.map((r) => [
        caseOf(r),
        r.label,
        number(r.gib_per_s.median),
        number(r.gib_per_s.min),
        number(r.gib_per_s.max),
        count(r.iops),
        ...["p50", "p99", "p999"].map((p) => duration(r.latency_us[p] / 1000)),
        number(r.cpu_us_per_op),
        count(r.errors + r.corrupt_sectors),
      ]),
      height: (width) => 120 + 24 * legendLines(names, width) + cases.length * (16 + 14 * lines.length),
      chart: (width) => {
        const base = baseOption(
          lines.map((l) => l.name),
          width,
        );
        return {
          ...base,
          xAxis: below("GiB/s", { type: "value", min: 0, axisLabel: { formatter: tick } }),
          yAxis: axis({
            type: "category",
            inverse: true,
            data: cases,
            axisTick: { show: false },
            axisLabel: { color: cssColor("text"), interval: 0 },
          }),
          tooltip: {
            ...base.tooltip,
            trigger: "axis",
            axisPointer: { ...base.tooltip.axisPointer, type: "shadow" },
            formatter: (ps) => tip(ps[0].name, ps, (p) => (p.value === undefined ? null : rate(p.value))),
          },
          series: lines.map((l, i) => ({
            name: l.name,
            type: "bar",
            itemStyle: { color: color(i) },
            barMaxWidth: 16,
            data: cases.map(l.of),
            label: {
              show: true,
              position: "right",
              fontSize: 12,
              color: cssColor("text"),
              formatter: (p) => (p.value === undefined ? "" : number(p.value)),
            },
          })),
        };
      },
    }),
  ];
}
