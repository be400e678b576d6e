import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { type KadDHT, kadDHT, MessageType, passthroughMapper } from "@libp2p/kad-dht";
import { multiaddr } from "@multiformats/multiaddr";
import { startTestPeer, type TestPeer, testRecord } from "../../test/support/overlays.ts";
import { until } from "../../test/support/proxy-fixture.ts";
import { type RawHost, startRawHost } from "../../test/support/raw-host.ts";
import { recordKey } from "./dht-store.ts";
import { fromLibp2p, toLibp2p } from "./libp2p-identity.ts";

const key = createHash("sha256").update("a key of the index").digest();
const target = Buffer.concat([Buffer.of(0x12, 0x20), key]);

interface RawDht {
  readonly raw: RawHost;
  readonly dht: KadDHT;
  /** Sends one message to the node and says whether it was answered or taken. */
  send(message: object): Promise<boolean>;
}

interface Sender {
  sendRequest(to: object, message: object, options: object): AsyncIterable<{ name: string }>;
  sendMessage(to: object, message: object, options: object): AsyncIterable<{ name: string }>;
}

/** A stranger whose DHT checks nothing, connected to `node`. */
async function stranger(stack: AsyncDisposableStack, node: TestPeer): Promise<RawDht> {
  const anything = async (): Promise<void> => {};
  const raw = stack.use(
    await startRawHost({
      dht: kadDHT({
        protocol: "/byway/kad/1.0.0",
        clientMode: true,
        peerInfoMapper: passthroughMapper,
        allowQueryWithZeroPeers: true,
        validators: { byway: anything },
        selectors: { byway: () => 0 },
      }) as () => unknown,
    }),
  );
  const dht = raw.libp2p.services.dht as KadDHT & { network: Sender; routingTable: { size: number } };
  await raw.libp2p.dial(multiaddr(node.address));
  await until(() => dht.routingTable.size === 1);
  const to = toLibp2p(node.identity.peerId);
  const options = { path: { index: -1, queued: 0, running: 0, total: 0 }, signal: AbortSignal.timeout(5_000) };
  return {
    raw,
    dht,
    async send(message) {
      const adds = (message as { type: MessageType }).type === MessageType.ADD_PROVIDER;
      const events = adds
        ? dht.network.sendMessage(to, message, options)
        : dht.network.sendRequest(to, message, options);
      for await (const { name } of events) if (name === "PEER_RESPONSE") return true;
      return false;
    },
  };
}

async function put({ dht }: RawDht, name: Uint8Array, value: Uint8Array): Promise<boolean> {
  let stored = false;
  for await (const event of dht.put(name, value)) {
    if (event.name === "PEER_RESPONSE" && event.messageName === "PUT_VALUE") stored = true;
  }
  return stored;
}

test("records that are forged, another's, too old or of another namespace are not stored", async () => {
  await using stack = new AsyncDisposableStack();
  const node = stack.use(await startTestPeer({ host: "127.0.0.1" }));
  const victim = stack.use(await startTestPeer({ host: "127.10.0.1" }));
  await victim.overlay.connect(node.address);
  const { peerId } = victim.identity;
  await victim.overlay.putRecord(peerId, testRecord(victim.identity, 5));
  const bad = await stranger(stack, node);
  const other = stack.use(await startTestPeer());
  assert.equal(await put(bad, recordKey(peerId), Buffer.from("forged")), false);
  assert.equal(await put(bad, recordKey(peerId), testRecord(other.identity, 9)), false);
  assert.equal(await put(bad, Buffer.from("/byway/nobody"), testRecord(other.identity, 9)), false);
  assert.equal(await put(bad, Buffer.from("/pk/x"), Buffer.from("x")), false);
  assert.equal(await put(bad, recordKey(other.identity.peerId), testRecord(other.identity, 9)), true);
  // Old but valid: taken without a word, and not kept.
  await put(bad, recordKey(peerId), testRecord(victim.identity, 4));
  assert.deepEqual(await other.overlay.connect(node.address), node.identity.peerId);
  assert.deepEqual(await other.overlay.getRecord(peerId), testRecord(victim.identity, 5));
});

test("nobody is named in the index by another, nor without an address that may be dialled", async () => {
  await using stack = new AsyncDisposableStack();
  const node = stack.use(await startTestPeer({ host: "127.0.0.1" }));
  const victim = stack.use(await startTestPeer({ host: "127.10.0.1" }));
  const bad = await stranger(stack, node);
  const name = (id: object, address: string): object => ({
    type: MessageType.ADD_PROVIDER,
    key: target,
    providers: [
      {
        id: (id as { toMultihash(): { bytes: Uint8Array } }).toMultihash().bytes,
        multiaddrs: [multiaddr(address).bytes],
      },
    ],
    closer: [],
  });
  await bad.send(name(toLibp2p(victim.identity.peerId), victim.where));
  await bad.send(name(bad.raw.libp2p.peerId, "/ip4/169.254.169.254/tcp/80"));
  await bad.send(name(bad.raw.libp2p.peerId, "/dns4/localhost/tcp/80"));
  const client = stack.use(await startTestPeer());
  await client.overlay.connect(node.address);
  assert.deepEqual(await client.overlay.providers(key, 10), []);
  await bad.send(name(bad.raw.libp2p.peerId, "/ip4/127.0.0.1/tcp/9"));
  assert.deepEqual(await client.overlay.providers(key, 10), [
    { peerId: fromLibp2p(bad.raw.libp2p.peerId), addresses: ["/ip4/127.0.0.1/tcp/9"] },
  ]);
});

test("a flood of DHT requests is metered, and others are served", async () => {
  await using stack = new AsyncDisposableStack();
  const node = stack.use(await startTestPeer({ host: "127.0.0.1" }));
  const bad = await stranger(stack, node);
  let answered = 0;
  for (let count = 0; count < 300; count += 1) {
    if (await bad.send({ type: MessageType.FIND_NODE, key: target, closer: [], providers: [] })) answered += 1;
  }
  assert.ok(answered > 50 && answered < 250, `${answered}`);
  const good = stack.use(await startTestPeer({ host: "127.20.0.1" }));
  await good.overlay.connect(node.address);
  await good.overlay.putRecord(good.identity.peerId, testRecord(good.identity, 1));
  assert.notEqual(await node.overlay.getRecord(good.identity.peerId), undefined);
});
