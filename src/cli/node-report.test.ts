import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeStatus, STATUS_AT_MS } from "../../test/support/node-status.ts";
import type { NodeStatus } from "../operation/node-status.ts";
import { bar, nodeText } from "./node-report.ts";
import { momentText, nodeSentence } from "./node-sentence.ts";

const WARNING = { code: "WARN_BUSY", level: "warning", message: "the node is full", remedy: "Make room." } as const;
const NOTE = { ...WARNING, code: "WARN_LOG_OFF", level: "note" } as const;

function text(changes: Partial<NodeStatus> = {}): string {
  return nodeText(nodeStatus(changes), STATUS_AT_MS);
}

test("an address at which others see the node, and that it does not name, is told", () => {
  const seenAddresses = ["192.0.2.10", "45.1.0.1"];
  assert.match(text({ seenAddresses }), /it listens at 0\.0\.0\.0:4433; others see it at 45\.1\.0\.1\n/);
});

test("a node that serves is told whole", () => {
  const end = nodeStatus().traffic.monthEnd;
  assert.equal(
    text({ warnings: [WARNING, NOTE] }),
    `There is a warning, see below: the node forwards links and connects to targets.

node          12D3KooWQK1wnefoLrcVHbbnf5tLzbopUd3K3bFAoJpA7YJgL5pV
              byway/0.1.0, up for 3 d
roles         relay, exit
address       192.0.2.10:4433 to others; it listens at 0.0.0.0:4433
contact       abuse@example.org
serving       yes
reachable     yes: 2 peers have reached it (5 min ago)
today         1.2 GB in, 1.1 GB out
this month    [########------------] 41 % 82 GB of 200 GB, until ${momentText(end)} (in 11 d)
              42 GB in, 40 GB out
speed         at most 20 Mbit/s each way
now           12 links, 48 streams (120400 since the start), load 31 %
policy        accepts ports 80, 443
              rule 1: reject mail
              rule 2: accept web-only
refused       301 by rule 1
              12 by list drop
blocklists    drop: loaded, 1024 entries, 3 lines that cannot be read, read 3 h ago
log           writing: 120352 records since the start, 23 MB in all

Warning WARN_BUSY: the node is full.
  Make room.

Note WARN_LOG_OFF: the node is full.
  Make room.
`,
  );
});

for (const [changes, sentence] of [
  [{}, "All is well: the node forwards links and connects to targets, and others reach it."],
  [{ warnings: [NOTE], roles: ["relay"] }, "All is well: the node forwards links, and others reach it."],
  [
    { roles: ["bootstrap"], reachable: { state: "unknown", reason: "" } },
    "All is well: the node carries no traffic and helps peers to find each other; no peer has checked yet whether others reach it.",
  ],
  [{ warnings: [WARNING, NOTE, WARNING] }, /^There are 2 warnings, see below: the node forwards/],
  [{ serving: { state: "paused" }, warnings: [WARNING] }, "The node takes nothing new: it is paused."],
  [
    { serving: { state: "draining" }, streams: 1 },
    "The node takes nothing new, and stops when its last stream is over.",
  ],
  [
    { serving: { state: "closed", reason: "outside its hours", until: "2026-11-20T15:00:00.000Z" } },
    /^The node takes nothing new: outside its hours, until 2026-11-2\d \d\d:\d\d \(in 3 h\)\.$/,
  ],
  [{ serving: { state: "closed" } }, "The node takes nothing new: it is closed."],
  [
    { serving: { state: "serving", exitClosed: "a list is missing" }, warnings: [WARNING] },
    "There is a warning, see below: the node forwards links, and its exit is closed.",
  ],
] as const) {
  test(`the first line says: ${String(sentence).slice(0, 60)}`, () => {
    const given = nodeSentence(nodeStatus(changes as Partial<NodeStatus>), STATUS_AT_MS);
    if (typeof sentence === "string") assert.equal(given, sentence);
    else assert.match(given, sentence);
  });
}

test("no line is longer than 100 columns, and nothing commands the terminal", () => {
  const long = `${"word ".repeat(60)}\u001b[2J\nend`;
  const shown = text({
    contact: long,
    serving: { state: "closed", reason: long, until: "2026-11-20T15:00:00.000Z" },
    reachable: { state: "no", reason: long },
    policy: {
      rules: Array.from({ length: 200 }, () => long),
      acceptedPorts: Array.from({ length: 200 }, (_, n) => ({ first: 100 * n + 1, last: 100 * n + 50 })),
    },
    refusals: Array.from({ length: 200 }, (_, n) => ({ by: `rule ${n}`, count: 200 - n })),
    log: { state: "failing", reason: long, records: 1, bytes: 1, lost: 5 },
    warnings: [{ ...WARNING, message: long, remedy: long }],
  });
  for (const line of shown.split("\n")) assert.ok(line.length <= 100, line);
  assert.ok(!shown.includes("\u001b"));
  assert.match(shown, /and\s+184 more ranges/);
  assert.match(shown, /and 188 more rules/);
  assert.match(shown, /\d+ by others/);
});

test("where there is no cap, no speed and no exit, that is said", () => {
  const { monthlyCapBytes: _, ...traffic } = nodeStatus().traffic;
  const { bytesPerSecond: __, contact: ___, ...rest } = nodeStatus({ roles: ["relay"], traffic });
  const shown = nodeText({ ...rest, refusals: [], blocklists: [], log: { ...rest.log, state: "off" } }, STATUS_AT_MS);
  for (const line of [
    /^this month +42 GB in, 40 GB out since .*; no cap$/m,
    /^speed +as fast as the line is$/m,
    /^policy +no targets are served: the node is no exit$/m,
    /^contact +-$/m,
    /^refused +nothing since the start$/m,
    /^blocklists +none$/m,
    /^log +off$/m,
  ]) {
    assert.match(shown, line);
  }
});

test("a bar shows that something has begun, and is full only when it is", () => {
  assert.equal(bar(0), `[${"-".repeat(20)}] 0 %`);
  assert.equal(bar(0.001), `[#${"-".repeat(19)}] 0 %`);
  assert.equal(bar(0.999), `[${"#".repeat(19)}-] 99 %`);
  assert.equal(bar(1), `[${"#".repeat(20)}] 100 %`);
  assert.equal(bar(1.5), `[${"#".repeat(20)}] 150 %`);
});
