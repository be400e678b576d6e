import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { forward, openLog } from "../../../test/support/logged-streams.ts";
import { FakeClock } from "../../core/fake-clock.ts";
import { HOUR_MS } from "../../core/units.ts";
import { verifyLog } from "./verify-log.ts";

test("a chain that nobody writes any more goes after its days; one that is written is left alone", async (t) => {
  const clock = new FakeClock(Date.parse("2026-11-01T12:00:00Z"));
  const kept = await openLog(t, clock, { days: 2 });
  const { dataDirectory } = kept;
  const at = (name: string): string => join(dataDirectory, "accountability", name);
  const left = await openLog(t, clock, { days: 2, directory: at("1") }, dataDirectory);
  const written = await openLog(t, clock, { days: 30, directory: at("2") }, dataDirectory);
  for (const { log } of [kept, left, written]) forward(log);
  await Promise.all([kept.log.flush(), written.log.flush(), left.log.stop()]);
  const filesOf = (name: string): number => readdirSync(at(name)).filter((file) => file.endsWith(".jsonl")).length;
  for (let hour = 0; hour < 48; hour += 1) {
    clock.advance(HOUR_MS);
    await Promise.all([kept.log.idle, written.log.idle]);
  }
  assert.equal(filesOf("1"), 1);
  for (let hour = 0; hour < 24; hour += 1) {
    clock.advance(HOUR_MS);
    await Promise.all([kept.log.idle, written.log.idle]);
  }
  assert.equal(filesOf("1"), 0);
  assert.equal(filesOf("2"), 4);
  assert.equal((await verifyLog(dataDirectory)).flawCount, 0);
});
