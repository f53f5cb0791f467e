// Values as people read them, with their units.
"use strict";

/** Three significant digits, with groups of thousands; "-" for what does not exist. */
function number(x) {
  if (x === null || x === undefined || Number.isNaN(x)) return "-";
  if (x === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(x))));
  return x.toLocaleString("en-US", {
    minimumFractionDigits: Number.isInteger(x) ? 0 : Math.min(digits, 6),
    maximumFractionDigits: Math.min(digits, 6),
  });
}

/** A whole number with groups of thousands. */
function count(x) {
  return x === null || x === undefined ? "-" : Math.round(x).toLocaleString("en-US");
}

/** Milliseconds in the unit that suits them: [text, unit]. */
function durationParts(ms) {
  if (ms === null || ms === undefined) return ["-", ""];
  if (ms === 0) return ["0", "ms"];
  if (ms < 0.001) return [number(ms * 1e6), "ns"];
  if (ms < 1) return [number(ms * 1e3), "us"];
  if (ms < 1000) return [number(ms), "ms"];
  return [number(ms / 1000), "s"];
}
function duration(ms) {
  return durationParts(ms).join(" ").trim();
}

/** A share of 0..1. */
function percent(share, digits = 1) {
  return share === null || share === undefined ? "-" : (100 * share).toFixed(digits) + " %";
}

const GIB = 2 ** 30;

/** Bytes in the largest binary unit. */
function size(bytes) {
  if (bytes === null || bytes === undefined) return "-";
  for (const [unit, name] of [
    [2 ** 40, "TiB"],
    [GIB, "GiB"],
    [2 ** 20, "MiB"],
    [1024, "KiB"],
  ])
    if (bytes >= unit) return number(bytes / unit) + " " + name;
  return bytes + " B";
}

function rate(gibPerSecond) {
  return gibPerSecond === null || gibPerSecond === undefined ? "-" : number(gibPerSecond) + " GiB/s";
}

/** a / b, or null where b is nothing. */
function ratio(a, b) {
  return b > 0 ? a / b : null;
}
