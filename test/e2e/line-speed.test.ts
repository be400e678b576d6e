import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { formatHostPort } from "../../src/core/network-address.ts";
import { startOperatedExit } from "../support/operated-exit.ts";
import { startOrigin } from "../support/origin.ts";
import { withoutPrograms } from "../support/run-program.ts";

const MBPS = 20;
const RATE = (MBPS * 1e6) / 8;
/** Passes before the measurement: the burst, windows that open, code that is compiled. */
const WARM_UP_BYTES = RATE / 2;
const MEASURED_BYTES = RATE * 10;

test("an operator's 20 Mbit/s are what curl gets by HTTP/2 through a client, ± 5 % over ten seconds", {
  skip: withoutPrograms("curl"),
}, async (t) => {
  await using origin = await startOrigin({ payload: Buffer.alloc(WARM_UP_BYTES + MEASURED_BYTES + RATE) });
  const { proxy } = await startOperatedExit(t, {
    allowTargets: [origin.https],
    operation: { upMbps: 1_000, downMbps: MBPS },
  });
  const url = `https://${formatHostPort(origin.https)}/payload`;
  const curl = spawn("curl", ["-q", "-sSk", "--http2", "-x", `http://${formatHostPort(proxy)}`, url], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.after(() => curl.kill("SIGKILL"));
  let passed = 0;
  let fromMs = 0;
  for await (const chunk of curl.stdout as AsyncIterable<Buffer>) {
    passed += chunk.length;
    if (fromMs === 0 && passed >= WARM_UP_BYTES) [fromMs, passed] = [performance.now(), 0];
    if (fromMs > 0 && passed >= MEASURED_BYTES) break;
  }
  const seconds = (performance.now() - fromMs) / 1_000;
  const mbps = (passed * 8) / 1e6 / seconds;
  t.diagnostic(`${mbps.toFixed(2)} Mbit/s`);
  assert.ok(mbps > 0.95 * MBPS && mbps < 1.05 * MBPS, `${mbps.toFixed(2)} Mbit/s over ${seconds.toFixed(2)} s`);
});
