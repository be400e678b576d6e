import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { temporaryDirectory } from "../../test/support/run-byway.ts";
import { FakeClock } from "../core/fake-clock.ts";
import type { MachineFacts } from "./health-facts.ts";
import { HEALTH_THRESHOLDS } from "./health-thresholds.ts";
import { HealthWatch, readMachine } from "./health-watch.ts";

const LOOK_MS = HEALTH_THRESHOLDS.lookEveryMs;

test("a load that is high is timed, and one that falls begins anew", async () => {
  const clock = new FakeClock();
  let load = 0.9;
  const watch = new HealthWatch({ clock, load: () => load, readMachine: async () => ({}) }, { dataDirectory: "/" });
  await watch.start();
  clock.advance(10 * LOOK_MS);
  assert.equal(watch.facts.busyForMs, 10 * LOOK_MS);
  load = 0.89;
  clock.advance(LOOK_MS);
  assert.equal(watch.facts.busyForMs, undefined);
  load = 1;
  clock.advance(2 * LOOK_MS);
  assert.equal(watch.facts.busyForMs, LOOK_MS);
  await watch.stop();
  assert.equal(clock.pending, 0);
});

test("a disk that hangs is asked once, and counts when it answers", async () => {
  const clock = new FakeClock();
  const answers: ((facts: MachineFacts) => void)[] = [];
  const read = (): Promise<MachineFacts> => new Promise((resolve) => void answers.push(resolve));
  const watch = new HealthWatch({ clock, load: () => 0, readMachine: read }, { dataDirectory: "/" });
  const starting = watch.start();
  clock.advance(5 * LOOK_MS);
  assert.equal(answers.length, 1);
  answers[0]?.({ freeDiskBytes: 7 });
  await starting;
  assert.deepEqual(watch.facts, { machine: { freeDiskBytes: 7 } });
  clock.advance(LOOK_MS);
  assert.equal(answers.length, 2);
  answers[1]?.({});
  await watch.stop();
});

test("the machine tells what it has; what is not there is left out", async (t) => {
  const { freeDiskBytes, mostDescriptors } = await readMachine(temporaryDirectory(t));
  assert.ok((freeDiskBytes ?? 0) > 0);
  if (existsSync("/proc/self/limits")) assert.ok((mostDescriptors ?? 0) > 0);
  assert.equal((await readMachine("/nonexistent")).freeDiskBytes, undefined);
});
