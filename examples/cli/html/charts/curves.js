// Hit rates over the size of the cache: `kvmark plan`, and sweeps of `kvmark simulate`.
"use strict";

const POINT_FIGURES = new Set([
  "capacity_blocks",
  "policy",
  "warmup_requests",
  "requests",
  "block_refs",
  "hit_blocks_prefix",
  "hit_blocks_any",
  "recomputed_blocks",
  "measured_tokens",
  "hit_tokens",
  "hit_token_ratio",
  "tiers",
  "simulation_s",
  "references_per_s",
  "virtual_s",
  "completed",
  "block_tokens",
  "block_bytes",
  "ttft",
  "queue",
  "load",
  "prefill",
  "inter_token",
]);

/** Of a simulated point: its policy, and what else the sweep varied. */
function seriesName(p) {
  const others = Object.entries(p)
    .filter(([key]) => !POINT_FIGURES.has(key))
    .map(([key, value]) => `${key} ${value}`);
  return [p.policy, ...others].join(", ");
}
function capacityText(p) {
  return Array.isArray(p.capacity_blocks)
    ? p.capacity_blocks.map(count).join(" + ")
    : count(p.capacity_blocks);
}
function capacity(p) {
  return Array.isArray(p.capacity_blocks) ? p.capacity_blocks.reduce((a, b) => a + b, 0) : p.capacity_blocks;
}

/** Lines over capacity: [{label, points}], points by rising capacity. */
function simulatedLines() {
  const sources = ofKind("curve", "sweep");
  const lines = [];
  for (const d of ofKind("sweep")) {
    const byName = new Map();
    for (const p of d.points) byName.set(seriesName(p), [...(byName.get(seriesName(p)) || []), p]);
    for (const [name, points] of byName)
      lines.push({
        label: labelled(d, name, ofKind("sweep")),
        points: points.sort((a, b) => capacity(a) - capacity(b)),
        hit: (p) => p.hit_token_ratio,
      });
  }
  for (const d of ofKind("curve"))
    lines.unshift({
      label: sources.length > 1 ? `${d.name}: lru of every size` : "lru of every size",
      points: d.points,
      hit: (p) => p.hit_ratio_tokens,
      plan: d,
    });
  return lines;
}

function capacityAxis(lines) {
  const all = lines.flatMap((l) => l.points.map(capacity)).filter((c) => c > 0);
  return below("blocks of capacity", {
    type: "log",
    min: Math.min(...all),
    max: Math.max(...all),
    axisTick: { customValues: ONE_TWO_FIVE },
    axisLabel: { customValues: ONE_TWO_FIVE, formatter: count },
  });
}

function overCapacity({ title, about, lines, yAxis, value, text, wide }) {
  const rows = lines.flatMap((l) =>
    l.points.map((p) => [
      l.label,
      capacityText(p),
      p.capacity_gib === undefined ? "-" : number(p.capacity_gib) + " GiB",
      text(value(l, p)),
    ]),
  );
  return figure({
    title,
    about,
    wide,
    head: ["", "blocks", "size", yAxis.said],
    rows,
    height: 380,
    chart: (width) => {
      const base = baseOption(
        lines.map((l) => l.label),
        width,
      );
      return {
        ...base,
        xAxis: capacityAxis(lines),
        yAxis: axis(yAxis),
        tooltip: {
          ...base.tooltip,
          trigger: "axis",
          formatter: (ps) => {
            const p = lines[ps[0].seriesIndex]?.points[ps[0].dataIndex];
            return tip(
              `${count(ps[0].value[0])} blocks${p?.capacity_gib === undefined ? "" : `, ${number(p.capacity_gib)} GiB`}`,
              ps,
              (each) => text(each.value[1]),
            );
          },
        },
        series: lines.map((l, i) => ({
          name: l.label,
          type: "line",
          data: l.points.filter((p) => capacity(p) > 0).map((p) => [capacity(p), value(l, p)]),
          symbol: l.plan ? "none" : "circle",
          symbolSize: 7,
          lineStyle: { color: color(i), width: l.plan ? 3 : 2, type: l.dash || "solid" },
          itemStyle: { color: color(i) },
          markPoint: l.plan ? ceilingMarks(l.plan, i) : undefined,
        })),
      };
    },
  });
}

/** Sizes that reach a share of what an unbounded cache hits. */
function ceilingMarks(plan, i) {
  const at = (blocks) => plan.points.find((p) => p.capacity_blocks === blocks)?.hit_ratio_tokens;
  return {
    symbol: "circle",
    symbolSize: 9,
    itemStyle: { color: color(i) },
    label: {
      position: "top",
      offset: [-16, 4],
      color: cssColor("text"),
      fontSize: 12,
      formatter: (p) => p.name,
    },
    data: plan.marks
      .filter((m) => [0.5, 0.8, 0.95].includes(m.share_of_ceiling) && at(m.capacity_blocks) !== undefined)
      .map((m) => ({
        name: percent(m.share_of_ceiling, 0),
        coord: [m.capacity_blocks, at(m.capacity_blocks)],
      })),
  };
}

function curves() {
  const lines = simulatedLines();
  if (lines.length === 0) return [];
  const plans = ofKind("curve");
  const timed = lines.filter((l) => l.points.every((p) => p.ttft?.latency_ms));
  return [
    overCapacity({
      title: "Hit rate over capacity",
      lines,
      wide: timed.length === 0,
      about:
        "Tokens of the longest cached prefix of each request, as a share of all prompt tokens." +
        (plans.length > 0 ? " Marks: 50, 80 and 95 % of what an unbounded cache hits." : ""),
      yAxis: { type: "value", min: 0, axisLabel: { formatter: (s) => percent(s, 0) }, said: "hit tokens" },
      value: (l, p) => l.hit(p),
      text: percent,
    }),
    ...(timed.length > 0
      ? [
          overCapacity({
            title: "Time to first token over capacity",
            lines: timed,
            about: "P95 of all requests, queueing included.",
            yAxis: { ...milliseconds, said: "TTFT P95" },
            value: (l, p) => p.ttft.latency_ms.p95,
            text: duration,
          }),
        ]
      : []),
    ...plans.filter((d) => d.plan).map(plannedStack),
  ];
}

function plannedStack(d) {
  const p = d.plan;
  const rows = p.tiers
    .filter((t) => t.offered)
    .map((t) => [
      t.tier,
      count(t.capacity_blocks),
      number(t.capacity_gib) + " GiB",
      number(t.price),
      count(t.loaded_blocks),
    ]);
  return element(
    "div",
    { class: "card wide" },
    element("h3", {}, labelled(d, "Cheapest stack", ofKind("curve"))),
    element(
      "p",
      { class: "about" },
      `Target: P${p.ttft_percentile} of the time to first token at most ${duration(p.ttft_target_ms)}, queueing left out. `,
      element(
        "span",
        { class: p.meets_target ? "pass" : "fail" },
        p.meets_target ? "✓ met" : "✗ no stack meets it",
      ),
      ` with ${duration(p.ttft_ms)} at a price of ${number(p.price)}.`,
    ),
    table("Cheapest stack", ["tier", "blocks", "size", "price", "blocks loaded"], rows),
  );
}
