// What came from which tier, and what was not there.
"use strict";

const MISSED = "missed",
  RECOMPUTED = "recomputed";

/** Blocks or entries by where they came from: {label, unit, from: Map of name -> {count, role}}. */
function hitRows() {
  const rows = [];
  const of = (label, counts, tierOf) => {
    const from = new Map(counts.tiers.map((t) => [t.name, { count: t.hit_blocks, role: tierOf(t.name) }]));
    if (counts.recomputed_blocks > 0) from.set(RECOMPUTED, { count: counts.recomputed_blocks });
    from.set(MISSED, { count: counts.block_refs - counts.hit_blocks_prefix - counts.recomputed_blocks });
    return { label, unit: "blocks", from };
  };
  const simulated = (name) => ({ gpu: "gpu", host: "cpu", storage: "storage" })[name] || name.split("-")[0];
  for (const d of page.documents) {
    if (d.kvmark?.serving) {
      rows.push(of(d.name, d.kvmark.serving, (name) => tiers(d).find((t) => t.label === name)?.role));
    } else if (d.kvmark && d.kvmark.cache.hits + d.kvmark.cache.misses > 0) {
      const from = new Map(tiers(d).map((t) => [t.label, { count: t.read.operations, role: t.role }]));
      from.set(MISSED, { count: d.kvmark.cache.misses });
      rows.push({ label: d.name, unit: "entries", from });
    } else if (d.kind === "simulation") {
      rows.push(of(d.name, d, simulated));
    } else if (d.kind === "sweep" && d.points.some((p) => p.tiers.length > 1) && d.points.length <= 40) {
      for (const p of d.points) rows.push(of(`${seriesName(p)} ${capacityText(p)}`, p, simulated));
    }
  }
  return rows.filter((row) => [...row.from.values()].some((f) => f.count > 0));
}

function hits() {
  const rows = hitRows();
  if (rows.length === 0) return [];
  const names = [...new Set(rows.flatMap((row) => [...row.from.keys()]))].sort(
    (a, b) => [RECOMPUTED, MISSED].indexOf(a) - [RECOMPUTED, MISSED].indexOf(b),
  );
  const roleOf = (name) => rows.map((row) => row.from.get(name)?.role).find((role) => role);
  const all = (row) => [...row.from.values()].reduce((sum, f) => sum + f.count, 0);
  const look = (name) =>
    name === MISSED ? noneColor() : name === RECOMPUTED ? color(4) : roleColor(roleOf(name));
  const cell = (row, name) => row.from.get(name)?.count || 0;
  return [
    figure({
      title: "Hits by tier",
      about: rows.some((row) => row.unit === "entries")
        ? "Entries that were read, by the tier they were in, and lookups that found nothing."
        : "Blocks of all prompts: loaded from which tier, cached but quicker to compute, or not cached as part of a prefix.",
      head: ["", ...names, "together"],
      rows: rows.map((row) => [
        row.label,
        ...names.map((n) => `${count(cell(row, n))} (${percent(ratio(cell(row, n), all(row)))})`),
        count(all(row)),
      ]),
      wide: rows.length > 8,
      height: (width) => 110 + 24 * legendLines(names, width) + rows.length * (rows.length > 8 ? 26 : 44),
      chart: (width) => {
        const base = baseOption(names, width);
        return {
          ...base,
          ...shareAxes("share", rows, { width: width * 0.36, lineHeight: 14, overflow: "break" }),
          tooltip: {
            ...base.tooltip,
            trigger: "axis",
            axisPointer: { ...base.tooltip.axisPointer, type: "shadow" },
            formatter: (ps) =>
              tip(
                ps[0].name,
                ps,
                (p) =>
                  `${count(cell(rows[p.dataIndex], p.seriesName))} ${rows[p.dataIndex].unit}, ${percent(p.value)}`,
              ),
          },
          series: names.map((name) => ({
            name,
            type: "bar",
            stack: "all",
            barMaxWidth: 26,
            itemStyle: { color: look(name), borderColor: cssColor("card"), borderWidth: 1 },
            data: rows.map((row) => ratio(cell(row, name), all(row)) || 0),
            label: {
              show: true,
              fontSize: 12,
              fontWeight: 600,
              color: onColor(),
              formatter: (p) => (p.value * width > 75 ? percent(p.value, 0) : ""),
            },
          })),
        };
      },
    }),
    ...lookups(),
  ];
}

const KINDS = [
  ["turn", "earlier turns"],
  ["system_prompt", "system prompts"],
  ["chunk", "documents"],
];

/** Lookups that a run of turn entries made, by what they were for. */
function lookups() {
  const rows = ownRuns
    .filter((d) => !d.kvmark.serving)
    .flatMap((d) =>
      KINDS.map(([key, label]) => {
        const c = d.kvmark.cache,
          hit = c[key + "_hits"],
          missed = c[key + "_misses"];
        return hit + missed > 0
          ? [
              labelled(d, label),
              count(hit + missed),
              count(hit),
              count(missed),
              percent(hit / (hit + missed)),
            ]
          : null;
      }),
    )
    .filter((row) => row);
  if (rows.length === 0) return [];
  return [
    element(
      "div",
      { class: "card" },
      element("h3", {}, "Lookups by kind"),
      element("p", { class: "about" }, "What requests looked for beside their own new entry."),
      table("Lookups by kind", ["", "lookups", "hits", "misses", "hit rate"], rows),
    ),
  ];
}
