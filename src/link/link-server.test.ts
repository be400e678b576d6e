import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type TestContext, test } from "node:test";
import { connect as tls } from "node:tls";
import { closeOf } from "../../test/support/collect.ts";
import { requestsOf } from "../../test/support/link-bench.ts";
import { until } from "../../test/support/proxy-fixture.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { systemClock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { systemRandom } from "../core/random.ts";
import { createCertificate } from "../identity/certificate.ts";
import { generateIdentity } from "../identity/identity.ts";
import { RefusalCounts } from "../rate/refusal-counts.ts";
import { type HandshakeBounds, HandshakeQueue } from "./handshake-queue.ts";
import { LINK_LIMITS } from "./limits.ts";
import type { Link, PendingStream } from "./link.ts";
import { LinkPlaces } from "./link-places.ts";
import { LinkServer } from "./link-server.ts";
import { openLink } from "./open-link.ts";
import { PublicPort } from "./public-port.ts";
import { TcpTransport } from "./tcp-transport.ts";
import { isUnprocessed } from "./unprocessed.ts";

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
  const server = new LinkServer(
    { clock, logger, budget, requests: requestsOf({}), refusals, handshakes, load: () => load },
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

/** A server with so few places, and links to it from addresses of the loopback network. */
async function setUpFull(t: TestContext, most: number) {
  const clock = new FakeClock();
  const refusals = new RefusalCounts();
  const identity = generateIdentity();
  const budget = roomyBudget();
  const held = Promise.withResolvers<void>();
  const accepted: Duplex[] = [];
  let asked = 0;
  let told = (): void => {};
  const server = new LinkServer(
    {
      clock,
      logger: silentLogger,
      budget,
      refusals,
      places: new LinkPlaces({ most, mostPerCrowd: most, mostPerNetwork: most }, refusals),
      requests: requestsOf({
        connectTarget: async (incoming) => {
          asked += 1;
          if (incoming.authority.startsWith("closed.")) throw new BywayError("ERR_POLICY_PORT", "closed");
          incoming.accept();
          await held.promise;
        },
      }),
    },
    await createCertificate(identity, systemClock, systemRandom),
  );
  const transport = new TcpTransport({ clock: systemClock });
  const listener = await transport.listen({ host: "127.0.0.1", port: 0 }, (raw) => {
    accepted.push(raw);
    server.accept(raw);
    told();
  });
  t.after(async () => {
    held.resolve();
    await Promise.all([listener.close(), server.stop()]);
  });
  const dial = (localAddress: string): Socket => {
    const socket = connect({ ...listener.address, localAddress });
    t.after(() => socket.destroy());
    return socket;
  };
  const open = async (localAddress: string): Promise<Link> => {
    const links = server.links;
    const link = await openLink({ clock: systemClock, budget }, dial(localAddress), { peerId: identity.peerId });
    t.after(() => link.destroy());
    await until(() => server.links > links || links === most);
    return link;
  };
  /** Calls `told` from now on when a connection has got or not got its place. */
  const onAccepted = (next: () => void): void => {
    told = next;
  };
  return { clock, refusals, server, accepted, dial, open, onAccepted, asked: () => asked };
}

const HOLD = { headers: { ":method": "CONNECT", ":authority": "a.example:443" }, toward: "target" } as const;

test("a full node closes its longest idle link of the largest network for one from elsewhere, and no stream ends", async (t) => {
  const { refusals, server, open } = await setUpFull(t, 3);
  const [busy, idle, youngest] = [await open("127.10.0.1"), await open("127.10.0.2"), await open("127.10.0.3")];
  const stream = busy.open(HOLD);
  await stream.accepted;
  const newcomer = await open("127.20.0.1");
  await idle.closed;
  assert.equal(await newcomer.get("/.well-known/byway"), '{"v":1}\n');
  assert.deepEqual([busy.usable, youngest.usable, stream.stream.destroyed], [true, true, false]);
  assert.throws(() => idle.open(HOLD), { code: "ERR_HOP_LOST", message: "the link closed" });
  // One more would have as many as the other network; one of the other network would, too.
  for (const address of ["127.20.0.2", "127.10.0.4"]) await assert.rejects(open(address), { kind: "hop" });
  assert.deepEqual(refusals.counts, { "idle links": 1, links: 2 });
  await until(() => server.links === 3);
});

test("a request that meets the end of its idle link is proved unread, and may be sent again with its first bytes", async (t) => {
  const { asked, onAccepted, open } = await setUpFull(t, 2);
  const idle = await open("127.10.0.1");
  await open("127.10.0.2");
  // The server has sent its GOAWAY, and the client has not read it.
  const met = new Promise<PendingStream>((resolve) => {
    onAccepted(() => resolve(idle.open({ ...HOLD, early: Buffer.from("first bytes") })));
  });
  const newcomer = await open("127.20.0.1");
  const { stream, accepted } = await met;
  stream.on("error", () => {});
  await assert.rejects(accepted, (error: unknown) => error instanceof BywayError && isUnprocessed(error));
  assert.equal(asked(), 0);
  const again = newcomer.open({ ...HOLD, early: Buffer.from("first bytes") });
  again.stream.on("error", () => {});
  await again.accepted;
  assert.equal(asked(), 1);
});

test("a link that is in use again before a newcomer comes stays, and one that was in use last is the youngest", async (t) => {
  const { open } = await setUpFull(t, 3);
  const [first, second, third] = [await open("127.10.0.1"), await open("127.10.0.2"), await open("127.10.0.3")];
  const stream = second.open(HOLD);
  await stream.accepted;
  for (const link of [third, first]) await link.get("/.well-known/byway");
  await open("127.20.0.1");
  await third.closed;
  assert.deepEqual([first.usable, second.usable], [true, true]);
});

test("requests that were answered keep no place, though the peer leaves their streams open", async (t) => {
  const { server, dial, open } = await setUpFull(t, 2);
  const socket = tls({ socket: dial("127.10.0.1"), rejectUnauthorized: false, ALPNProtocols: ["h2"] });
  await once(socket, "secureConnect");
  const session = connectHttp2("https://node.example", { createConnection: () => socket });
  t.after(() => session.destroy());
  const requests = [
    { ":method": "CONNECT", ":authority": "closed.example:443" },
    { ":method": "GET", ":path": "/.well-known/byway" },
  ].map((headers) => session.request(headers, { endStream: false }));
  for (const request of requests) {
    request.on("error", () => {});
    await once(request, "response");
  }
  await open("127.10.0.2");
  assert.equal(server.links, 2);
  session.on("error", () => {});
  const sentAway = once(session, "goaway");
  await open("127.20.0.1");
  assert.equal((await sentAway)[0], 0);
});

test("a peer that does not close the link that gave way loses the connection all the same", async (t) => {
  const { clock, server, accepted, dial, open } = await setUpFull(t, 2);
  const rude = tls({ socket: dial("127.10.0.1"), rejectUnauthorized: false, ALPNProtocols: ["h2"] });
  rude.allowHalfOpen = true;
  rude.on("error", () => {});
  await once(rude, "secureConnect");
  rude.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "latin1");
  rude.pause();
  await until(() => server.links === 1);
  await open("127.10.0.2");
  await open("127.20.0.1");
  const [held] = accepted;
  assert.equal(held?.destroyed, false);
  clock.advance(LINK_LIMITS.closingMs.value);
  assert.equal(held?.destroyed, true);
});
