// The documents of the page, and what those of runs say.
"use strict";

const page = JSON.parse(document.getElementById("data").textContent);

/** Names that tell the documents apart: the file's, with as much of its path as that takes. */
function nameDocuments(documents) {
  const parts = documents.map((d) =>
    d.file
      .replace(/\.json$/, "")
      .split("/")
      .filter((p) => p !== ""),
  );
  documents.forEach((d, i) => {
    let taken = 1;
    const name = (n, of) => parts[of].slice(-n).join("/");
    while (taken < parts[i].length && parts.some((_, j) => j !== i && name(taken, j) === name(taken, i)))
      ++taken;
    d.name = name(taken, i);
  });
}
nameDocuments(page.documents);

/** Where the documents are the trials of a comparison: those of A first, then those of B. */
const trialsOfA = page.comparison?.a.files.length;
if (page.comparison && page.documents.length === trialsOfA + page.comparison.b.files.length)
  page.documents.forEach((d, i) => {
    d.side = i < trialsOfA ? "A" : "B";
    d.name = `${d.side} ${d.name}`;
  });

function ofKind(...kinds) {
  return page.documents.filter((d) => kinds.includes(d.kind));
}
/** Results of a measured or simulated window. */
const runs = ofKind("run", "serving");
/** Those of kvmark; the reference's have no more than a summary. */
const ownRuns = runs.filter((d) => d.kvmark);

/** Tiers that are used, in stack order, with a name of their own: `storage-modelled` where several are `modelled`. */
function tiers(d) {
  const used = (d.kvmark?.tiers || []).filter((t) => t.limit_bytes !== 0);
  const same = (name) => used.filter((t) => t.name === name).length;
  return used.map((t) => ({ ...t, label: same(t.name) > 1 ? `${t.role}-${t.name}` : t.name }));
}
function storageTier(d) {
  return tiers(d).find((t) => t.role === "storage");
}

/** Each direction of each tier that moved a whole entry: {label, tier, operation, figures}. */
function operations(d) {
  return tiers(d).flatMap((tier) =>
    ["read", "write"]
      .filter((o) => tier[o].operations > 0)
      .map((operation) => ({
        label: `${tier.label} ${operation}`,
        tier,
        operation,
        figures: tier[operation],
      })),
  );
}

/** `text`, with the document in front where there are several. */
function labelled(d, text, among = ownRuns) {
  return among.length > 1 ? `${d.name}: ${text}` : text;
}

/**
 * Figures that overlay what is measured: with one run one figure with all `measures`, with several one figure for each
 * measure with a line for each run. `measures(d)`: [{label, ...}]; `make(title, lines)`, lines: [{label, run, of}].
 */
function overlays(title, measures, make) {
  if (ownRuns.length === 1) {
    const lines = measures(ownRuns[0]).map((of) => ({ label: of.label, run: ownRuns[0], of }));
    return lines.length > 0 ? [make(title, lines)] : [];
  }
  const byLabel = new Map();
  for (const run of ownRuns)
    for (const of of measures(run))
      byLabel.set(of.label, [...(byLabel.get(of.label) || []), { label: run.name, run, of }]);
  return [...byLabel].map(([label, lines]) => make(`${title.replace(/ by .*/, "")}: ${label}`, lines));
}

/** Color and dash of line `i`: with one run by tier and direction where it has them, else by its side or place. */
function lineLook({ of, run }, i) {
  if (run.side) return { color: color(run.side === "A" ? 0 : 1), type: "solid" };
  if (ownRuns.length === 1 && of.tier)
    return { color: roleColor(of.tier.role), type: of.operation === "write" ? "dashed" : "solid" };
  return { color: color(i), type: of.dash && ownRuns.length === 1 ? of.dash : "solid" };
}
