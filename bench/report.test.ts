import assert from "node:assert/strict";
import { test } from "node:test";
import { toChart } from "./chart.ts";
import type { DistanceFigures } from "./distance.ts";
import { findLosses, judge } from "./goals.ts";
import { replaceGenerated, toMarkdown, toText } from "./report.ts";
import type { Results, Row } from "./results.ts";

function row(name: string, hops: 0 | 1 | 3, rival: boolean, speed: number, perSecond = speed, cpu = 1): Row {
  const streams = { perSecond, p50Ms: 1, p95Ms: 2, p99Ms: 3, cpuMsPerStream: 1 };
  const download = { megabytesPerSecond: speed, cpuSecondsPerGb: cpu, residentBytes: 1e6 };
  return { name, hops, rival, remark: "a remark", downloads: [download], streams: [streams] };
}

const ROWS = [
  row("no proxy", 0, false, 5000),
  row("Byway, 1 hop", 1, false, 300, 900, 2),
  row("shadowsocks-libev", 1, true, 200, 1000, 3),
  row("stunnel pair", 1, true, 400, 100, 4),
  row("microsocks", 1, false, 2000, 2000, 0.1),
  row("wireguard-go", 1, true, 30, 30, 30),
  row("Byway, 3 hops", 3, false, 200, 700, 5),
  row("Tor, KIST", 3, true, 8, 50, 30),
  row("Tor, Vanilla", 3, true, 9, 200, 20),
];
const MEMORY = {
  nodeAtRestBytes: 121e6,
  clientAtRestBytes: 1,
  idleStreams: 10_000,
  clientBytesPerStream: 16 * 1024,
  nodeBytesPerStream: 17 * 1024,
};
const PIPE = { direction: "download", linkRoundTripMs: 100, rawTls: [20e6], byway: [19e6] } as const;
const DISTANCE: DistanceFigures = {
  roundTrips: [
    { hops: 1, cold: 4, early: 1.15, waiting: 2.16 },
    { hops: 3, cold: 4, early: 1.16, waiting: 2.15 },
  ],
  longPipes: [
    { ...PIPE, bytesPerSecond: 25e6, ratio: 0.95 },
    { ...PIPE, bytesPerSecond: 50e6, ratio: 0.89 },
  ],
};

test("goals are judged against the best of their peers, which never include those that encrypt nothing", () => {
  const goals = judge(ROWS, MEMORY, DISTANCE).map(({ id, got, met }) => [id, got, met]);
  assert.deepEqual(goals, [
    ["P1", "0.75 × stunnel pair", false],
    ["P1", "10.00 × wireguard-go", true],
    ["P2", "22.22 × Tor, Vanilla", true],
    ["P3", "0.90 × shadowsocks-libev", false],
    ["P3", "3.50 × Tor, Vanilla", false],
    ["P4", "1.15", true],
    ["P4", "2.16", false],
    ["P4", "1.16", false],
    ["P4", "2.15", true],
    ["P5", "0.95 × raw TLS", true],
    ["P5", "0.89 × raw TLS", false],
    ["P8", "121.0 MB", false],
    ["P8", "16.0 KiB", true],
    ["P8", "17.0 KiB", false],
    ["P9", "0.67 × shadowsocks-libev", true],
    ["P9", "0.25 × Tor, Vanilla", true],
  ]);
});

test("what was not measured is neither met nor missed", () => {
  const goals = judge([row("Byway, 1 hop", 1, false, 300)], undefined, undefined);
  assert.equal(goals.length, 15);
  assert.ok(goals.every(({ met, got }) => met === undefined && got === "not measured"));
});

test("every peer that does better is named, also one that is no rival", () => {
  const losses = findLosses(ROWS).filter((line) => line.startsWith("one big download"));
  assert.deepEqual(losses, [
    "one big download, one hop: 300 MB/s against microsocks ¹ 2000 (0.15 ×), stunnel pair 400 (0.75 ×)",
  ]);
});

const RESULTS: Results = {
  date: "2026-01-02",
  commit: "abc",
  quick: true,
  load: "node",
  rounds: 1,
  secondsPerRun: 1,
  width: 32,
  machine: {
    ...{ cpu: "a CPU", cores: 2, memoryGb: 8, kernel: "6", node: "v26.0.0", congestionControl: "cubic" },
    ...{ loadBefore: 0.5, versions: { Tor: "0.4" } },
  },
  rows: ROWS,
  memory: MEMORY,
  distance: DISTANCE,
  goals: judge(ROWS, MEMORY, DISTANCE),
  losses: findLosses(ROWS),
  leftOut: [{ name: "ssh -D", reason: "install openssh-client" }],
};

test("text, page and chart hold every row, and a page keeps what is around its generated part", () => {
  const page = replaceGenerated("before <!-- bench:begin --> old <!-- bench:end --> after", toMarkdown(RESULTS));
  assert.match(page, /^before <!-- bench:begin -->\n/);
  assert.match(page, /\n<!-- bench:end --> after$/);
  assert.doesNotMatch(page, / old /);
  for (const text of [page, toText(RESULTS), toChart(RESULTS)]) {
    for (const { name } of ROWS.filter(({ hops }) => hops > 0)) assert.ok(text.includes(name), name);
    assert.match(text, /a quick run/);
  }
  for (const text of [page, toText(RESULTS)]) {
    assert.match(text, /install openssh-client/);
    assert.match(text, /links of 50 ms each way, 50 MB\/s[ |]+20\.0[ |]+19\.0[ |]+0\.890 ×/);
  }
  assert.throws(() => replaceGenerated("no markers", ""), /markers/);
});

test("a missed goal says where to read why, and no other does", () => {
  const missed = RESULTS.goals.filter(({ met }) => met === false).length;
  assert.equal(toMarkdown(RESULTS).split("missed: see [Hot path](#hot-path)").length - 1, missed);
  assert.equal(toText(RESULTS).split("missed: see Hot path in docs/performance.md").length - 1, missed);
});
