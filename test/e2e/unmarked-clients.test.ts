import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { type BywayClient, createClient } from "../../src/client/client.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import { formatPeerAddress } from "../../src/core/peer-address.ts";
import { seededRandom } from "../../src/core/random.ts";
import { splice } from "../../src/flow/splice.ts";
import { fixtureGeo } from "../../src/geo/fixture-geo.ts";
import { generateIdentity } from "../../src/identity/identity.ts";
import { libp2pPeerId } from "../../src/identity/peer-id.ts";
import type { IncomingStream } from "../../src/link/incoming-stream.ts";
import { type BywayNode, createNode } from "../../src/node/node.ts";
import type { OverlayAsker } from "../../src/overlay/overlay.ts";
import { collect } from "../support/collect.ts";
import { type HostileNode, hostileNode } from "../support/hostile-node.ts";
import { until } from "../support/proxy-fixture.ts";
import { roomyBudget } from "../support/roomy-budget.ts";

const NETWORK = "marks";
const RELAY = "127.30.0.1";
const CLIENTS = 2;
const REQUESTS = 200;
/** Beats what comes by way of others. */
const AHEAD_MS = 500_000;
/** Each session of a client has a circuit of its own. */
const SESSIONS = 10;

/** What the exit and the relay that works with it see of one request, beside the target. */
interface Sight {
  readonly client: number;
  /** The port of the exit at which the circuit came. */
  readonly tag: number;
}

/** Everything that a relay was sent with the requests to carry on. */
type Asked = Readonly<Record<string, unknown>>;

async function relayNode(
  cleanup: AsyncDisposableStack,
  host: string,
  bootstrap: readonly string[],
): Promise<BywayNode> {
  const node = await createNode({
    identity: generateIdentity(),
    listen: { host, port: 0 },
    bindEgress: [host],
    roles: ["relay"],
    localNetwork: true,
    checksReach: false,
    directory: { network: NETWORK, bootstrap, geo: fixtureGeo() },
  });
  cleanup.defer(() => node.stop());
  return node;
}

test("an exit and a relay that work together cannot tell which client asks, over two hops and over three", async () => {
  await using cleanup = new AsyncDisposableStack();
  const sights: Sight[] = [];
  const asked: Asked[] = [];
  const marks = new Map<string, number>();
  /** The mark of a peer that asks for nodes: one for each client, which is told by its address, and none for relays. */
  const markOf = ({ peerId, address }: OverlayAsker): number => {
    if (address !== "127.0.0.1") return 0;
    const mark = marks.get(peerId) ?? marks.size + 1;
    marks.set(peerId, mark);
    return mark;
  };
  const serveTarget = async (tag: number, incoming: IncomingStream): Promise<void> => {
    sights.push({ client: Number(/^client-(\d)\./.exec(incoming.authority)?.[1]), tag });
    incoming.accept().end("seen");
  };
  const exit: HostileNode = await hostileNode(cleanup, {
    host: "127.61.0.3",
    network: NETWORK,
    roles: ["exit"],
    tags: CLIENTS,
    services: (tag) => ({ connectTarget: (incoming) => serveTarget(tag, incoming) }),
    answer: (asker) => [exit.advertisement(markOf(asker), AHEAD_MS)],
  });
  const honest = await relayNode(cleanup, "127.20.0.1", []);
  const places = new Map<string, HostPort>([[honest.peerId, honest.address]]);
  const carry = async (incoming: IncomingStream, peerId: string): Promise<void> => {
    asked.push({ ...incoming.headers });
    const place = places.get(peerId) ?? exit.endpoints[0] ?? assert.fail();
    const onward = connect({ ...place, localAddress: RELAY, allowHalfOpen: true });
    await splice({ clock: systemClock, budget: roomyBudget() }, incoming.accept(), onward);
  };
  // It tells each client of the exit what the exit would tell that client itself.
  const relay: HostileNode = await hostileNode(cleanup, {
    host: RELAY,
    network: NETWORK,
    roles: ["relay"],
    services: () => ({ connectHop: carry }),
    answer: (asker) => [relay.advertisement(0), honest.advertisement(), exit.advertisement(markOf(asker), AHEAD_MS)],
  });
  const other = await relayNode(cleanup, "127.40.0.1", [honest.bootstrap]);
  places.set(other.peerId, other.address);
  for (const node of [exit, relay]) for (const { bootstrap } of [honest, other]) await node.join(bootstrap);
  const clients: BywayClient[] = [];
  for (let client = 0; client < CLIENTS; client += 1) {
    const made = await createClient({
      hops: 3,
      localNetwork: true,
      directory: {
        network: NETWORK,
        bootstrap: [honest.bootstrap, other.bootstrap, bootstrapOf(relay), bootstrapOf(exit)],
        geo: fixtureGeo(),
      },
    });
    cleanup.defer(() => made.stop());
    clients.push(made);
    // Clients are known by the order in which they come.
    await until(() => marks.size > client && made.usableNodes >= 3);
  }
  const random = seededRandom(1);
  let right = 0;
  for (let number = 0; number < REQUESTS; number += 1) {
    const index = number % CLIENTS;
    const client = clients[index] ?? assert.fail();
    const hops = 2 + (Math.floor(number / 2) % 2);
    const session = `s${Math.floor(number / 4) % SESSIONS}`;
    const target = { host: `client-${index}.example`, port: 80 };
    const { stream } = await client.connect(target, { node: exit.identity.peerId, hops, session });
    stream.end();
    assert.equal((await collect(stream)).toString(), "seen");
    const sight = sights.at(-1) ?? assert.fail();
    assert.equal(sight.client, index);
    // Whoever came to a port that was told to one client alone is that client; else chance decides.
    const guess = sight.tag === 0 ? Math.floor(random.float() * CLIENTS) : sight.tag - 1;
    if (guess === index) right += 1;
  }
  assert.equal(sights.length, REQUESTS);
  // Three standard deviations of 200 throws of a coin are 21.
  assert.ok(Math.abs(right - REQUESTS / 2) <= 21, `${right} of ${REQUESTS} guesses are right`);
  assert.deepEqual(new Set(sights.map(({ tag }) => tag)), new Set([0]), "all come to the port that everybody knows");
  // What the relay reads is the name of the next hop, and that alone.
  assert.ok(asked.length > 0);
  for (const headers of asked) assert.deepEqual(Object.keys(headers).sort(), [":authority", ":method"]);
  // No client connects from its own address to an exit that it uses behind others.
  const direct = exit.links.filter(({ from }) => from === "127.0.0.1");
  assert.deepEqual(direct, []);
});

function bootstrapOf({ endpoints, identity }: HostileNode): string {
  return formatPeerAddress({ ...(endpoints[0] ?? assert.fail()), peer: libp2pPeerId(identity.peerId) });
}
