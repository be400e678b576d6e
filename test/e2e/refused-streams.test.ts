import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { systemClock } from "../../src/core/clock.ts";
import { openLink } from "../../src/link/open-link.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import { CountingClock } from "../support/counting-clock.ts";
import { type OperatedExit, startOperatedExit } from "../support/operated-exit.ts";
import { startTcpTarget, until } from "../support/proxy-fixture.ts";
import { roomyBudget } from "../support/roomy-budget.ts";
import { temporaryDirectory } from "../support/run-byway.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Streams of a link before a new one is opened, as one that is refused too often is sent away. */
const OF_A_LINK = 40;
const LINKS = 25;
/** As much as a leak of 2 KiB a stream. */
const HEAP_TOLERANCE_BYTES = 2 * 1024 * LINKS * OF_A_LINK;
const HELLO = "\x13BitTorrent protocol";

/** What the exit answers to what a link asks for all at once. */
async function askOnALink({ node }: OperatedExit, authorities: readonly string[]): Promise<readonly string[]> {
  const raw = await new TcpTransport({ clock: systemClock }).dial(node.address);
  const link = await openLink({ clock: systemClock, budget: roomyBudget() }, raw, { peerId: node.peerId });
  const codes = authorities.map(async (authority) => {
    const headers = { ":method": "CONNECT", ":authority": authority };
    const { stream, accepted } = link.open({ headers, toward: "target" });
    stream.on("error", () => {}).write(HELLO);
    try {
      await accepted;
      return "accepted";
    } catch (error) {
      return (error as { code: string }).code;
    } finally {
      stream.destroy();
    }
  });
  const told = await Promise.all(codes);
  link.destroy();
  await link.closed;
  return told;
}

test("an exit holds nothing of streams that it refused: no descriptor, no timer, no memory", {
  skip: existsSync("/proc/self/fd") ? false : "this system has no /proc",
}, async (t: TestContext) => {
  const clock = new CountingClock();
  await using target = await startTcpTarget((socket) => socket.end());
  const exit = await startOperatedExit(t, {
    clock,
    allowTargets: [target.address],
    policy: ["reject mail", "accept *:*"],
    streamLimits: { targetStreams: 1, linkTargetsPerMinute: 30 },
    dataDirectory: temporaryDirectory(t),
    log: { mode: "required", days: 30, mib: 64 },
  });
  const ways = ["10.0.0.1:80", "1.1.1.1:25", "127.0.0.1:1", target.authority, "router:80"];
  const asked = Array.from({ length: OF_A_LINK }, (_, index) => ways[index % ways.length] ?? "");
  const told = new Set(await askOnALink(exit, asked));
  assert.deepEqual([...told].sort(), ["ERR_NODE_LIMIT", "ERR_POLICY_PORT", "ERR_TARGET_PROHIBITED", "accepted"]);
  const descriptors = (): number => readdirSync("/proc/self/fd").length;
  const isQuiet = (): boolean => exit.node.operations.status().streams + exit.node.operations.status().links === 0;
  for (let count = 0; count < 10; count += 1) await askOnALink(exit, asked);
  await until(isQuiet);
  collectGarbage();
  const before = { descriptors: descriptors(), heap: process.memoryUsage().heapUsed, timers: clock.pending };
  for (let count = 0; count < LINKS; count += 1) await askOnALink(exit, asked);
  await until(() => isQuiet() && descriptors() <= before.descriptors);
  collectGarbage();
  const grown = process.memoryUsage().heapUsed - before.heap;
  assert.ok(grown < HEAP_TOLERANCE_BYTES, `${grown} bytes`);
  // Some belong to the log and to records that wait for the disk.
  assert.ok(clock.pending < before.timers + 10, `${clock.pending} timers after ${before.timers}`);
  await exit.node.stop();
});
