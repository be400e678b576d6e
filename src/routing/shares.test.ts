import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { shares } from "./shares.ts";

function close(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  for (const [at, value] of actual.entries())
    assert.ok(Math.abs(value - (expected[at] ?? Number.NaN)) < 1e-9, `${actual} is not ${expected}`);
}

test("a share is score times capacity, divided among the crowd", () => {
  close(shares([]), []);
  close(shares([{ score: 0.1, mbps: 3, crowd: 1 }]), [1]);
  close(
    shares([
      { score: 0.5, mbps: 10, crowd: 1 },
      { score: 0.75, mbps: 20, crowd: 1 },
    ]),
    [0.25, 0.75],
  );
  close(
    shares([
      { score: 1, mbps: 10, crowd: 2 },
      { score: 1, mbps: 10, crowd: 2 },
      { score: 1, mbps: 10, crowd: 1 },
    ]),
    [0.25, 0.25, 0.5],
  );
});

test("nobody gets more than twice the share of its capacity", () => {
  const others = Array.from({ length: 4 }, () => ({ score: 0.1, mbps: 10, crowd: 1 }));
  close(shares([{ score: 1, mbps: 10, crowd: 1 }, ...others]), [0.4, 0.15, 0.15, 0.15, 0.15]);
  // The rest scores nothing and takes what is left all the same.
  const none = others.map((other) => ({ ...other, score: 0 }));
  close(shares([{ score: 1, mbps: 10, crowd: 1 }, ...none]), [0.4, 0.15, 0.15, 0.15, 0.15]);
  close(shares(none), [0.25, 0.25, 0.25, 0.25]);
});

test("shares add up to 1 and none is above its bound", () => {
  const drawable = fc.record({
    score: fc.double({ min: 0, max: 1, noNaN: true }),
    mbps: fc.double({ min: 1, max: 200, noNaN: true }),
    crowd: fc.integer({ min: 1, max: 32 }),
  });
  fc.assert(
    fc.property(fc.array(drawable, { minLength: 1, maxLength: 40 }), (nodes) => {
      const chances = shares(nodes);
      const capacity = nodes.reduce((sum, { mbps, crowd }) => sum + mbps / crowd, 0);
      assert.ok(Math.abs(chances.reduce((a, b) => a + b, 0) - 1) < 1e-9);
      for (const [at, { mbps, crowd }] of nodes.entries()) {
        const chance = chances[at] ?? Number.NaN;
        assert.ok(chance >= 0 && chance <= (2 * mbps) / crowd / capacity + 1e-9);
      }
    }),
  );
});
