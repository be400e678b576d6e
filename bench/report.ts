import { mark, ratioToBest } from "./goals.ts";
import { MEASURES, type Measure, type Results, type Row } from "./results.ts";
import { median, spread } from "./statistics.ts";

type Cells = readonly string[];

const HEAD: Cells = [
  "",
  "download MB/s",
  "to the best",
  "CPU s/GB",
  "streams/s",
  "to the best",
  "p50 / p95 / p99 ms",
  "CPU ms/stream",
  "memory MB",
];

function figure(row: Row, measure: Measure): string {
  const { median: middle, low, high } = spread(measure.of(row));
  return `${middle.toFixed(measure.digits)} (${low.toFixed(measure.digits)}–${high.toFixed(measure.digits)})`;
}

function middle(row: Row, measure: Measure): string {
  return median(measure.of(row)).toFixed(measure.digits);
}

function toBest(rows: readonly Row[], row: Row, measure: Measure): string {
  const found = row.hops === 0 ? undefined : ratioToBest(rows, row, measure);
  return found === undefined ? "" : `${found.toFixed(2)} ×`;
}

function latencies(row: Row): string {
  const of = (key: "p50Ms" | "p95Ms" | "p99Ms"): string => median(row.streams.map((run) => run[key])).toFixed(1);
  return `${of("p50Ms")} / ${of("p95Ms")} / ${of("p99Ms")}`;
}

function cells(rows: readonly Row[], row: Row): Cells {
  const isProxied = row.hops > 0;
  return [
    `${row.name}${mark(row)}`,
    figure(row, MEASURES.download),
    toBest(rows, row, MEASURES.download),
    isProxied ? middle(row, MEASURES.cpu) : "",
    figure(row, MEASURES.streams),
    toBest(rows, row, MEASURES.streams),
    latencies(row),
    isProxied ? middle(row, MEASURES.streamCpu) : "",
    isProxied ? middle(row, MEASURES.resident) : "",
  ];
}

function table(lines: readonly Cells[], rule: string): string {
  const [head = [], ...rest] = lines;
  return [head, head.map((_, column) => (column === 0 ? "---" : rule)), ...rest]
    .map((line) => `| ${line.join(" | ")} |`)
    .join("\n");
}

function aligned(lines: readonly Cells[], isWords: boolean): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const pad = (text: string, column: number): string =>
    column === 0 || isWords ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return lines.map((line) => line.map(pad).join("  ").trimEnd()).join("\n");
}

function rowsByHops({ rows }: Results): readonly Row[] {
  return rows.toSorted((a, b) => a.hops - b.hops);
}

function goalLines({ goals }: Results, missed: string): readonly Cells[] {
  const verdict = (met: boolean | undefined): string => (met === undefined ? "–" : met ? "met" : missed);
  return [
    ["goal", "what", "wanted", "this run", ""],
    ...goals.map(({ id, what, wanted, got, met }) => [id, what, wanted, got, verdict(met)]),
  ];
}

function measureLines(results: Results): readonly Cells[] {
  return [HEAD, ...rowsByHops(results).map((row) => cells(results.rows, row))];
}

function circumstances({ date, commit, quick, load, rounds, secondsPerRun, width, machine }: Results): string {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const loads = load === "compiled" ? "source and load compiled" : "source and load in Node, for want of a compiler";
  return [
    `${date}, commit ${commit}${quick ? ", a quick run" : ""}.`,
    `${machine.cores} × ${machine.cpu}, ${machine.memoryGb} GB, Linux ${machine.kernel}, ${machine.congestionControl},`,
    `load ${machine.loadBefore.toFixed(2)} before.`,
    `Node ${machine.node.slice(1)}, ${versions.join(", ")}.`,
    `${rounds} rounds of about ${secondsPerRun} s a run, ${width} streams at a time, ${loads}.`,
  ].join(" ");
}

const FOOTNOTE =
  "¹ Shown for comparison, no rival: it encrypts nothing, or its target is fixed and it is no proxy. Figures are medians (lowest–highest); “to the best” is to the best rival with as many hops, round by round, below 1 where it is slower.";

function notes(results: Results): readonly string[] {
  const none = ["Nowhere in this run."];
  return results.losses.length === 0 ? none : results.losses;
}

function roundTripLines({ distance }: Results): readonly Cells[] {
  return [
    ["round trips until the first byte of the answer", "new circuit", "question sent at once", "stream awaited first"],
    ...distance.roundTrips.map(({ hops, cold, early, waiting }) => [
      hops === 1 ? "one hop" : "three hops",
      ...[cold, early, waiting].map((figure) => figure.toFixed(2)),
    ]),
  ];
}

function longPipeLines({ distance }: Results): readonly Cells[] {
  return [
    ["one big download through three hops", "raw TLS MB/s", "Byway MB/s", "to raw TLS"],
    ...distance.longPipes.map(({ linkRoundTripMs, bytesPerSecond, rawTls, byway, ratio: factor }) => [
      `links of ${linkRoundTripMs / 2} ms each way, ${bytesPerSecond / 1e6} MB/s`,
      ...[rawTls, byway].map((runs) => (median(runs) / 1e6).toFixed(1)),
      `${factor.toFixed(3)} ×`,
    ]),
  ];
}

function distanceTables(results: Results): readonly (readonly Cells[])[] {
  return [roundTripLines(results), longPipeLines(results)].filter((lines) => lines.length > 1);
}

/** The run as text for a terminal. */
export function toText(results: Results): string {
  return [
    circumstances(results),
    aligned(measureLines(results), false),
    FOOTNOTE,
    aligned(goalLines(results, "missed: see Hot path in docs/performance.md"), true),
    ...distanceTables(results).map((lines) => aligned(lines, false)),
    `Where Byway loses:\n${notes(results)
      .map((line) => `  ${line}`)
      .join("\n")}`,
    ...results.leftOut.map(({ name, reason }) => `Left out: ${name}: ${reason}`),
  ].join("\n\n");
}

/** The run as the generated part of docs/performance.md. */
export function toMarkdown(results: Results): string {
  const left = results.leftOut.map(({ name, reason }) => `- ${name}: ${reason}`);
  const far = distanceTables(results);
  return [
    circumstances(results),
    "![Bars of the medians](performance.svg)",
    table(measureLines(results), "--:"),
    FOOTNOTE,
    "### Goals",
    table(goalLines(results, "missed: see [Hot path](#hot-path)"), "---"),
    ...(far.length === 0 ? [] : ["### Over distance", ...far.map((lines) => table(lines, "--:"))]),
    "### Where Byway loses",
    notes(results)
      .map((line) => `- ${line}`)
      .join("\n"),
    ...(left.length === 0 ? [] : ["### Left out", left.join("\n")]),
    "### What the rows are",
    rowsByHops(results)
      .map(({ name, remark }) => `- **${name}**: ${remark}.`)
      .join("\n"),
  ].join("\n\n");
}

const BEGIN = "<!-- bench:begin -->";
const END = "<!-- bench:end -->";

/** `document` with what stands between its markers replaced. Throws when a marker is missing. */
export function replaceGenerated(document: string, content: string): string {
  const [from, to] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (from === -1 || to < from) throw new Error("docs/performance.md has lost its bench markers");
  return `${document.slice(0, from + BEGIN.length)}\n\n${content}\n\n${document.slice(to)}`;
}
