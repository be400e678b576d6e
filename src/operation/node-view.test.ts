import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeStatus } from "../../test/support/node-status.ts";
import { FakeClock } from "../core/fake-clock.ts";
import type { NodeStatus } from "./node-status.ts";
import { NodeView } from "./node-view.ts";

function setUp(given: Partial<NodeStatus> = {}) {
  const clock = new FakeClock();
  const calls: string[] = [];
  const { peerId, software, roles, address, contact, policy, serving, traffic, ...rest } = nodeStatus(given);
  const { startedAt: _, refusals: __, blocklists, warnings: ___, ...life } = rest;
  const now = { streams: 2, contact };
  const view = new NodeView(
    {
      clock,
      life: () => ({
        ...life,
        blocklists,
        streams: now.streams,
        refusals: { "rule 1": 3, "no rule": 9, "list drop": 5 },
      }),
      operation: {
        serving,
        traffic,
        pause: () => void calls.push("pause"),
        resume: () => void calls.push("resume"),
        drain: () => void calls.push("drain"),
      },
      reload: async () => blocklists,
      health: { facts: { machine: { freeDiskBytes: 0 } } },
    },
    {
      ...{ peerId, software, roles, address, policy },
      settings: { unlisted: false, log: "required", maxStreams: 100, workers: 1 },
    },
  );
  return { clock, calls, now, view, blocklists };
}

/** Whether `promise` has settled by the time all that waits has run. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  return Promise.race([promise.then(() => true), new Promise<false>((resolve) => setImmediate(resolve, false))]);
}

test("a status holds what all parts know, the most frequent refusals first, and its warnings", async () => {
  const { view, clock, blocklists } = setUp();
  const status = view.status();
  assert.equal(status.startedAt, new Date(clock.nowMs()).toISOString());
  assert.deepEqual(status.refusals, [
    { by: "no rule", count: 9 },
    { by: "list drop", count: 5 },
    { by: "rule 1", count: 3 },
  ]);
  assert.deepEqual(status.blocklists, blocklists);
  const codes = status.warnings.map(({ code }) => code);
  assert.ok(codes.includes("WARN_DISK_FULL") && codes.includes("WARN_NO_CONTACT"), codes.join());
  assert.deepEqual(JSON.parse(JSON.stringify(status)), status);
  assert.deepEqual(await view.reload(), blocklists);
});

test("a drain ends with the last stream", async () => {
  const { view, clock, calls, now } = setUp();
  view.drain();
  view.drain();
  clock.advance(60_000);
  assert.equal(await isSettled(view.drained), false);
  now.streams = 0;
  clock.advance(1_000);
  assert.equal(await isSettled(view.drained), true);
  assert.deepEqual(calls, ["drain", "drain"]);
  assert.equal(clock.pending, 0);
});

for (const change of ["pause", "resume"] as const) {
  test(`after a ${change} a drain ends nothing`, async () => {
    const { view, clock, calls, now } = setUp();
    view.drain();
    view[change]();
    now.streams = 0;
    clock.advance(60_000);
    assert.equal(await isSettled(view.drained), false);
    assert.deepEqual(calls, ["drain", change]);
    assert.equal(clock.pending, 0);
  });
}

const MISSING = { blocklists: [{ name: "drop", state: "missing", entries: 0, unread: 0 }] } as const;
const FAILING = { log: { state: "failing", records: 0, bytes: 0, lost: 0 } } as const;
const UNLISTED = "the blocklist drop was never loaded";

for (const [what, given, serving] of [
  ["a missing list closes an exit", { ...MISSING, roles: ["exit"] }, { state: "closed", reason: UNLISTED }],
  [
    "so does a log that cannot be written",
    { ...FAILING, roles: ["exit"] },
    { state: "closed", reason: "the accountability log cannot be written" },
  ],
  ["a relay beside it serves on", MISSING, { state: "serving", exitClosed: UNLISTED }],
  ["and without an exit nothing is closed", { ...MISSING, ...FAILING, roles: ["relay"] }, { state: "serving" }],
  [
    "what the operator ordered is told first",
    { ...MISSING, roles: ["exit"], serving: { state: "paused" } },
    { state: "paused" },
  ],
] as const satisfies readonly (readonly [string, Partial<NodeStatus>, NodeStatus["serving"]])[]) {
  test(`what serves: ${what}`, () => {
    const status = setUp(given).view.status();
    assert.deepEqual(status.serving, serving);
    assert.ok(status.warnings.every(({ code }) => code !== "WARN_OUTSIDE_HOURS"));
  });
}
