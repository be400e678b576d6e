import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { formatHostPort } from "../../src/core/network-address.ts";
import { systemLocalTime } from "../../src/operation/local-time.ts";
import { monthSpan } from "../../src/operation/time-span.ts";
import { RecordFile } from "../../src/storage/record-file.ts";
import { startOperatedExit } from "../support/operated-exit.ts";
import { startOrigin } from "../support/origin.ts";
import { startTcpTarget } from "../support/proxy-fixture.ts";
import { RawClient } from "../support/raw-client.ts";
import { temporaryDirectory } from "../support/run-byway.ts";
import { withoutPrograms } from "../support/run-program.ts";

/** One in a hundred is more than the line moves between two looks at the slowest speed there is. */
const CAP_BYTES = 40_000_000;
/** Just short of where no new streams are taken. */
const USED_SHARE = 0.948;

test("a month's volume that is used up: new streams get 429, then what stands ends, within 1 % of the cap", {
  skip: withoutPrograms("curl"),
}, async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const records = new RecordFile(
    { clock: systemClock, logger: silentLogger },
    { path: join(dataDirectory, "node-records.sqlite") },
  );
  const used = (CAP_BYTES * USED_SHARE) / 2;
  const month = monthSpan(systemLocalTime, systemClock.nowMs(), 1);
  records.put("operation", "month", { spans: [{ ...month, received: used, sent: used }] });
  records.stop();

  const part = Buffer.alloc(65_536);
  await using endless = await startTcpTarget((socket) => {
    const more = (): void => {
      while (!socket.destroyed && socket.write(part));
    };
    socket.on("drain", more);
    more();
  });
  await using origin = await startOrigin();
  const { node, proxy, ask, statuses, refused } = await startOperatedExit(t, {
    allowTargets: [endless.address, origin.http],
    dataDirectory,
    operation: { monthlyGb: CAP_BYTES / 1e9 },
  });
  using download = await RawClient.connect(proxy);
  download.send(`CONNECT ${endless.authority} HTTP/1.1\r\nhost: ${endless.authority}\r\n\r\n`);
  await download.hear(/^HTTP\/1\.1 200 /);
  const monthBytes = (): number => {
    const { sent, received } = node.operations.status().traffic.month;
    return sent + received;
  };
  while (node.operations.status().serving.state === "serving") await download.forget().hear(/[\s\S]/);
  assert.ok(monthBytes() >= 0.95 * CAP_BYTES && monthBytes() < CAP_BYTES);

  const url = `http://${formatHostPort(origin.http)}/seen`;
  const answer = await ask("-i", "-p", url);
  assert.match(answer, /^HTTP\/1\.1 429 [\s\S]*used up what it may carry this month[\s\S]*^retry-after: \d+\r/im);
  assert.equal(refused("monthly volume"), 1);
  assert.match(node.operations.status().serving.reason ?? "", /month's volume/);
  // What stood goes on to the end of the volume.
  await download.forget().hear(/[\s\S]/);
  download.socket.removeAllListeners("data").resume();
  // At the slowest speed there is, the rest takes 8 s.
  await download.over(30_000);
  assert.equal(await statuses(url), "429");
  assert.ok(monthBytes() >= CAP_BYTES && monthBytes() <= 1.01 * CAP_BYTES, `${monthBytes()} of ${CAP_BYTES}`);
  t.diagnostic(`${monthBytes() / CAP_BYTES} of the cap`);
  await node.stop();
});
