// Ranks of a job on their hosts, as heat: an even job has one color.
"use strict";

const HEATS = [
  {
    title: "Storage read by host and rank",
    unit: "GiB/s",
    text: rate,
    of: (r, tier) => moved(r, tier, "read_gib_per_s"),
  },
  {
    title: "Storage write by host and rank",
    unit: "GiB/s",
    text: rate,
    of: (r, tier) => moved(r, tier, "write_gib_per_s"),
  },
  {
    title: "Storage P95 by host and rank",
    unit: "",
    text: duration,
    of: (r) => r.storage_io_p95_ms,
    about: "P95 of the storage time of each rank's requests.",
  },
];
/** What a rank moved on its tier number `tier`. */
function moved(rank, tier, key) {
  return rank.tiers?.[tier]?.[key] ?? null;
}

function heatFigure(d, { title, unit, text, of, about }) {
  const ranks = d.kvmark.job.ranks;
  // Tiers of a rank are in the order of the stack, as those of the job; storage is the last of it.
  const storage = d.kvmark.tiers.findLastIndex((t) => t.role === "storage");
  const hosts = [...new Set(ranks.map((r) => r.host))];
  const next = new Map();
  const cells = ranks.map((r) => {
    const place = next.get(r.host) || 0;
    next.set(r.host, place + 1);
    return { rank: r, x: place, y: hosts.indexOf(r.host), value: r.complete ? of(r, storage) : null };
  });
  const values = cells.map((c) => c.value).filter((v) => v !== null && v !== undefined);
  if (values.length === 0) return null;
  const columns = Math.max(...next.values());
  const low = Math.min(...values),
    high = Math.max(...values);
  // A color scale over less than a tenth of the value would show noise.
  const bottom = Math.min(low, high * 0.9);
  const said = (c) => (c.rank.complete ? text(c.value) : "failed");
  return figure({
    title: labelled(d, title),
    about: about || "Each cell is a rank, over its own window. Beside each other: the ranks of a host.",
    head: ["rank", "host", unit, "requests", "state"],
    text: [1, 4],
    rows: cells.map((c) => [
      String(c.rank.rank),
      c.rank.host,
      said(c),
      count(c.rank.requests),
      c.rank.failure || (c.rank.complete ? "complete" : "failed"),
    ]),
    height: 150 + Math.min(900, hosts.length * Math.max(18, 46 - hosts.length)),
    chart: (width) => {
      const base = baseOption([], width);
      const fits = (width - 90) / columns > 46 && hosts.length <= 24;
      return {
        ...base,
        grid: { left: 4, right: 18, top: 12, bottom: 78, containLabel: true },
        xAxis: below("rank of the host", {
          type: "category",
          data: [...Array(columns).keys()].map(String),
          splitArea: { show: false },
          axisTick: { show: false },
        }),
        yAxis: axis({
          type: "category",
          data: hosts,
          inverse: true,
          axisTick: { show: false },
          axisLabel: { width: width * 0.25, overflow: "truncate" },
        }),
        visualMap: {
          min: bottom,
          max: high,
          orient: "horizontal",
          left: "center",
          bottom: 0,
          itemHeight: Math.min(220, width - 180),
          itemWidth: 12,
          calculable: false,
          text: [text(high), text(bottom)],
          textStyle: { color: cssColor("soft"), fontSize: 12 },
          inRange: { color: [cssColor("heat-low"), cssColor("heat-high")] },
        },
        tooltip: {
          ...base.tooltip,
          formatter: (p) => {
            const c = cells[p.dataIndex];
            return `rank ${c.rank.rank} on ${escaped(c.rank.host)}<br><b>${escaped(said(c))}</b>`;
          },
        },
        series: [
          {
            name: title,
            type: "heatmap",
            data: cells.map((c) => {
              const dark = (c.value - bottom) / (high - bottom) > 0.5;
              const failed = !c.rank.complete || c.value === null;
              return {
                value: [c.x, c.y, failed ? bottom : c.value],
                visualMap: !failed,
                itemStyle: {
                  borderColor: cssColor("card"),
                  borderWidth: 2,
                  ...(failed ? { color: cssColor("none") } : {}),
                },
                label: { color: failed ? "#ffffff" : dark === (scheme === "light") ? "#ffffff" : "#10161d" },
              };
            }),
            label: {
              show: fits,
              fontSize: 12,
              lineHeight: 16,
              formatter: (p) => `rank ${cells[p.dataIndex].rank.rank}\n${said(cells[p.dataIndex])}`,
            },
          },
        ],
      };
    },
  });
}

function hostsAndRanks() {
  const all = [];
  for (const d of ownRuns.filter((each) => each.kvmark.job)) {
    const job = d.kvmark.job;
    all.push(...HEATS.map((heat) => heatFigure(d, heat)).filter((f) => f));
    const names = [...new Set(job.hosts.flatMap((h) => (h.tiers || []).map((t) => t.name)))];
    const of = (h, name, key) => rate((h.tiers || []).find((t) => t.name === name)?.[key]);
    const rows = job.hosts.map((h) => [
      h.host,
      `${h.complete_ranks} of ${h.ranks.length}`,
      ...names.flatMap((n) => [of(h, n, "read_gib_per_s"), of(h, n, "write_gib_per_s")]),
      `${number(h.cores_used)} of ${count(h.logical_cpus)}`,
    ]);
    all.push(
      element(
        "div",
        { class: "card" },
        element("h3", {}, labelled(d, "Hosts")),
        element(
          "p",
          { class: "about" },
          job.slowest_host
            ? `Slowest: ${job.slowest_host.host}, ${percent(job.slowest_host.share_of_mean, 0)} of the mean.`
            : job.slowest_rank
              ? `Slowest: rank ${job.slowest_rank.rank}, ${percent(job.slowest_rank.share_of_mean, 0)} of the mean bandwidth.`
              : "",
        ),
        table(
          "Hosts",
          ["host", "complete ranks", ...names.flatMap((n) => [`${n} read`, `${n} write`]), "cores used"],
          rows,
        ),
      ),
    );
  }
  return all;
}
