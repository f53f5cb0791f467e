// What was run, and where.
"use strict";

function facts(pairs) {
  return element(
    "dl",
    { class: "facts" },
    ...pairs
      .filter(([, value]) => value !== null && value !== undefined && value !== "")
      .flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]),
  );
}

/** A word as the shell takes it. */
function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : "'" + word.replace(/'/g, "'\\''") + "'";
}

function commandOf(argv) {
  return element(
    "details",
    {},
    element("summary", {}, "Command"),
    element("pre", {}, argv.map(quoted).join(" ")),
  );
}

function optionText(value) {
  return value !== null && typeof value === "object" ? JSON.stringify(value) : String(value);
}

function runDetails(d) {
  const k = d.kvmark,
    h = k.host,
    disk = h.block_device;
  const device =
    k.device &&
    `${k.device.name}: ${percent(k.device.read_share)} of the read bytes asked of storage, ${percent(k.device.write_share)} of the written` +
      (k.device.page_cache_suspected ? "; the page cache served the rest" : "");
  return element(
    "div",
    { class: "card wide" },
    element("h3", {}, d.name),
    facts([
      ["File", d.file],
      ["Started", `${k.started}, kvmark ${k.version}`],
      ["Clock", k.virtual_time ? "virtual: a simulation" : null],
      [
        "Machine",
        [
          h.hostname,
          h.cpu_model,
          h.logical_cpus && `${h.logical_cpus} CPUs`,
          size(h.memory_bytes),
          h.virtualization,
        ]
          .filter((x) => x)
          .join(", "),
      ],
      ["System", [h.os, h.kernel].filter((x) => x).join(", ")],
      [
        "Storage",
        [
          h.file_system && `${h.file_system} on ${h.mount_point}`,
          disk && `${disk.name}${disk.model ? " " + disk.model : ""}, ${size(disk.size_bytes)}`,
        ]
          .filter((x) => x)
          .join(", "),
      ],
      ["Device", device],
      ...(k.gpus || []).map((g) => [
        `GPU ${g.index}` + (g.host ? ` of ${g.host}` : ""),
        [
          g.name,
          g.memory_bytes && size(g.memory_bytes),
          g.pcie_generation && `PCIe ${g.pcie_generation}.0 x${g.pcie_width}`,
          g.driver_version && `driver ${g.driver_version}`,
          g.cuda_version && `CUDA ${g.cuda_version}`,
        ]
          .filter((x) => x)
          .join(", "),
      ]),
      [
        "Processor",
        k.process &&
          `${number(k.process.cores_used)} cores used, ${number(k.process.cpu_s_per_gib)} s per GiB moved`,
      ],
      [
        "Integrity",
        k.integrity.clean
          ? "every read was what had been written"
          : `${count(k.integrity.corrupt_sectors)} corrupt sectors, ${count(k.integrity.failed_operations)} failed operations`,
      ],
    ]),
    commandOf(k.argv),
    element(
      "details",
      {},
      element("summary", {}, "Options in effect"),
      table(
        `Options of ${d.name}`,
        ["option", "value"],
        Object.entries(k.options).map(([name, value]) => [name, optionText(value)]),
        [1],
      ),
    ),
  );
}

function otherDetails(d) {
  const plain = Object.entries({ ...d, ...d.search }).filter(
    ([key, value]) =>
      !["name", "kind", "file", "side"].includes(key) && (value === null || typeof value !== "object"),
  );
  return element(
    "div",
    { class: "card wide" },
    element("h3", {}, d.name),
    facts([
      ["File", d.file],
      ...plain.map(([key, value]) => [key, typeof value === "number" ? number(value) : String(value)]),
    ]),
    d.search && commandOf(d.search.argv),
  );
}

/** `kvmark mlperf`: each option, over its trials. */
function mlperfSummaries() {
  return ofKind("mlperf").map((d) => {
    const options = Object.entries(d.options);
    const keys = [
      ...new Set(
        options.flatMap(([, o]) =>
          Object.keys(o).filter((key) => o[key] === null || typeof o[key] !== "object"),
        ),
      ),
    ];
    const text = (v) => (typeof v === "number" ? number(v) : v === undefined || v === null ? "-" : String(v));
    return element(
      "div",
      { class: "card wide" },
      element("h3", {}, `MLPerf sequence ${d.name}`),
      element("p", { class: "about" }, "By option; trials are averaged as the benchmark's rules say."),
      table(
        `MLPerf sequence ${d.name}`,
        ["", ...options.map(([name]) => `option ${name}`)],
        keys.map((key) => [key, ...options.map(([, o]) => text(o[key]))]),
      ),
    );
  });
}

function details() {
  return page.documents.map((d) => (d.kvmark ? runDetails(d) : otherDetails(d)));
}
