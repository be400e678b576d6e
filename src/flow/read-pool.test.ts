import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FLOW_LIMITS } from "./limits.ts";
import { ReadPool } from "./read-pool.ts";

const MOST = FLOW_LIMITS.readBytes.value;

/** Puts `length` bytes of `value` into the scratch buffer, as a read does. */
function arrive(pool: ReadPool, length: number, value: number): Buffer[] {
  pool.scratch.fill(value, 0, length);
  return [...pool.chunks(length)];
}

test("what arrived is handed on whole and in order, in pieces of at most a slab", () => {
  const pool = new ReadPool();
  fc.assert(
    fc.property(fc.integer({ min: 1, max: MOST }), (length) => {
      for (let index = 0; index < length; index += 1) pool.scratch[index] = index % 251;
      const expected = Buffer.from(pool.scratch.subarray(0, length));
      const chunks = [...pool.chunks(length)];
      assert.ok(Buffer.concat(chunks).equals(expected));
      assert.ok(chunks.every((chunk) => chunk.length <= FLOW_LIMITS.slabBytes.value));
      for (const chunk of chunks) pool.giveBack(chunk);
    }),
    { numRuns: 50 },
  );
});

test("a chunk keeps its bytes until it is given back, whatever arrives meanwhile", () => {
  const pool = new ReadPool();
  fc.assert(
    fc.property(
      fc.array(fc.record({ length: fc.integer({ min: 1, max: MOST }), kept: fc.nat({ max: 3 }) }), { maxLength: 12 }),
      (reads) => {
        const held: { chunks: Buffer[]; value: number; until: number }[] = [];
        for (const [turn, { length, kept }] of reads.entries()) {
          held.push({ chunks: arrive(pool, length, turn + 1), value: turn + 1, until: turn + kept });
          for (const { chunks, value } of held)
            assert.ok(chunks.every((chunk) => chunk.every((byte) => byte === value)));
          for (const each of held.filter(({ until }) => until <= turn)) {
            for (const chunk of each.chunks.splice(0)) pool.giveBack(chunk);
          }
        }
      },
    ),
    { numRuns: 20 },
  );
});

test("memory is used again, and only so much is kept", () => {
  const pool = new ReadPool();
  const first = arrive(pool, MOST, 1);
  const memory = new Set(first.map((chunk) => chunk.buffer));
  for (const chunk of first) pool.giveBack(chunk);
  assert.ok(arrive(pool, MOST, 2).every((chunk) => memory.has(chunk.buffer)));

  const many = Array.from({ length: 2 * FLOW_LIMITS.freeSlabs.value }, () => arrive(pool, 20_000, 3)).flat();
  for (const chunk of many) pool.giveBack(chunk);
  const again = new Set(many.map((chunk) => arrive(pool, chunk.length, 4)[0]?.buffer));
  assert.equal(many.filter((chunk) => again.has(chunk.buffer)).length, FLOW_LIMITS.freeSlabs.value);
});

test("memory that is not a slab is passed over", () => {
  const pool = new ReadPool();
  const foreign = [Buffer.alloc(100), Buffer.from("x"), Buffer.alloc(FLOW_LIMITS.slabBytes.value).subarray(1)];
  for (const chunk of foreign) pool.giveBack(chunk);
  const [chunk] = arrive(pool, FLOW_LIMITS.slabBytes.value, 1);
  assert.ok(chunk !== undefined && !foreign.some(({ buffer }) => buffer === chunk.buffer));
});
