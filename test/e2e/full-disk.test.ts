import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { formatHostPort } from "../../src/core/network-address.ts";
import { verifyLog } from "../../src/egress/accountability/verify-log.ts";
import { type OperatedExit, startOperatedExit } from "../support/operated-exit.ts";
import { startOrigin } from "../support/origin.ts";
import { withoutPrograms } from "../support/run-program.ts";
import { fill, mountSmallDisk } from "../support/small-disk.ts";

const skip = withoutPrograms("curl");

/** An exit with its data on a disk that has become full; `url` is where its targets are. */
async function onFullDisk(
  t: TestContext,
  disk: string,
  mode: "required" | "best-effort",
): Promise<OperatedExit & { readonly url: string; readonly filler: string; readonly dataDirectory: string }> {
  const origin = await startOrigin();
  t.after(() => origin[Symbol.asyncDispose]());
  const dataDirectory = join(disk, "data");
  const log = { mode, days: 30, mib: 64 };
  const exit = await startOperatedExit(t, { allowTargets: [origin.http], dataDirectory, log });
  const url = `http://${formatHostPort(origin.http)}/seen`;
  assert.equal(await exit.statuses(url), "200");
  const filler = fill(disk);
  // What waits for the disk is noticed a quarter of a second later.
  while (exit.node.operations.status().log.state !== "failing") await exit.statuses(url, url, url, url);
  return { ...exit, url, filler, dataDirectory };
}

test("on a full disk an exit refuses and says why, to apps and to its operator, and opens when there is room", {
  skip,
}, async (t) => {
  const disk = mountSmallDisk(t);
  if (disk === undefined) return;
  const exit = await onFullDisk(t, disk, "required");
  const { ask, node, url, filler, dataDirectory } = exit;
  const answer = await ask("-i", url);
  assert.match(answer, /^HTTP\/1\.1 503 [\s\S]*^proxy-status: byway; .*log of the exit cannot be written \(ENOSPC\)/im);
  assert.match(answer, /"code":"ERR_NODE_LOG"/);
  const { log, warnings } = node.operations.status();
  assert.deepEqual([log.state, log.reason, log.lost], ["failing", "ENOSPC", 0]);
  const warning = warnings.find(({ code }) => code === "WARN_LOG_FAILING");
  assert.deepEqual([warning?.level, /free disk space/i.test(warning?.remedy ?? "")], ["warning", true]);
  assert.ok(exit.refused("log") > 0);

  rmSync(filler);
  // curl comes again by itself after a 503.
  assert.match(await ask("--retry", "20", "--retry-delay", "1", "-w", "X%{http_code}", url), /X200$/);
  assert.equal(node.operations.status().log.state, "writing");
  await node.stop();
  assert.equal((await verifyLog(dataDirectory)).flawCount, 0);
});

test("on a full disk an exit whose log is best-effort goes on, and its operator sees it", { skip }, async (t) => {
  const disk = mountSmallDisk(t);
  if (disk === undefined) return;
  const exit = await onFullDisk(t, disk, "best-effort");
  assert.equal(await exit.statuses(exit.url, exit.url), "200 200");
  const { log, warnings } = exit.node.operations.status();
  assert.deepEqual([log.state, log.reason], ["failing", "ENOSPC"]);
  assert.ok(warnings.some(({ code }) => code === "WARN_LOG_FAILING"));
  // Before its disk goes.
  await exit.node.stop();
});
