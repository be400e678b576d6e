import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonValue } from "../core/errors.ts";
import { SpanCounts } from "./span-counts.ts";
import type { TimeSpan } from "./time-span.ts";

const span = (startMs: number): TimeSpan => ({ startMs, endMs: startMs + 10 });
const bytes = (received: number): { readonly received: number; readonly sent: number } => ({ received, sent: 1 });

type Step = readonly [span: TimeSpan, isStep: boolean, add: number, received: number];

/** Goes through the steps, and once more with a restart before each. */
function check(steps: readonly Step[]): void {
  for (const isRestarted of [false, true]) {
    let counts = new SpanCounts(undefined);
    for (const [index, [to, isStep, add, received]] of steps.entries()) {
      if (isRestarted) counts = new SpanCounts(JSON.parse(JSON.stringify(counts.saved)) as JsonValue);
      counts.enter(to, isStep);
      counts.add(bytes(add));
      assert.equal(counts.current.received, received, `step ${index}`);
    }
  }
}

test("time that passes begins anew", () => {
  check([
    [span(0), true, 5, 5],
    [span(0), false, 5, 10],
    [span(10), false, 5, 5],
    [span(20), false, 1, 1],
  ]);
});

test("a clock that is set forth and back loses nothing and counts nothing twice", () => {
  check([
    [span(100), true, 5, 5],
    [span(500), true, 7, 7],
    [span(500), false, 1, 8],
    [span(100), true, 2, 15],
    // What was moved is gone from there.
    [span(500), true, 0, 0],
  ]);
});

test("a clock that is set back and forth takes its count along, and home again", () => {
  check([
    [span(100), true, 5, 5],
    [span(0), true, 7, 12],
    [span(0), false, 1, 13],
    [span(100), true, 2, 15],
    [span(0), true, 0, 0],
  ]);
});

test("a clock that was ahead from the start takes its count along when it is set right", () => {
  check([
    [span(500), true, 5, 5],
    [span(100), true, 1, 6],
    [span(110), false, 2, 2],
  ]);
});

test("a clock that is set back by an hour over a boundary leaves each month its own", () => {
  check([
    [span(0), true, 50, 50],
    [span(10), false, 3, 3],
    [span(0), true, 2, 52],
    [span(10), false, 4, 7],
  ]);
});

test("months whose bounds change keep what was counted", () => {
  check([
    [{ startMs: 0, endMs: 30 }, true, 50, 50],
    [{ startMs: 15, endMs: 45 }, true, 3, 53],
  ]);
});

test("a clock that shows several wrong months in turn loses none of the right one", () => {
  check([
    [span(100), true, 5, 5],
    ...[500, 600, 700, 800, 900].map((startMs): Step => [span(startMs), true, 0, 0]),
    [span(100), true, 1, 6],
  ]);
});

test("only a few spans are kept, and what is no count is not read", () => {
  const counts = new SpanCounts(undefined);
  for (let n = 0; n < 100; n++) {
    counts.enter(span(n * 10), false);
    counts.add(bytes(1));
  }
  assert.ok(JSON.stringify(counts.saved).length < 1_200);
  for (const wrong of [
    null,
    1,
    "x",
    [],
    { spans: 7 },
    { spans: [null, { startMs: 0, endMs: 10, received: -1, sent: "1" }] },
  ])
    assert.deepEqual(new SpanCounts(wrong).current, { received: 0, sent: 0 });
});
