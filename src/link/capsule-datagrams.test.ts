import assert from "node:assert/strict";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { settled } from "../../test/support/settled.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { FLOW_LIMITS } from "../flow/limits.ts";
import { encodeUdpCapsule } from "../wire/udp-payload.ts";
import { CapsuleDatagrams } from "./capsule-datagrams.ts";
import { LINK_LIMITS } from "./limits.ts";
import { MemoryPipe } from "./memory-pipe.ts";

const budget = roomyBudget();
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function chunksOf(stream: Duplex): number {
  return (stream as unknown as { _writableState: { buffered: unknown[] } })._writableState.buffered.length;
}

test("a flow that the exit does not end is reset in time", async () => {
  const clock = new FakeClock();
  const [near, far] = MemoryPipe.pair();
  const flow = new CapsuleDatagrams({ clock, budget }, near);
  far.resume();
  flow.close();
  flow.close();
  await once(far, "end");
  assert.equal(clock.pending, 1);
  const reset = once(far, "error");
  clock.advance(LINK_LIMITS.datagramDrainMs.value);
  await flow.closed;
  await reset;
  assert.equal(clock.pending, 0);
});

test("a flow that the exit ends leaves no timer", async () => {
  const clock = new FakeClock();
  const [near, far] = MemoryPipe.pair();
  const flow = new CapsuleDatagrams({ clock, budget }, near);
  far.resume();
  far.on("end", () => far.end());
  flow.close();
  await flow.closed;
  assert.equal(clock.pending, 0);
});

test("a flow counts the payloads that it carries", async () => {
  const clock = new FakeClock();
  const [near, far] = MemoryPipe.pair();
  const [here, there] = [new CapsuleDatagrams({ clock, budget }, near), new CapsuleDatagrams({ clock, budget }, far)];
  const arrived = new Promise<void>((resolve) => {
    there.onDatagram = () => resolve();
  });
  here.send(new Uint8Array(100));
  await arrived;
  assert.deepEqual(here.counts, { bytesRead: 0, bytesWritten: 100 });
  assert.deepEqual(there.counts, { bytesRead: 100, bytesWritten: 0 });
});

test("tiny payloads that a slow link does not take wait in a few blocks, and all that were not dropped arrive", async () => {
  const [near, far] = MemoryPipe.pair();
  const here = new CapsuleDatagrams({ clock: new FakeClock(), budget }, near);
  let sent = 0;
  while (here.counts.bytesWritten === sent) {
    assert.ok(4 * sent < 2 * LINK_LIMITS.datagramBacklogBytes.value, "nothing is dropped");
    sent += 1;
    here.send(Buffer.of(1));
    if (sent % 1_000 === 0) await turn();
  }
  // A payload of one byte takes a capsule of four.
  assert.ok(4 * sent > LINK_LIMITS.datagramBacklogBytes.value, `${sent} were taken`);
  assert.ok(chunksOf(near) <= 2 + (4 * sent) / FLOW_LIMITS.blockBytes.value, `${chunksOf(near)} chunks`);
  const there = new CapsuleDatagrams({ clock: new FakeClock(), budget }, far);
  here.close();
  await there.closed;
  assert.equal(there.counts.bytesRead, sent - 1);
});

test("the budget knows of capsules that do not end and of payloads that wait", async () => {
  const kept: (() => number)[] = [];
  const watching = { watch: (_: Duplex, __: unknown, keeps?: () => number) => void kept.push(keeps ?? (() => 0)) };
  const [near, far] = MemoryPipe.pair();
  const there = new CapsuleDatagrams({ clock: new FakeClock(), budget: watching }, far);
  // A datagram of 65,000 bytes is announced (0x8000fde8), and some of it comes.
  near.write(Buffer.from([0, 0x80, 0, 0xfd, 0xe8]));
  near.write(Buffer.alloc(LINK_LIMITS.watchedCapsuleBytes.value));
  await once(far, "data");
  await turn();
  assert.ok(kept.length > 0);
  const bytes = kept[0]?.() ?? 0;
  assert.ok(bytes >= LINK_LIMITS.watchedCapsuleBytes.value && bytes < 4 * LINK_LIMITS.watchedCapsuleBytes.value);
  there.close();
  near.destroy();
});

test("large payloads that a slow link does not take are dropped beyond the backlog", () => {
  const [near] = MemoryPipe.pair();
  const here = new CapsuleDatagrams({ clock: new FakeClock(), budget }, near);
  const payload = new Uint8Array(1_200);
  for (let sent = 0; sent < 4 * LINK_LIMITS.datagramBacklogBytes.value; sent += payload.length) here.send(payload);
  const most = LINK_LIMITS.datagramBacklogBytes.value + 2 * payload.length;
  assert.ok(here.counts.bytesWritten <= most, `${here.counts.bytesWritten} bytes were taken`);
  near.destroy();
});

test("a malformed capsule ends the flow, and nothing behind it is told", async () => {
  const [near, far] = MemoryPipe.pair();
  near.on("error", () => {});
  const there = new CapsuleDatagrams({ clock: new FakeClock(), budget }, far);
  let told = 0;
  there.onDatagram = () => {
    told += 1;
  };
  // A DATAGRAM of 2^30 - 1 bytes is announced; behind it stands a whole one.
  near.write(Buffer.from([0, 0xbf, 0xff, 0xff, 0xff]));
  near.write(encodeUdpCapsule(Uint8Array.of(1)));
  await settled();
  assert.deepEqual([far.destroyed, told], [true, 0]);
});
