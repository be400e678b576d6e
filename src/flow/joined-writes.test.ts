import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { JoinedWrites } from "./joined-writes.ts";
import { FLOW_LIMITS } from "./limits.ts";
import { ByteCount } from "./meter.ts";

/** A stream whose writes leave when the test says so. */
function bench() {
  const written: string[] = [];
  let done: ((error?: Error | null) => void) | undefined;
  const to = new Duplex({
    read() {},
    writev(chunks, callback) {
      written.push(...chunks.map(({ chunk }) => (chunk as Buffer).toString()));
      done = callback;
    },
    highWaterMark: 65_536,
  });
  let waits = 0;
  const leave = (): void => {
    const now = done;
    done = undefined;
    now?.();
  };
  const count = new ByteCount();
  const writes = new JoinedWrites(to, () => (waits += 1), count);
  return { to, written, leave, waits: () => waits, writes, count };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** So many small chunks pass before they are joined. */
const FEW = FLOW_LIMITS.overheadBytes.value / FLOW_LIMITS.smallChunkBytes.value;

test("small chunks of one turn leave as one where they are many, in order with large ones", async () => {
  const { written, writes } = bench();
  const large = "L".repeat(FLOW_LIMITS.smallChunkBytes.value);
  const few = Array.from({ length: FEW }, () => "a");
  for (const text of [...few, "b", "b", large, "c", "d", "d"]) writes.write(Buffer.from(text));
  await turn();
  assert.deepEqual(written, [...few, "bb", large, "cdd"]);
});

test("bulk, whose large chunks have small rests between them, is never copied", async () => {
  const { to, writes } = bench();
  const [large, rest] = [Buffer.alloc(16_375), Buffer.alloc(9)];
  for (let count = 0; count < 100; count += 1) {
    writes.write(large);
    writes.write(rest);
  }
  await turn();
  const { buffered } = (to as unknown as { _writableState: { buffered: { chunk: Buffer }[] } })._writableState;
  assert.ok(buffered.every(({ chunk }) => chunk === large || chunk === rest));
});

test("while a block has not left the next one takes what comes, whatever the number of chunks", async () => {
  const { to, written, leave, writes } = bench();
  for (let count = 0; count < 50_000; count += 1) {
    writes.write(Buffer.from("a"));
    if (count % 10 === 0) await turn();
  }
  const chunks = (to as unknown as { _writableState: { buffered: unknown[] } })._writableState.buffered.length;
  assert.ok(chunks <= 50_000 / FLOW_LIMITS.blockBytes.value + 1 + FEW, `${chunks} chunks`);
  for (let left = 0; left < 10; left += 1) {
    leave();
    await turn();
  }
  assert.ok(written.join("") === "a".repeat(50_000));
});

test("a stream that takes nothing asks for no more once as much waits as for any stream", async () => {
  const { to, writes } = bench();
  let count = 1;
  while (writes.write(Buffer.from("a"))) {
    count += 1;
    if (count % 1_000 === 0) await turn();
  }
  assert.ok(to.writableNeedDrain);
  assert.ok(count <= to.writableHighWaterMark + FLOW_LIMITS.blockBytes.value + 1, `${count}`);
});

test("a stream that takes what comes is given each chunk as it is", async () => {
  const { written, leave, writes } = bench();
  for (let count = 0; count < 4 * FEW; count += 1) {
    writes.write(Buffer.from("a"));
    await turn();
    leave();
  }
  assert.equal(written.length, 4 * FEW);
  assert.equal(writes.bytes, 0);
});

test("memory is given back when nothing of it waits any more", async () => {
  const { leave, writes } = bench();
  const slab = Buffer.alloc(16_384);
  let releases = 0;
  const release = (): void => {
    releases += 1;
  };
  const writeFew = (): void => {
    for (let count = 0; count < FEW; count += 1) writes.write(Buffer.from("a"));
  };
  writeFew();
  // A part before it is on its way as it is, so the rest may not give its memory back.
  writes.write(slab.subarray(16_000), release);
  await turn();
  assert.equal(releases, 0);
  leave();
  assert.equal(releases, 1);
  writeFew();
  writes.write(Buffer.from(slab.buffer, 0, 10), release);
  assert.equal(releases, 2);
});

test("a small part of a large piece of memory is copied where it has to wait", async () => {
  const { to, writes } = bench();
  writes.write(Buffer.alloc(FLOW_LIMITS.blockBytes.value));
  await turn();
  const pinned = Buffer.alloc(65_536).subarray(0, 8_000);
  writes.write(pinned);
  await turn();
  const { buffered } = (to as unknown as { _writableState: { buffered: { chunk: Buffer }[] } })._writableState;
  assert.ok(buffered.every(({ chunk }) => chunk.buffer !== pinned.buffer));
});

test("once a turn it is told that bytes wait", async () => {
  const { waits, writes } = bench();
  for (let count = 0; count < FLOW_LIMITS.watchedBytes.value - 1; count += 1) writes.write(Buffer.from("a"));
  await turn();
  assert.equal(waits(), 0);
  for (let count = 0; count < 100; count += 1) writes.write(Buffer.from("a"));
  await turn();
  assert.equal(waits(), 1);
});

test("bytes count once their write has left: large chunks, those with memory to give back, and blocks", async () => {
  const { to, leave, writes, count } = bench();
  const large = Buffer.alloc(FLOW_LIMITS.smallChunkBytes.value);
  let releases = 0;
  writes.write(large);
  writes.write(large, () => (releases += 1));
  await turn();
  assert.deepEqual([count.bytes, releases], [0, 0]);
  leave();
  assert.deepEqual([count.bytes, releases], [2 * large.length, 1]);
  for (let small = 0; small < 10 * FEW; small += 1) writes.write(Buffer.from("a"));
  await turn();
  leave();
  assert.equal(count.bytes, 2 * large.length + 10 * FEW);
  writes.write(large, () => (releases += 1));
  to.on("error", () => {}).destroy();
  await turn();
  leave();
  await turn();
  assert.deepEqual([count.bytes, releases], [2 * large.length + 10 * FEW, 2]);
});
