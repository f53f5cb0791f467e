// Throughput, latency and load over the measured window. Columns of the timeline are lists of equal length.
"use strict";

/** GiB/s of each interval: bytes since the sample before. */
function rates(timeline, key) {
  return timeline.at_s.map((at, i) => timeline[key][i] / GIB / (at - (i > 0 ? timeline.at_s[i - 1] : 0)));
}

/** What there is over time: {label, group, unit, values}. */
function throughputOverTime(d) {
  const t = d.kvmark.timeline;
  if (t.at_s.length < 2) return [];
  const role = (operation) => ({ tier: { role: operation === "read" ? "storage" : "cpu" } });
  return [
    { label: "storage read", values: rates(t, "storage_read_bytes"), ...role("read") },
    { label: "storage write", values: rates(t, "storage_write_bytes"), ...role("write") },
  ];
}
function latencyOverTime(d) {
  const t = d.kvmark.timeline;
  const all = [];
  const add = (key, label, percentile, role, operation) => {
    if (t[key] && t[key][percentile].some((v) => v !== null))
      all.push({
        label: `${label} ${percentile.toUpperCase()}`,
        values: t[key][percentile],
        tier: { role },
        operation,
      });
  };
  for (const [percentile, dash] of [
    ["p50", "write"],
    ["p99", "read"],
  ]) {
    add("storage_read_ms", "storage read", percentile, "storage", dash);
    add("storage_write_ms", "storage write", percentile, "cpu", dash);
    add("end_to_end_ms", "request", percentile, "gpu", dash);
    add("ttft_ms", "first token", percentile, "peer", dash);
  }
  return t.at_s.length < 2 ? [] : all;
}
function tokensOverTime(d) {
  const t = d.kvmark.timeline;
  return t.at_s.length < 2 || !t.tokens_per_s.some((v) => v > 0)
    ? []
    : [{ label: "tokens", values: t.tokens_per_s }];
}
function usersOverTime(d) {
  const t = d.kvmark.timeline;
  return t.at_s.length < 2 || t.users.every((u) => u === t.users[0])
    ? []
    : [{ label: "users", values: t.users, step: "end" }];
}

function overTime(title, about, measures, unit, text, yAxis, area) {
  return overlays(title, measures, (name, lines) => {
    const times = [...new Set(lines.flatMap((l) => l.run.kvmark.timeline.at_s))].sort((a, b) => a - b);
    const short = lines.length > 1 && lines.some((l) => l.run !== lines[0].run);
    const cell = (l, at) => text(l.of.values[l.run.kvmark.timeline.at_s.indexOf(at)]);
    return figure({
      title: name,
      about,
      head: ["at", ...lines.map((l) => l.label)],
      rows: times.map((at) => [number(at) + " s", ...lines.map((l) => cell(l, at))]),
      chart: (width) => ({
        ...baseOption(
          lines.map((l) => l.label),
          width,
          unit,
        ),
        xAxis: below("seconds since the window opened", {
          type: "value",
          min: 0,
          max: "dataMax",
          axisLabel: { formatter: (s) => String(Math.round(s * 100) / 100) },
        }),
        yAxis: axis(yAxis),
        tooltip: {
          ...baseOption([], width).tooltip,
          trigger: "axis",
          formatter: (ps) =>
            tip(`at ${number(ps[0].value[0])} s`, ps, (p) => (p.value[1] === null ? null : text(p.value[1]))),
        },
        series: lines.map((l, i) => {
          const look = lineLook(l, i);
          return {
            name: l.label,
            type: "line",
            step: l.of.step,
            showSymbol: times.length <= 40,
            symbolSize: 5,
            connectNulls: false,
            data: l.run.kvmark.timeline.at_s.map((at, k) => [
              at,
              yAxis.type === "log" && l.of.values[k] === 0 ? null : l.of.values[k],
            ]),
            lineStyle: { color: look.color, type: look.type, width: 2 },
            itemStyle: { color: look.color },
            areaStyle: area && !short ? { color: look.color, opacity: 0.12 } : undefined,
          };
        }),
      }),
    });
  });
}

function timeline() {
  const plain = { type: "value", min: 0, axisLabel: { formatter: tick } };
  return [
    ...overTime(
      "Throughput over time",
      "Bytes that storage moved in each interval.",
      throughputOverTime,
      "GiB/s",
      rate,
      plain,
      true,
    ),
    ...overTime(
      "Latency over time",
      "Whole entries of the storage tier, and requests from arrival to answer, that were done in each interval.",
      latencyOverTime,
      "",
      duration,
      milliseconds,
      false,
    ),
    ...overTime(
      "Tokens over time",
      "Tokens generated per second.",
      tokensOverTime,
      "tokens/s",
      (v) => number(v) + " tokens/s",
      plain,
      true,
    ),
    ...overTime(
      "Users over time",
      "Load at the end of each interval.",
      usersOverTime,
      "users",
      (v) => count(v) + " users",
      plain,
      false,
    ),
  ];
}
