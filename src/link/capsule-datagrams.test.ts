import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { CapsuleDatagrams } from "./capsule-datagrams.ts";
import { LINK_LIMITS } from "./limits.ts";
import { MemoryPipe } from "./memory-pipe.ts";

test("a flow that the exit does not end is reset in time", async () => {
  const clock = new FakeClock();
  const [near, far] = MemoryPipe.pair();
  const flow = new CapsuleDatagrams({ clock }, near);
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
  const flow = new CapsuleDatagrams({ clock }, near);
  far.resume();
  far.on("end", () => far.end());
  flow.close();
  await flow.closed;
  assert.equal(clock.pending, 0);
});

test("a flow counts the payloads that it carries", async () => {
  const clock = new FakeClock();
  const [near, far] = MemoryPipe.pair();
  const [here, there] = [new CapsuleDatagrams({ clock }, near), new CapsuleDatagrams({ clock }, far)];
  const arrived = new Promise<void>((resolve) => {
    there.onDatagram = () => resolve();
  });
  here.send(new Uint8Array(100));
  await arrived;
  assert.deepEqual(here.counts, { bytesRead: 0, bytesWritten: 100 });
  assert.deepEqual(there.counts, { bytesRead: 100, bytesWritten: 0 });
});
