import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { HedgeBudget } from "./hedge-budget.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

test("second attempts are a share of the first ones and a few more", () => {
  const clock = new FakeClock();
  const budget = new HedgeBudget({ clock });
  const minutes = 10;
  let made = 0;
  for (let second = 0; second < 60 * minutes; second += 1) {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      budget.earn();
      // Every single one is slow.
      if (budget.spend()) made += 1;
    }
    clock.advance(1_000);
  }
  const { hedgesSaved, hedgesPerMinute, hedgesPerHundred } = CIRCUIT_LIMITS;
  const share = (6_000 * hedgesPerHundred.value) / 100;
  const most = share + hedgesPerMinute.value * minutes + hedgesSaved.value;
  assert.ok(made <= most && made >= most - 1, `${made} were made`);
});

test("who makes few first attempts has a few second ones all the same", () => {
  const clock = new FakeClock();
  const budget = new HedgeBudget({ clock });
  while (budget.spend());
  clock.advance(60_000);
  let made = 0;
  while (budget.spend()) made += 1;
  assert.equal(made, CIRCUIT_LIMITS.hedgesPerMinute.value);
});

test("what could not be made is given back", () => {
  const budget = new HedgeBudget({ clock: new FakeClock() });
  while (budget.spend());
  budget.refund();
  assert.deepEqual([budget.spend(), budget.spend()], [true, false]);
});
