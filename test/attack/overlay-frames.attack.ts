import assert from "node:assert/strict";
import { test } from "node:test";
import type { Connection } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { startTestPeer } from "../support/overlays.ts";
import { startRawHost } from "../support/raw-host.ts";

/*
 * Floods of small frames of each layer of the overlay against one node. Each must end its connection before it has sent
 * `most` bytes, and an honest peer is served at once afterwards.
 */
const MEGABYTE = 1_000_000;
const GOSSIP = "/meshsub/1.2.0";
const TOPIC = Buffer.from("/byway/t");

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
  return Buffer.from([...bytes, left]);
}
const field = (number: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
const frame = (bytes: Uint8Array): Buffer => Buffer.concat([varint(bytes.length), bytes]);
const many = (count: number, make: (n: number) => Uint8Array): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, n) => make(n)));
const control = (...entries: readonly Uint8Array[]): Buffer => frame(field(3, Buffer.concat(entries)));
const entry = (kind: number): Buffer => field(kind, field(1, TOPIC));
const KINDS: readonly (readonly [name: string, protocol: string, make: () => Uint8Array])[] = [
  ["PRUNE in large frames", GOSSIP, () => control(many(2_000, () => entry(4)))],
  ["PRUNE in small frames", GOSSIP, () => many(50, () => control(many(60, () => entry(4))))],
  ["GRAFT", GOSSIP, () => many(50, () => control(many(60, () => entry(3))))],
  ["IHAVE", GOSSIP, () => many(50, () => control(many(60, () => entry(1))))],
  [
    "subscriptions",
    GOSSIP,
    () => many(50, (n) => frame(field(1, Buffer.concat([Buffer.of(8, n % 2), field(2, TOPIC)])))),
  ],
  ["empty control fields", GOSSIP, () => many(5_000, () => control())],
  ["empty frames", GOSSIP, () => Buffer.alloc(20_000)],
  ["junk of one byte", GOSSIP, () => many(10_000, () => frame(Buffer.of(8)))],
  ["unknown fields", GOSSIP, () => many(5_000, () => frame(Buffer.of(0x48, 1)))],
  [
    "messages",
    GOSSIP,
    () => many(20, () => frame(many(100, (n) => field(2, Buffer.concat([field(2, Buffer.of(n)), field(4, TOPIC)]))))),
  ],
];

async function flood(connection: Connection, send: () => boolean): Promise<void> {
  const closed = new Promise<void>((resolve) => connection.addEventListener("close", () => resolve(), { once: true }));
  while (connection.status === "open") {
    if (!send()) return;
    await Promise.race([closed, new Promise((resolve) => setImmediate(resolve))]);
  }
}

for (const [name, protocol, make] of KINDS) {
  test(`a flood of gossip's ${name} ends its connection`, { timeout: 60_000 }, async () => {
    await using node = await startTestPeer({ host: "127.0.0.1" });
    node.overlay.subscribe("t", () => "accept");
    await using raw = await startRawHost();
    const stream = await raw.send(node.address, protocol, Buffer.alloc(0));
    const [connection] = raw.libp2p.getConnections();
    assert.ok(connection !== undefined);
    let sentBytes = 0;
    await flood(connection, () => {
      const bytes = make();
      sentBytes += bytes.length;
      if (stream.status === "open") stream.send(bytes);
      return sentBytes < 8 * MEGABYTE;
    });
    assert.notEqual(connection.status, "open", `${sentBytes} bytes were taken`);
    await using honest = await startTestPeer();
    const peer = await honest.overlay.connect(node.address);
    assert.deepEqual(await honest.overlay.ask(peer, Uint8Array.of(1, 2)), Uint8Array.of(2, 1));
  });
}

test("a flood of streams that are opened and reset ends its connection", { timeout: 60_000 }, async () => {
  await using node = await startTestPeer({ host: "127.0.0.1" });
  await using raw = await startRawHost();
  const connection = await raw.libp2p.dial(multiaddr(node.address));
  let opened = 0;
  while (connection.status === "open" && opened < 20_000) {
    const streams = Array.from({ length: 32 }, async () => {
      const stream = await connection.newStream("/byway/directory/1", { maxOutboundStreams: 10_000 });
      stream.abort(new Error("it is opened to be reset"));
    });
    opened += streams.length;
    await Promise.allSettled(streams);
    // Streams of a connection that ends fail without a turn of the event loop, in which its end would be noticed.
    await new Promise(setImmediate);
  }
  assert.notEqual(connection.status, "open", `${opened} streams were taken`);
  await using honest = await startTestPeer();
  const peer = await honest.overlay.connect(node.address);
  assert.deepEqual(await honest.overlay.ask(peer, Uint8Array.of(1, 2)), Uint8Array.of(2, 1));
});
