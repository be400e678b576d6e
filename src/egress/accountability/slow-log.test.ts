import assert from "node:assert/strict";
import { test } from "node:test";
import { forward, openLog, someStream } from "../../../test/support/logged-streams.ts";
import { FakeClock } from "../../core/fake-clock.ts";
import { verifyLog } from "./verify-log.ts";

// All of it happens in one turn of the event loop, in which a disk writes nothing.
const STREAMS = 40_000;

test("a required log refuses streams before it would lose a record, also of those that stand", async (t) => {
  const { log, records, dataDirectory } = await openLog(t, new FakeClock());
  const standing = Array.from({ length: 5_000 }, () => log.begin(someStream()));
  for (const entry of standing) entry.opened("192.0.2.1");
  assert.throws(
    () => {
      for (let stream = 0; stream < STREAMS; stream += 1) forward(log);
    },
    { code: "ERR_NODE_LOG", message: /too slow/ },
  );
  for (const entry of standing) entry.ended({ bytesUp: 1, bytesDown: 2, end: "ok" });
  assert.equal(log.status().lost, 0);
  await log.flush();
  assert.equal(log.failure, undefined);
  const count = (wanted: string): number => records().filter(({ event }) => event === wanted).length;
  assert.equal(count("open"), count("end"));
  assert.equal((await verifyLog(dataDirectory)).flawCount, 0);
});

test("a best-effort log says how many records it lost although it never failed", async (t) => {
  const { log, records } = await openLog(t, new FakeClock(), { required: false });
  for (let stream = 0; stream < STREAMS; stream += 1) forward(log);
  const { lost, state } = log.status();
  assert.equal(state, "writing");
  assert.ok(lost > 0, "nothing was lost");
  await log.flush();
  const told = records().filter(({ event }) => event === "lost");
  assert.deepEqual(
    told.map(({ records: count }) => count),
    [lost],
  );
});

test("stopped twice at once it says so once, and nothing goes on", async (t) => {
  const clock = new FakeClock();
  const { log, lines, records } = await openLog(t, clock);
  forward(log);
  await Promise.all([log.stop(), log.stop()]);
  assert.equal(records().filter(({ event }) => event === "stop").length, 1);
  assert.equal(clock.pending, 0);
  const before = lines();
  clock.advance(60_000);
  await log.idle;
  assert.deepEqual(lines(), before);
});
