import assert from "node:assert/strict";
import { existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { forward, openLog, someStream } from "../../../test/support/logged-streams.ts";
import { fill, mountSmallDisk } from "../../../test/support/small-disk.ts";
import { FakeClock } from "../../core/fake-clock.ts";
import { listLogFiles } from "./log-files.ts";
import { verifyLog } from "./verify-log.ts";

test("a full disk closes an exit whose log is required, says so once, and opens it again", async (t) => {
  const disk = mountSmallDisk(t);
  if (disk === undefined) return;
  const clock = new FakeClock();
  const { log, logger, directory, records } = await openLog(t, clock, {}, disk);
  const standing = log.begin(someStream("standing.example"));
  standing.opened("192.0.2.1");
  await log.flush();
  const filler = fill(disk);
  let forwarded = 0;
  for (; log.failure === undefined && forwarded < 100_000; forwarded += 1) {
    forward(log);
    if (forwarded % 10 === 0) await log.flush();
  }
  assert.equal(log.failure?.code, "ERR_NODE_LOG");
  assert.throws(() => log.begin(someStream()), { code: "ERR_NODE_LOG" });
  assert.deepEqual([log.status().state, log.status().reason], ["failing", "ENOSPC"]);
  assert.equal(logger.lines.length, 1);
  assert.match(logger.lines[0] ?? "", /^error the accountability log cannot be written.*ENOSPC.*make room/);
  // No part of a record stays, though there was room for some of it.
  const [file] = await listLogFiles(directory);
  assert.deepEqual((await verifyLog(disk)).chains[0]?.notes, []);
  assert.equal(statSync(file?.path ?? "").size, log.status().bytes);

  standing.ended({ bytesUp: 1, bytesDown: 2, end: "ok" });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    clock.advance(5_000);
    await log.idle;
    assert.equal(log.status().state, "failing");
  }
  assert.equal(logger.lines.length, 1);
  rmSync(filler);
  clock.advance(5_000);
  await log.idle;
  assert.equal(log.status().state, "writing");
  assert.equal(log.failure, undefined);
  assert.equal(log.status().lost, 0);
  assert.equal(records().filter(({ event }) => event === "end").length, forwarded + 1);
  assert.equal(records().find(({ event }) => event === "resumed")?.reason, "no space is left on the disk (ENOSPC)");
  assert.equal((await verifyLog(disk)).flawCount, 0);
  await log.stop();
});

test("an exit that starts on a full disk stays closed until there is room", async (t) => {
  const disk = mountSmallDisk(t);
  if (disk === undefined) return;
  const clock = new FakeClock();
  const filler = fill(disk);
  const { log, logger } = await openLog(t, clock, {}, disk);
  assert.equal(log.failure?.code, "ERR_NODE_LOG");
  assert.equal(logger.lines.length, 1);
  rmSync(filler);
  clock.advance(5_000);
  await log.idle;
  forward(log);
  await log.stop();
  assert.equal((await verifyLog(disk)).flawCount, 0);
  assert.ok(existsSync(join(disk, "accountability", "0", "lock")));
});

test("a best-effort log on a full disk lets streams go on", async (t) => {
  const disk = mountSmallDisk(t);
  if (disk === undefined) return;
  fill(disk);
  const { log } = await openLog(t, new FakeClock(), { required: false }, disk);
  forward(log);
  assert.equal(log.failure, undefined);
  assert.equal(log.status().state, "failing");
  await log.stop();
});
