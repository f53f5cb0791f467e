// The figures that one looks for first.
"use strict";

/** [name, value, unit, more] of a run; null where it has none. */
function runHeadline(d) {
  const storage = storageTier(d),
    serving = d.kvmark?.serving,
    s = d.summary || {},
    stats = s.cache_stats || {};
  const latency = (x) => x?.latency_ms;
  const all = [];
  const add = (name, [value, unit], more) => all.push({ name, value, unit, more });
  const gib = (x) => [number(x), "GiB/s"];
  if (storage) {
    const of = (o) => `${number(o.bytes / GIB)} GiB in ${count(o.operations)} entries`;
    add("Storage read", gib(storage.read.gib_per_s), of(storage.read));
    add("Storage write", gib(storage.write.gib_per_s), of(storage.write));
    const l = latency(storage.read.total),
      device = latency(storage.read.device);
    if (storage.read.operations > 0)
      add(
        "Storage read P99",
        durationParts(l?.p99),
        `of an entry; P50 ${duration(l?.p50)}, device P99 ${duration(device?.p99)}`,
      );
  } else if (stats.tier_storage_read_bandwidth_gbps !== undefined) {
    add(
      "Storage read",
      gib(stats.tier_storage_read_bandwidth_gbps),
      `${number(stats.tier_storage_kv_bytes_read_gb)} GiB`,
    );
    add(
      "Storage write",
      gib(stats.tier_storage_write_bandwidth_gbps),
      `${number(stats.tier_storage_kv_bytes_written_gb)} GiB`,
    );
    add(
      "Storage read P99",
      durationParts(stats.storage_read_p99_ms),
      `P50 ${duration(stats.storage_read_p50_ms)}`,
    );
  }
  if (serving) {
    add(
      "Hit tokens",
      [percent(serving.hit_token_ratio).replace(" %", ""), "%"],
      `of ${count(serving.measured_tokens)} prompt tokens`,
    );
    add(
      "Time to first token P95",
      durationParts(latency(serving.ttft)?.p95),
      `P50 ${duration(latency(serving.ttft)?.p50)}`,
    );
  } else {
    const lookups = (stats.cache_hits || 0) + (stats.cache_misses || 0);
    add(
      "Hit rate",
      lookups > 0 ? [(100 * stats.cache_hit_rate).toFixed(1), "%"] : ["-", ""],
      `of ${count(lookups)} lookups`,
    );
    const e = s.end_to_end_latency_ms;
    add("Request latency P95", durationParts(e?.p95), `arrival to answer; P50 ${duration(e?.p50)}`);
  }
  add(
    "Requests",
    [number(s.requests_per_second), "/s"],
    `${count(s.total_requests)} in ${number(s.elapsed_time)} s` +
      (s.avg_throughput_tokens_per_sec > 0 ? `; ${number(s.avg_throughput_tokens_per_sec)} tokens/s` : ""),
  );
  return all;
}

function curveHeadline(d) {
  const ninety = d.marks.find((m) => m.share_of_ceiling === 0.9);
  const hits = (p) => percent(p.hit_ratio_tokens).replace(" %", "");
  return [
    {
      name: "Hit tokens, unbounded",
      value: hits(d.ceiling),
      unit: "%",
      more: `of ${count(d.measured_tokens)} prompt tokens`,
    },
    {
      name: "Size that hits all of it",
      value: number(d.ceiling.capacity_gib),
      unit: "GiB",
      more: `${count(d.ceiling.capacity_blocks)} blocks`,
    },
    ...(ninety
      ? [
          {
            name: "Size for 90 % of it",
            value: number(ninety.capacity_gib),
            unit: "GiB",
            more: `${count(ninety.capacity_blocks)} blocks`,
          },
        ]
      : []),
  ];
}

function simulationHeadline(d) {
  const all = [
    {
      name: "Hit tokens",
      value: percent(d.hit_token_ratio).replace(" %", ""),
      unit: "%",
      more: `of ${count(d.measured_tokens)} prompt tokens`,
    },
    { name: "Hit blocks", value: count(d.hit_blocks_prefix), unit: "", more: `of ${count(d.block_refs)}` },
  ];
  if (d.ttft) {
    const [value, unit] = durationParts(d.ttft.latency_ms.p95);
    all.push({
      name: "Time to first token P95",
      value,
      unit,
      more: `P50 ${duration(d.ttft.latency_ms.p50)}`,
    });
  }
  return all;
}

function sweepHeadline(d) {
  const online = d.points.filter((p) => !p.policy.startsWith("belady"));
  const best = [...(online.length > 0 ? online : d.points)].sort(
    (a, b) => b.hit_token_ratio - a.hit_token_ratio,
  )[0];
  return best
    ? [
        {
          name: "Most hit tokens",
          value: percent(best.hit_token_ratio).replace(" %", ""),
          unit: "%",
          more: `${best.policy}, ${capacityText(best)} blocks; of ${d.points.length} simulated`,
        },
      ]
    : [];
}

function searchHeadline(d) {
  const s = d.search,
    unit = LOAD_UNITS[s.load] || "";
  if (s.plateau !== null) {
    const { mean, unit: of } = inGib({ unit: s.plateau_unit, mean: s.plateau });
    return [{ name: "Plateau", value: number(mean), unit: of, more: s.answer }];
  }
  if (s.keeps === null) return [];
  const beyond = s.fails === null ? "" : `${number(s.fails)} ${unit} do not; `;
  return [
    {
      name: "Keeps the target up to",
      value: number(s.keeps),
      unit,
      more: `${beyond}confidence ${percent(s.confidence, 0)}`,
    },
  ];
}

const HEADLINES = {
  search: searchHeadline,
  run: runHeadline,
  serving: runHeadline,
  curve: curveHeadline,
  simulation: simulationHeadline,
  sweep: sweepHeadline,
};

function verdict(d) {
  const health = d.summary?.cache_stats?.storage_health;
  if (!health || health.total_count === 0) return null;
  const passed = health.overall_status === "PASS";
  return element(
    "span",
    { class: passed ? "pass" : "fail" },
    `${passed ? "✓" : "✗"} ${health.overall_status}, ${health.passed_count} of ${health.total_count} criteria`,
  );
}

/** Tiles for each document; several runs are a table side by side. */
function headline() {
  const parts = [];
  for (const d of page.documents) {
    const make = HEADLINES[d.kind];
    if (!make || (runs.length > 1 && runs.includes(d))) continue;
    const tiles = make(d);
    if (tiles.length === 0) continue;
    if (page.documents.length > 1) parts.push(element("h3", {}, d.name));
    parts.push(
      element(
        "dl",
        { class: "tiles" },
        ...tiles.map((t) =>
          element(
            "div",
            { class: "tile" },
            element("dt", {}, t.name),
            element("dd", { class: "value" }, t.value, element("span", { class: "unit" }, t.unit)),
            element("dd", { class: "more" }, t.more),
          ),
        ),
      ),
    );
    if (verdict(d)) parts.push(element("p", {}, "Storage: ", verdict(d)));
  }
  if (runs.length > 1) {
    const columns = runs.map(runHeadline);
    const names = [...new Set(columns.flat().map((t) => t.name))];
    const rows = names.map((name) => [
      name,
      ...columns.map((c) => {
        const t = c.find((each) => each.name === name);
        return t ? `${t.value} ${t.unit}`.trim() : "-";
      }),
    ]);
    rows.push(["Storage", ...runs.map((d) => verdict(d) || "-")]);
    parts.unshift(
      element(
        "div",
        { class: "card" },
        table("Headline figures of each run", ["", ...runs.map((d) => d.name)], rows),
      ),
    );
  }
  const warnings = page.documents.flatMap((d) =>
    (d.kvmark?.warnings || d.warnings || []).map((w) => labelled(d, w, page.documents)),
  );
  if (warnings.length > 0)
    parts.push(
      element(
        "div",
        { class: "notice", role: "note" },
        element("strong", {}, warnings.length > 1 ? "Warnings" : "Warning"),
        element("ul", {}, ...warnings.map((w) => element("li", {}, w))),
      ),
    );
  return parts;
}
