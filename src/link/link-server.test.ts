import assert from "node:assert/strict";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { closeOf } from "../../test/support/collect.ts";
import { until } from "../../test/support/proxy-fixture.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { systemClock } from "../core/clock.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { systemRandom } from "../core/random.ts";
import { RefusalCounts } from "../core/refusal-counts.ts";
import { createCertificate } from "../identity/certificate.ts";
import { generateIdentity } from "../identity/identity.ts";
import { type HandshakeBounds, HandshakeQueue } from "./handshake-queue.ts";
import { LINK_LIMITS } from "./limits.ts";
import { LinkServer } from "./link-server.ts";
import { openLink } from "./open-link.ts";
import { PublicPort } from "./public-port.ts";
import { TcpTransport } from "./tcp-transport.ts";

const BOUNDS: HandshakeBounds = {
  rate: { perSecond: 10, burst: 1 },
  open: 20,
  openPerNetwork: 20,
  waiting: 20,
  waitMs: 5_000,
};

async function setUp(t: TestContext, bounds: HandshakeBounds, load = 0) {
  const clock = new FakeClock();
  const refusals = new RefusalCounts();
  const handshakes = new HandshakeQueue({ clock, refusals }, bounds);
  const identity = generateIdentity();
  const [logger, budget] = [silentLogger, roomyBudget()];
  const services = { describe: () => ({ v: 1 }) };
  const server = new LinkServer(
    { clock, logger, budget, services, refusals, handshakes, load: () => load },
    await createCertificate(identity, systemClock, systemRandom),
  );
  const port = new PublicPort({ clock }, { link: (raw) => server.accept(raw), notice: (socket) => socket.destroy() });
  const transport = new TcpTransport({ clock: systemClock });
  const listener = await transport.listen({ host: "127.0.0.1", port: 0 }, (raw) => port.accept(raw));
  t.after(() => Promise.all([listener.close(), port.stop(), server.stop()]));
  const { address } = listener;
  const open = async () =>
    openLink({ clock: systemClock, budget }, await transport.dial(address), { peerId: identity.peerId });
  return { clock, refusals, handshakes, server, address, open };
}

test("handshakes that wait for their turn are carried out then, with what has come meanwhile", async (t) => {
  const { clock, handshakes, server, open } = await setUp(t, BOUNDS);
  const opening = Promise.all([open(), open(), open(), open()]);
  await until(() => handshakes.waiting === 3 && server.links === 1);
  assert.equal(handshakes.open, 0);
  for (let links = 2; links <= 4; links += 1) {
    clock.advance(100);
    await until(() => server.links === links);
  }
  for (const link of await opening) {
    assert.equal(await link.get("/.well-known/byway"), '{"v":1}\n');
    link.destroy();
  }
  await until(() => server.links === 0);
  assert.equal(handshakes.open, 0);
});

test("one that fails, and one that goes away while it waits, give their places back", async (t) => {
  const { clock, handshakes, address, open } = await setUp(t, BOUNDS);
  const broken = connect(address);
  broken.end("\x16\x03\x01\x00\x03abc", "latin1");
  await closeOf(broken.resume());
  await until(() => handshakes.open === 0);
  const leaving = connect(address);
  leaving.write("\x16\x03\x01\x00\x03abc", "latin1");
  await until(() => handshakes.waiting === 1);
  leaving.resetAndDestroy();
  await until(() => handshakes.waiting === 0);
  clock.advance(100);
  (await open()).destroy();
  await until(() => handshakes.open === 0);
});

test("what waits too long is reset, and counted", async (t) => {
  const { clock, refusals, handshakes, open } = await setUp(t, { ...BOUNDS, rate: { perSecond: 0.01, burst: 1 } });
  const first = await open();
  const second = open();
  await until(() => handshakes.waiting === 1);
  clock.advance(BOUNDS.waitMs);
  await assert.rejects(second, { kind: "hop" });
  assert.deepEqual(refusals.counts, { "handshake rate": 1 });
  first.destroy();
});

test("links without streams make room sooner where nearly all places are taken", async (t) => {
  for (const load of [0.8, 0.95]) {
    const { clock, server, open } = await setUp(t, BOUNDS, load);
    const link = await open();
    for (let ms = 0; ms < LINK_LIMITS.crowdedIdleMs.value; ms += LINK_LIMITS.pingPeriodMs.value) {
      // The pings so far are answered by the time that an answer is here.
      await link.get("/.well-known/byway");
      await until(() => server.usage.streams === 0);
      clock.advance(LINK_LIMITS.pingPeriodMs.value);
    }
    if (load > 0.9) await link.closed;
    else await link.get("/.well-known/byway");
    link.destroy();
  }
});

test("what was refused and does not end is no stream that is served: a drain would wait for it", async (t) => {
  const { server, open } = await setUp(t, { ...BOUNDS, rate: { perSecond: 1_000, burst: 20 } });
  const link = await open();
  const { stream, accepted } = link.open({
    headers: { ":method": "CONNECT", ":authority": "a.example:443" },
    toward: "target",
  });
  await assert.rejects(accepted, { code: "ERR_HOP_ROLE" });
  assert.equal(stream.destroyed, false);
  assert.equal(server.usage.streams, 0);
  link.destroy();
});
