import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import { BywayError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { systemRandom } from "../../src/core/random.ts";
import { createCertificate } from "../../src/identity/certificate.ts";
import { generateIdentity } from "../../src/identity/identity.ts";
import type { IncomingStream } from "../../src/link/incoming-stream.ts";
import { LINK_LIMITS } from "../../src/link/limits.ts";
import type { Link } from "../../src/link/link.ts";
import { LinkServer } from "../../src/link/link-server.ts";
import { openLink } from "../../src/link/open-link.ts";
import { PublicPort } from "../../src/link/public-port.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import { RefusalCounts } from "../../src/rate/refusal-counts.ts";
import { collect } from "../support/collect.ts";
import type { FloodKind, FloodOutcome } from "../support/flood.ts";
import { requestsOf } from "../support/link-bench.ts";
import { processMemory, socketsOf } from "../support/processes.ts";
import { until } from "../support/proxy-fixture.ts";
import { roomyBudget } from "../support/roomy-budget.ts";
import { startFlood } from "../support/start-flood.ts";

const skip = existsSync("/proc/self/fd") ? false : "this system has no /proc";
const ECHO = "echo.example:7";
const ROUND_BYTES = 1_000_000;
const MOST_GROWTH_BYTES = 192 * 1024 * 1024;

/** A port that serves links, on which one target echoes and every other is refused. */
async function setUp(t: TestContext) {
  const [clock, logger, budget] = [systemClock, silentLogger, roomyBudget()];
  const refusals = new RefusalCounts();
  const identity = generateIdentity();
  const connectTarget = async (incoming: IncomingStream): Promise<void> => {
    if (incoming.authority !== ECHO) throw new BywayError("ERR_TARGET_PROHIBITED", "only the echo is served");
    const stream = incoming.accept();
    stream.pipe(stream);
  };
  const server = new LinkServer(
    { clock, logger, budget, refusals, requests: requestsOf({ connectTarget }) },
    await createCertificate(identity, clock, systemRandom),
  );
  const port = new PublicPort(
    { clock, refusals },
    { link: (raw) => server.accept(raw), notice: (socket) => socket.destroy() },
  );
  const transport = new TcpTransport({ clock });
  let accepted = 0;
  const listener = await transport.listen({ host: "127.203.1.1", port: 0 }, (raw) => {
    accepted += 1;
    port.accept(raw);
  });
  t.after(() => Promise.all([listener.close(), port.stop(), server.stop()]));
  const open = async (): Promise<Link> =>
    openLink({ clock, budget: roomyBudget() }, await transport.dial(listener.address), { peerId: identity.peerId });
  const flood = (kind: FloodKind, count: number, lanes: number, networks: number): Promise<FloodOutcome> => {
    const running = startFlood(kind, listener.address, { count, lanes, networks, seconds: 4 });
    t.after(() => running.stop());
    return running.outcome;
  };
  return { refusals, server, port, open, flood, accepted: () => accepted };
}

async function echo(link: Link): Promise<void> {
  const bytes = randomBytes(ROUND_BYTES);
  const { stream, accepted } = link.open({ headers: { ":method": "CONNECT", ":authority": ECHO }, toward: "target" });
  stream.end(bytes);
  const heard = collect(stream);
  await accepted;
  assert.ok((await heard).equals(bytes), "a stream did not come through whole");
}

test("under floods of every kind, links that stand go on, new ones come in, and what is held is bounded", {
  skip,
  timeout: 110_000,
}, async (t) => {
  const { refusals, server, port, open, flood, accepted } = await setUp(t);
  const standing = await open();
  t.after(() => standing.destroy());
  await echo(standing);
  const before = { sockets: socketsOf(process.pid), bytes: processMemory(process.pid), accepted: accepted() };
  const startedMs = performance.now();

  let over = false;
  let anew = 0;
  const floods = Promise.all([
    flood("half", 1_500, 1_500, 100),
    flood("handshakes", 1_000, 32, 4),
    flood("resets", 20_000, 1, 1),
    flood("refusals", 20_000, 1, 1),
    flood("silent", 2_000, 1_200, 1),
  ]).finally(() => {
    over = true;
  });
  const goOn = async (): Promise<void> => {
    while (!over) await echo(standing);
  };
  const comeAnew = async (): Promise<void> => {
    while (!over) {
      const link = await open();
      anew += 1;
      await echo(link);
      link.close();
    }
  };
  const [[half, handshakes, resets]] = await Promise.all([floods, goOn(), comeAnew()]);

  const seconds = (performance.now() - startedMs) / 1000;
  const mostIn = (burst: { value: number }, perSecond: { value: number }): number =>
    burst.value + perSecond.value * seconds;
  const { quietConnectionBurst, quietConnectionsPerSecond } = LINK_LIMITS;
  const { connectionBurst, connectionsPerSecond, handshakeBurst, handshakesPerSecond } = LINK_LIMITS;
  const refused = (refusals.counts["connection rate"] ?? 0) + (refusals.counts["connection rate of one network"] ?? 0);
  const admitted = accepted() - before.accepted - refused;
  const mostAdmitted =
    mostIn(connectionBurst, connectionsPerSecond) + mostIn(quietConnectionBurst, quietConnectionsPerSecond);
  assert.ok(admitted <= mostAdmitted, `${admitted} connections in ${seconds} s`);
  const answered = half.answered + handshakes.answered + anew;
  assert.ok(answered <= mostIn(handshakeBurst, handshakesPerSecond), `${answered} handshakes in ${seconds} s`);
  assert.ok(resets.ended > 0, "a link that resets what it asked for was not ended");
  assert.ok((refusals.counts["too many refused requests"] ?? 0) > 0, JSON.stringify(refusals.counts));
  assert.ok(anew > 0);

  await echo(standing);
  await until(() => server.links === 1 && port.unspoken === 0 && socketsOf(process.pid) <= before.sockets);
  const grown = processMemory(process.pid) - before.bytes;
  assert.ok(grown < MOST_GROWTH_BYTES, `${grown} bytes more than before`);
});
