import assert from "node:assert/strict";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { after, before, suite, test } from "node:test";
import tls from "node:tls";
import { CircuitBuilder } from "../../src/circuit/circuit-builder.ts";
import type { Hop } from "../../src/circuit/hop.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { ErrorCode } from "../../src/core/error-table.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import { systemRandom } from "../../src/core/random.ts";
import { createCertificate } from "../../src/identity/certificate.ts";
import { generateIdentity, type Identity } from "../../src/identity/identity.ts";
import { directTo } from "../../src/link/direct-way.ts";
import type { Link } from "../../src/link/link.ts";
import { openLink } from "../../src/link/open-link.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import { type BywayNode, createNode } from "../../src/node/node.ts";
import type { Role } from "../../src/node/role.ts";
import { signAdvertisement } from "../../src/peers/signed-advertisement.ts";
import { Observer } from "../../src/trust/observer.ts";
import { formatHopAuthority } from "../../src/wire/hop-authority.ts";
import { onlyHops } from "../support/hops.ts";
import { roomyBudget } from "../support/roomy-budget.ts";
import { tcpDialler } from "../support/tcp-dialler.ts";

const HOST = "127.203.0.1";

suite("hostile hops", () => {
  const cleanup = new AsyncDisposableStack();
  const transport = new TcpTransport({ clock: systemClock });
  const builder = new CircuitBuilder({
    observer: new Observer({ clock: systemClock }),
    clock: systemClock,
    random: systemRandom,
    budget: roomyBudget(),
    dialler: tcpDialler(),
  });
  /** Serves as both roles. */
  let honest: BywayNode;
  /** Relays in the local network. */
  let relay: BywayNode;
  /** Relays, and knows public addresses only. */
  let publicRelay: BywayNode;
  let exitOnly: BywayNode;
  /** Nobody may be led here. */
  let decoy: HostPort;
  let decoyConnections = 0;

  const node = async (roles: readonly Role[], localNetwork: boolean): Promise<BywayNode> => {
    const listen = { host: HOST, port: 0 };
    const made = await createNode({
      identity: generateIdentity(),
      listen,
      roles,
      localNetwork,
      dnsServers: ["127.53.0.2"],
    });
    cleanup.defer(() => made.stop());
    return made;
  };
  const linkTo = async (to: BywayNode): Promise<Link> => {
    const link = await openLink({ clock: systemClock, budget: roomyBudget() }, await transport.dial(to.address), {
      peerId: to.peerId,
    });
    cleanup.defer(() => link.destroy());
    return link;
  };
  /** Asks `through` to carry a link to `peerId` along with `envelope`. */
  const ask = async (through: BywayNode, peerId: string, envelope: Uint8Array | undefined): Promise<unknown> => {
    const link = await linkTo(through);
    const sent = envelope === undefined ? {} : { "byway-advertisement": Buffer.from(envelope).toString("base64url") };
    const headers = { ":method": "CONNECT", ":authority": formatHopAuthority(peerId), ...sent };
    return link.open({ headers, toward: "hop" }).accepted;
  };
  const refused = async (code: ErrorCode, asked: Promise<unknown>): Promise<void> => {
    await assert.rejects(asked, { code });
    assert.equal(decoyConnections, 0);
  };

  before(async () => {
    honest = await node(["relay", "exit"], true);
    relay = await node(["relay"], true);
    publicRelay = await node(["relay"], false);
    exitOnly = await node(["exit"], true);
    const server = net.createServer((socket) => {
      decoyConnections += 1;
      socket.destroy();
    });
    decoy = await listen(cleanup, server);
  });
  after(() => cleanup.disposeAsync());

  for (const place of ["first", "second"] as const) {
    const build = (hop: Hop): Promise<unknown> =>
      builder.build(onlyHops(place === "first" ? [hop] : [hopOf(relay), hop]));
    // What the relay found out in the client's place is its word, and only that it does not carry on is taken from it.
    const found = (code: string): string => (place === "first" ? code : "ERR_HOP_UNREACHABLE");

    test(`a ${place} hop with another key is found out`, async () => {
      const impostor = generateIdentity();
      const hop = {
        peerId: impostor.peerId,
        ways: [directTo(honest.address)],
        shown: signed(impostor, honest.address),
      };
      await assert.rejects(build(hop), (error: { code?: string; data?: { status?: unknown } }) => {
        assert.equal(error.code, found("ERR_HOP_IDENTITY"));
        const [hop, stage] = place === "first" ? [1, "handshake"] : [2, "extend"];
        const { status: _, ...told } = error.data ?? {};
        assert.deepEqual(told, { hop, hops: hop, peerId: impostor.peerId, stage });
        return true;
      });
    });

    test(`a ${place} hop without post-quantum key exchange is refused`, async () => {
      const identity = generateIdentity();
      const { certPem, keyPem } = await createCertificate(identity, systemClock, systemRandom);
      const classical = { cert: certPem, key: keyPem, ecdhCurve: "X25519", ALPNProtocols: ["h2"] };
      const endpoint = await listen(
        cleanup,
        tls.createServer(classical).on("tlsClientError", () => {}),
      );
      const hop = { peerId: identity.peerId, ways: [directTo(endpoint)], shown: signed(identity, endpoint) };
      await assert.rejects(build(hop), { code: "ERR_HOP_CLASSICAL" });
    });

    test(`a ${place} hop that speaks no TLS is refused`, async () => {
      const identity = generateIdentity();
      const plain = net.createServer((socket) => {
        socket
          .on("error", () => {})
          .resume()
          .end("HTTP/1.1 400 Bad Request\r\n\r\n");
      });
      const endpoint = await listen(cleanup, plain);
      const hop = { peerId: identity.peerId, ways: [directTo(endpoint)], shown: signed(identity, endpoint) };
      await assert.rejects(build(hop), { code: found("ERR_HOP_TLS") });
    });
  }

  test("a relay does not act as exit, for TCP or UDP", async () => {
    const circuit = await builder.build(onlyHops([hopOf(relay)]));
    await refused("ERR_HOP_ROLE", circuit.openStream(decoy));
    await refused("ERR_HOP_ROLE", circuit.openDatagrams(decoy));
    circuit.destroy();
    await circuit.closed;
  });

  test("an exit does not act as relay", async () => {
    await assert.rejects(builder.build(onlyHops([hopOf(exitOnly), hopOf(honest)])), { code: "ERR_HOP_ROLE" });
  });

  test("a relay wants an advertisement, and that of the peer that it is asked for", async () => {
    const { peerId } = honest;
    await refused("ERR_HOP_UNKNOWN", ask(relay, peerId, undefined));
    await refused("ERR_HOP_UNKNOWN", ask(relay, peerId, signed(generateIdentity(), decoy)));
  });

  test("a relay refuses an altered advertisement", async () => {
    const owner = generateIdentity();
    const envelope = signed(owner, honest.address);
    // The signature is the last field, the endpoint stands in the signed payload before it.
    for (const at of [envelope.length - 1, Buffer.from(envelope).indexOf(HOST) + HOST.length - 1]) {
      const altered = Uint8Array.from(envelope);
      altered[at] = (altered[at] ?? 0) ^ 1;
      await refused("ERR_ADVERTISEMENT_SIGNATURE", ask(relay, owner.peerId, altered));
    }
    await refused("ERR_ADVERTISEMENT_MALFORMED", ask(relay, owner.peerId, envelope.subarray(1)));
    await refused("ERR_ADVERTISEMENT_MALFORMED", ask(relay, owner.peerId, new Uint8Array(3_000)));
  });

  test("a relay refuses an expired advertisement and one from the future", async () => {
    const owner = generateIdentity();
    const nowSec = Math.floor(systemClock.nowMs() / 1000);
    await refused("ERR_ADVERTISEMENT_EXPIRED", ask(relay, owner.peerId, signed(owner, decoy, nowSec - 7_201)));
    await refused("ERR_ADVERTISEMENT_FUTURE", ask(relay, owner.peerId, signed(owner, decoy, nowSec + 3_600)));
  });

  test("a relay dials only what the advertisement holds", async () => {
    const link = await linkTo(relay);
    const advertisement = { "byway-advertisement": Buffer.from(honest.advertisement()).toString("base64url") };
    const asked = (authority: string): Promise<unknown> =>
      link.open({ headers: { ":method": "CONNECT", ":authority": authority, ...advertisement }, toward: "hop" })
        .accepted;
    await refused("ERR_HOP_ROLE", asked(`${decoy.host}:${decoy.port}`));
    await assert.rejects(asked(`${honest.peerId}.byway.alt:${decoy.port}`));
    await assert.rejects(asked(`${decoy.host}.byway.alt:443`));
    assert.equal(decoyConnections, 0);
  });

  test("a relay carries nothing to a server that its stranger signed for but that is no node", async () => {
    const owner = generateIdentity();
    const heard: Buffer[] = [];
    const victim = net.createServer((socket) => {
      socket.on("error", () => {}).on("data", (chunk: Buffer) => heard.push(chunk));
      socket.write("220 mail.example ESMTP\r\n");
    });
    const endpoint = await listen(cleanup, victim);
    const link = await linkTo(relay);
    const { accepted } = link.open({
      headers: {
        ":method": "CONNECT",
        ":authority": formatHopAuthority(owner.peerId),
        "byway-advertisement": Buffer.from(signed(owner, endpoint)).toString("base64url"),
      },
      toward: "hop",
      early: Buffer.from("EHLO spam.example\r\n"),
    });
    await assert.rejects(accepted, {
      code: "ERR_HOP_UNREACHABLE",
      message: `the relay says: "the next hop did not prove itself"`,
    });
    assert.doesNotMatch(Buffer.concat(heard).toString("latin1"), /EHLO/);
  });

  test("outside a local network no advertisement leads a relay to a private address", async () => {
    for (const host of [HOST, "127.0.0.1", "10.0.0.1", "192.168.0.1", "169.254.169.254", "::1", "fd00::1"]) {
      const owner = generateIdentity();
      const envelope = signed(owner, { host, port: decoy.port });
      await refused("ERR_ADVERTISEMENT_PRIVATE", ask(publicRelay, owner.peerId, envelope));
    }
  });

  test("in a local network a relay still goes neither to itself nor off the map", async () => {
    for (const endpoint of [
      relay.address,
      { host: "169.254.169.254", port: 80 },
      { host: "0.0.0.0", port: decoy.port },
    ]) {
      const owner = generateIdentity();
      await refused("ERR_HOP_UNREACHABLE", ask(relay, owner.peerId, signed(owner, endpoint)));
    }
  });
});

function hopOf(node: BywayNode): Hop {
  return { peerId: node.peerId, ways: [directTo(node.address)], shown: node.advertisement() };
}

/** An advertisement of `identity` at `endpoint` with a good signature, whatever it claims. */
function signed(
  identity: Identity,
  endpoint: HostPort,
  issuedAtSec: number = Math.floor(systemClock.nowMs() / 1000),
): Uint8Array {
  return signAdvertisement(
    {
      v: 1,
      peer: identity.peerId,
      seq: 1,
      issuedAtSec,
      expiresAtSec: issuedAtSec + 7_200,
      roles: ["relay", "exit"],
      endpoints: [endpoint],
      protocols: ["tcp"],
      policy: { acceptedPorts: [] },
      software: "test/1",
    },
    identity,
  );
}

async function listen(cleanup: AsyncDisposableStack, server: net.Server): Promise<HostPort> {
  server.listen(0, HOST);
  await once(server, "listening");
  cleanup.defer(async () => {
    server.close();
    await once(server, "close");
  });
  return { host: HOST, port: (server.address() as AddressInfo).port };
}
