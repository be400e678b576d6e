import assert from "node:assert/strict";
import { test } from "node:test";
import { testServices } from "../../test/support/overlays.ts";
import { generateIdentity } from "../identity/identity.ts";
import { FakeOverlay, FakeOverlayHub } from "./fake-overlay.ts";
import { overlayCompliance } from "./overlay.compliance.ts";
import type { GossipVerdict, OverlayServices } from "./overlay.ts";

const services: OverlayServices = {
  answer: ({ address }, request) => Buffer.from(`${address} asked ${request[0]}`),
  checkRecord(_peer, envelope) {
    if (envelope[0] === 0) throw new Error("not valid");
  },
  newestRecord: (envelopes) =>
    envelopes.reduce((best, one, at) => (Buffer.compare(one, envelopes[best] ?? one) > 0 ? at : best), 0),
};

async function network(count: number): Promise<readonly [FakeOverlay, FakeOverlay, FakeOverlay, FakeOverlayHub]> {
  const hub = new FakeOverlayHub();
  const make = async (number: number): Promise<FakeOverlay> => {
    const options = { peerId: generateIdentity().peerId, addresses: [`/ip4/127.0.0.${number}/tcp/1`] };
    const overlay = new FakeOverlay({ hub, services }, options);
    if (number <= count) await overlay.start();
    return overlay;
  };
  return [await make(1), await make(2), await make(3), hub];
}

const whole = (overlay: FakeOverlay): string => `${overlay.addresses[0]}/p2p/${overlay.peerId}`;

test("connections go both ways, need somebody who runs, and end with either side", async () => {
  const [a, b, c] = await network(2);
  assert.equal(await a.connect(whole(b)), b.peerId);
  assert.deepEqual(b.connected(), [a.peerId]);
  await assert.rejects(a.connect(whole(c)), { code: "ERR_PEER_UNREACHABLE" });
  await assert.rejects(a.connect(`${b.addresses[0]}/p2p/${c.peerId}`), { code: "ERR_PEER_UNREACHABLE" });
  await b.stop();
  assert.deepEqual(a.connected(), []);
});

test("asking dials an address that was learnt, and tells who asks from where", async () => {
  const [a, b] = await network(2);
  await assert.rejects(a.ask(b.peerId, Uint8Array.of(7)), { code: "ERR_PEER_UNREACHABLE" });
  await a.learn(b.peerId, b.addresses);
  assert.equal(`${await a.ask(b.peerId, Uint8Array.of(7))}`, "127.0.0.1 asked 7");
});

test("records: valid ones only, and an older one does not replace a newer", async () => {
  const [a, b, c] = await network(3);
  await a.connect(whole(b));
  await c.connect(whole(b));
  for (const byte of [5, 9, 3, 0]) await a.putRecord(a.peerId, Uint8Array.of(byte));
  assert.deepEqual(await c.getRecord(a.peerId), Uint8Array.of(9));
  assert.equal(await c.getRecord(b.peerId), undefined);
});

test("the index names who provides and forgets who takes it back or stops", async () => {
  const [a, b, c] = await network(3);
  await a.connect(whole(b));
  await c.connect(whole(b));
  const key = new Uint8Array(32);
  for (const overlay of [a, b, c]) await overlay.provide(key);
  await b.cancelProvide(key);
  assert.deepEqual(
    (await c.providers(key, 5)).map(({ peerId }) => peerId),
    [a.peerId],
  );
  await a.stop();
  assert.deepEqual(
    (await c.providers(key, 5)).map(({ peerId }) => peerId),
    [],
  );
});

test("gossip goes on only where it is accepted, and junk is counted against its sender", async () => {
  const [a, b, c] = await network(3);
  await a.connect(whole(b));
  await b.connect(whole(c));
  const heard: string[] = [];
  let verdict: GossipVerdict = "accept";
  b.subscribe("t", () => verdict);
  c.subscribe("t", (message) => {
    heard.push(`${Buffer.from(message)}`);
    return "accept";
  });
  await a.publish("t", Buffer.from("one"));
  verdict = "reject";
  await a.publish("t", Buffer.from("two"));
  assert.deepEqual(heard, ["one"]);
  assert.equal(b.rejected.get(a.peerId), 1);
});

overlayCompliance("the fake", () => {
  const hub = new FakeOverlayHub();
  let port = 0;
  return async ({ host, services: own }) => {
    port += 1;
    const identity = generateIdentity();
    const where = host === undefined ? "" : `/ip4/${host}/tcp/${port}`;
    const addresses = where === "" ? [] : [where];
    const components = { hub, services: { ...testServices, ...own } };
    const overlay = new FakeOverlay(components, { peerId: identity.peerId, addresses });
    await overlay.start();
    const address = where === "" ? "" : `${where}/p2p/${identity.peerId}`;
    return { identity, overlay, where, address, [Symbol.asyncDispose]: () => overlay.stop() };
  };
});
