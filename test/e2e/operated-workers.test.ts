import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import type { Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import { type LogVerdict, verifyLog } from "../../src/egress/accountability/verify-log.ts";
import type { NodeStatus } from "../../src/operation/node-status.ts";
import { closeOf } from "../support/collect.ts";
import { type OperatedProcess, startOperatedProcess } from "../support/operated-process.ts";
import { startTcpTarget } from "../support/proxy-fixture.ts";
import { askSocks } from "../support/socks-client.ts";

const skip = existsSync("/proc/self/task") ? false : "this system has no /proc";
/** A SOCKS5 reply (RFC 1928 §6). */
const REFUSED = "SOCKS reply 1";
const KILLS = 2;
const WITHOUT_LIMITS = ["", "link-", "target-"].map((of) => `${of}streams-per-second = 100000`);
const POLICY = 'policy = ["accept *:*"]';

/** A target that ends each connection with some bytes once it has heard of it, and how many it has seen. */
async function startCounting(t: TestContext): Promise<{ readonly address: HostPort; readonly seen: () => number }> {
  let seen = 0;
  const target = await startTcpTarget((socket) => {
    seen += 1;
    socket.once("data", (chunk) => chunk[0] === "e".charCodeAt(0) && socket.end("seen"));
  });
  t.after(() => target[Symbol.asyncDispose]());
  return { address: target.address, seen: () => seen };
}

/** One stream from its beginning to its end. */
async function useOne(proxy: HostPort, target: HostPort): Promise<void> {
  const { socket } = await askSocks(proxy, "user", "connect", target);
  const closed = closeOf(socket);
  socket.resume().end("end");
  await closed;
}

/** The log of a node, and how many records of each kind it has. */
async function readLog({
  data,
}: OperatedProcess): Promise<
  LogVerdict & { readonly records: number; readonly events: Readonly<Record<string, number>> }
> {
  const events: Record<string, number> = {};
  const verdict = await verifyLog(data, {}, () => (record) => {
    events[record.event] = (events[record.event] ?? 0) + 1;
  });
  assert.deepEqual(verdict.flaws, []);
  return { ...verdict, records: Object.values(events).reduce((sum, count) => sum + count, 0), events };
}

/** Asks the node until what it says of itself is so. */
async function statusUntil({ operator }: OperatedProcess, isSo: (status: NodeStatus) => boolean): Promise<NodeStatus> {
  for (;;) {
    const status = await operator.status();
    if (isSo(status)) return status;
  }
}

test("two workers hold to the limits of one node, count as one, and each keeps a log without a flaw", {
  skip,
}, async (t) => {
  const target = await startCounting(t);
  const node = await startOperatedProcess(t, [
    `allow-targets = ["${formatHostPort(target.address)}"]`,
    POLICY,
    "workers = 2",
    "max-streams = 4",
    "monthly-gb = 100",
  ]);
  const standing: Socket[] = [];
  const proxies = [await node.client(), await node.client()] as const;
  for (const proxy of proxies) {
    for (let count = 0; count < 2; count += 1) {
      const { socket } = await askSocks(proxy, "user", "connect", target.address);
      t.after(() => socket.destroy());
      standing.push(socket);
    }
    await assert.rejects(askSocks(proxy, "user", "connect", target.address), { message: REFUSED });
  }
  assert.equal(target.seen(), 4);
  const status = await statusUntil(node, ({ streams }) => streams === 4);
  assert.deepEqual([status.streamsOpened, status.refusals], [4, [{ by: "open streams", count: 2 }]]);
  for (const socket of standing) socket.resetAndDestroy();
  await node.operator.drain();
  assert.equal((await node.command.finished).code, 0);
  const { chains, events } = await readLog(node);
  assert.deepEqual([chains.length, events.open, events.end], [2, 4, 4]);
  // Its start, and two streams.
  for (const { records } of chains) assert.ok(records >= 5, JSON.stringify(chains));
});

test("a record for every stream that the target saw, and none that was written lost to a kill under load", {
  skip,
}, async (t) => {
  const target = await startCounting(t);
  const lines = [`allow-targets = ["${formatHostPort(target.address)}"]`, POLICY, ...WITHOUT_LIMITS];
  let node = await startOperatedProcess(t, lines);
  let written = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const proxy = await node.client();
    const run = async (): Promise<void> => {
      for (;;) await useOne(proxy, target.address);
    };
    const running = Promise.allSettled([run(), run(), run(), run()]);
    const { log } = await statusUntil(node, ({ log: { records } }) => records > 200);
    await node.kill();
    await running;
    const { records, events } = await readLog(node);
    assert.ok(records >= written + log.records, `${records} of ${written} and ${log.records}`);
    written = records;
    // What the target saw was written down before it was asked, or was on its way to the disk when the kill came.
    assert.ok((events.open ?? 0) <= target.seen());
    node = await node.again();
  }
  const before = { seen: target.seen(), events: (await readLog(node)).events };
  const proxy = await node.client();
  for (let count = 0; count < 20; count += 1) await useOne(proxy, target.address);
  await node.operator.drain();
  assert.equal((await node.command.finished).code, 0);
  const { events } = await readLog(node);
  assert.equal((events.end ?? 0) - (before.events.end ?? 0), 20);
  assert.equal((events.open ?? 0) - (before.events.open ?? 0), target.seen() - before.seen);
});
