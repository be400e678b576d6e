import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { testRecord } from "../../test/support/overlays.ts";
import { systemClock } from "../core/clock.ts";
import type { Identity } from "../identity/identity.ts";
import type { Overlay, OverlayAsker, OverlayServices } from "./overlay.ts";

/** A peer whose overlay runs. */
export interface CompliantPeer extends AsyncDisposable {
  readonly identity: Identity;
  readonly overlay: Overlay;
  /** Whole multiaddr; "" for a client. */
  readonly address: string;
  /** Multiaddr without peer id; "" for a client. */
  readonly where: string;
}

/** Starts a node at a host of 127.x with test services, or a client where no host is given. */
export type StartPeer = (options: { host?: string; services?: Partial<OverlayServices> }) => Promise<CompliantPeer>;

const key = createHash("sha256").update("a key of the index").digest();

/** Three nodes of which the second and third know the first, and a client that knows it too. */
async function network(
  stack: AsyncDisposableStack,
  start: StartPeer,
): Promise<readonly [CompliantPeer, CompliantPeer, CompliantPeer, CompliantPeer]> {
  const first = stack.use(await start({ host: "127.0.0.1" }));
  const second = stack.use(await start({ host: "127.10.0.1" }));
  const third = stack.use(await start({ host: "127.20.0.1" }));
  const client = stack.use(await start({}));
  for (const peer of [second, third, client]) await peer.overlay.connect(first.address);
  return [first, second, third, client];
}

/** What every overlay must do. Each call of `open` makes a network of its own. */
export function overlayCompliance(name: string, open: () => StartPeer): void {
  test(`${name}: a client connects to a node and asks it, and the node sees who asks`, async () => {
    const askers: OverlayAsker[] = [];
    const answer = (asker: OverlayAsker, request: Uint8Array): Uint8Array => {
      askers.push(asker);
      return Uint8Array.from(request).reverse();
    };
    const start = open();
    await using node = await start({ host: "127.0.0.1", services: { answer } });
    await using client = await start({});
    assert.equal(await client.overlay.connect(node.address), node.identity.peerId);
    assert.deepEqual(client.overlay.connected(), [node.identity.peerId]);
    assert.equal(client.overlay.addressOf(node.identity.peerId), "127.0.0.1");
    assert.equal(client.overlay.addressOf(client.identity.peerId), undefined);
    assert.deepEqual(await client.overlay.ask(node.identity.peerId, Uint8Array.of(1, 2)), Uint8Array.of(2, 1));
    assert.deepEqual(
      askers.map(({ peerId }) => peerId),
      [client.identity.peerId],
    );
  });

  test(`${name}: a peer that was only learnt of is dialled; one that is not known or not there is unreachable`, async () => {
    const start = open();
    await using node = await start({ host: "127.0.0.1" });
    await using client = await start({});
    const ask = (): Promise<Uint8Array> => client.overlay.ask(node.identity.peerId, Uint8Array.of(1));
    await assert.rejects(ask(), { code: "ERR_PEER_UNREACHABLE" });
    await client.overlay.learn(node.identity.peerId, [node.where]);
    assert.equal((await ask()).length, 1);
    const gone = await start({ host: "127.0.0.1" });
    await gone[Symbol.asyncDispose]();
    await assert.rejects(client.overlay.connect(gone.address), { code: "ERR_PEER_UNREACHABLE" });
    await assert.rejects(client.overlay.connect("/ip4/127.0.0.1"), { code: "ERR_PEER_UNREACHABLE" });
    await assert.rejects(client.overlay.connect("nonsense"), { code: "ERR_PEER_UNREACHABLE" });
  });

  test(`${name}: whoever answers with another key than the address names is not connected to`, async () => {
    const start = open();
    await using node = await start({ host: "127.0.0.1" });
    await using other = await start({ host: "127.0.0.1" });
    await using client = await start({});
    const wrong = `${node.where}/p2p/${other.identity.peerId}`;
    await assert.rejects(client.overlay.connect(wrong), { code: "ERR_PEER_UNREACHABLE" });
    assert.equal(await client.overlay.connect(`${node.where}/p2p/${node.identity.peerId}`), node.identity.peerId);
  });

  test(`${name}: aborting takes a question and a dial back with the reason`, async () => {
    const start = open();
    await using node = await start({ host: "127.0.0.1", services: { answer: () => new Promise(() => {}) } });
    await using client = await start({});
    const peer = await client.overlay.connect(node.address);
    const abort = new AbortController();
    const asked = client.overlay.ask(peer, Uint8Array.of(1), abort.signal);
    abort.abort(new Error("enough"));
    await assert.rejects(asked, { message: "enough" });
    await assert.rejects(client.overlay.connect(node.address, abort.signal), { message: "enough" });
  });

  test(`${name}: a record that one peer puts is found by another, and the newest wins wherever an older one is put`, async () => {
    const start = open();
    await using stack = new AsyncDisposableStack();
    const [first, second, third, client] = await network(stack, start);
    const { identity } = second;
    await second.overlay.putRecord(identity.peerId, testRecord(identity, 5));
    assert.deepEqual(await client.overlay.getRecord(identity.peerId), testRecord(identity, 5));
    await second.overlay.putRecord(identity.peerId, testRecord(identity, 6));
    await third.overlay.putRecord(identity.peerId, testRecord(identity, 4));
    for (const { overlay } of [first, second, third, client]) {
      assert.deepEqual(await overlay.getRecord(identity.peerId), testRecord(identity, 6));
    }
    assert.equal(await client.overlay.getRecord(third.identity.peerId), undefined);
  });

  test(`${name}: a look-up right after the first connection finds what is there`, async () => {
    const start = open();
    await using node = await start({ host: "127.0.0.1" });
    await using owner = await start({ host: "127.10.0.1" });
    await owner.overlay.connect(node.address);
    await owner.overlay.putRecord(owner.identity.peerId, testRecord(owner.identity, 5));
    for (let count = 0; count < 5; count += 1) {
      await using client = await start({});
      await client.overlay.connect(node.address);
      assert.notEqual(await client.overlay.getRecord(owner.identity.peerId), undefined);
    }
  });

  test(`${name}: the index names who provides, with its address, and not who asks`, async () => {
    const start = open();
    await using stack = new AsyncDisposableStack();
    const [first, second, third, client] = await network(stack, start);
    for (const { overlay } of [second, third]) await overlay.provide(key);
    const found = await client.overlay.providers(key, 10);
    assert.deepEqual(
      new Map(found.map(({ peerId, addresses }) => [peerId, addresses])),
      new Map([
        [second.identity.peerId, [second.where]],
        [third.identity.peerId, [third.where]],
      ]),
    );
    assert.equal((await client.overlay.providers(key, 1)).length, 1);
    assert.deepEqual(
      (await second.overlay.providers(key, 10)).map(({ peerId }) => peerId),
      [third.identity.peerId],
    );
    assert.deepEqual(await first.overlay.providers(createHash("sha256").update("other").digest(), 10), []);
  });

  test(`${name}: gossip reaches those who hear a topic through one that accepts it, and not past one who does not`, async () => {
    const start = open();
    await using node = await start({ host: "127.0.0.1" });
    await using teller = await start({});
    await using hearer = await start({});
    for (const { overlay } of [teller, hearer]) await overlay.connect(node.address);
    const heard = Promise.withResolvers<string>();
    node.overlay.subscribe("t", (message) => (Buffer.from(message).includes("bad") ? "reject" : "accept"));
    hearer.overlay.subscribe("t", (message, from) => {
      heard.resolve(`${Buffer.from(message)} from ${from}`);
      return "accept";
    });
    // A message that comes before anybody is known to hear the topic is lost, as it may be.
    let number = 0;
    const publish = async (): Promise<void> => {
      await teller.overlay.publish("t", Buffer.from(`good ${number++}`));
    };
    await teller.overlay.publish("t", Buffer.from("bad"));
    await publish();
    const sending = systemClock.every(200, publish);
    const message = await heard.promise;
    sending.cancel();
    assert.match(message, new RegExp(`^good \\d+ from ${node.identity.peerId}$`));
  });

  test(`${name}: a small network is counted exactly`, async () => {
    const start = open();
    await using stack = new AsyncDisposableStack();
    const [first, second, , client] = await network(stack, start);
    await client.overlay.providers(key, 1);
    await second.overlay.providers(key, 1);
    assert.equal(first.overlay.estimatedPeers(), 2);
    assert.equal(client.overlay.estimatedPeers(), 3);
  });
}
