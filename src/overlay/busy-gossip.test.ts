import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { startTestPeer } from "../../test/support/overlays.ts";
import { until } from "../../test/support/proxy-fixture.ts";
import { startRawHost } from "../../test/support/raw-host.ts";

const TOPIC = "/byway/t";
const DIRECTORY = "/byway/directory/1";
const GOSSIP = "/meshsub/1.1.0";
const FRAMES = 6;
const MESSAGES_PER_FRAME = 200;
const MESSAGES = FRAMES * MESSAGES_PER_FRAME;

/** A frame of gossip (libp2p pubsub RPC) with many messages. */
function frameOf(messages: readonly Uint8Array[]): Buffer {
  const topic = field(4, Buffer.from(TOPIC));
  const rpc = Buffer.concat(messages.map((data) => field(2, Buffer.concat([field(2, data), topic]))));
  return Buffer.concat([varint(rpc.length), rpc]);
}

function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(number * 8 + 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  return value < 128 ? Buffer.of(value) : Buffer.concat([Buffer.of((value & 0x7f) | 0x80), varint(value >> 7)]);
}

for (const [name, verdict] of [
  ["junk", "reject"],
  ["valid messages", "accept"],
] as const) {
  test(`whoever sends a node much gossip, ${name}, does not make its neighbours leave it`, {
    timeout: 60_000,
  }, async () => {
    await using node = await startTestPeer({ host: "127.0.0.1" });
    await using neighbour = await startTestPeer({ host: "127.0.0.2" });
    const [ofStranger, passedOn, signs] = [new Set<string>(), new Set<string>(), new Set<string>()];
    node.overlay.subscribe("t", (message) => {
      if (message.length < 100) return "accept";
      ofStranger.add(Buffer.from(message).toString("hex"));
      return verdict;
    });
    neighbour.overlay.subscribe("t", (message) => {
      (message.length < 100 ? signs : passedOn).add(Buffer.from(message).toString("hex"));
      return "accept";
    });
    const peer = await neighbour.overlay.connect(node.address);
    /** Until the neighbour hears the node: in its mesh, and behind all that was sent before. */
    const hears = async (): Promise<void> => {
      const before = signs.size;
      const saying = setInterval(() => node.overlay.publish("t", randomBytes(8)), 100);
      await until(() => signs.size > before || !neighbour.overlay.connected().includes(peer)).finally(() =>
        clearInterval(saying),
      );
    };
    await hears();
    await using raw = await startRawHost();
    raw.libp2p.services.gossip.subscribe(TOPIC);
    await raw.send(node.address, DIRECTORY, Uint8Array.of(0));
    const stream = await raw.send(node.address, GOSSIP, Buffer.of());
    for (let frame = 0; frame < FRAMES; frame += 1) {
      const messages = Array.from({ length: MESSAGES_PER_FRAME }, () => randomBytes(600));
      if (!stream.send(frameOf(messages))) await stream.onDrain();
    }
    if (verdict === "accept")
      await until(() => passedOn.size === MESSAGES || neighbour.overlay.connected().length === 0);
    else await until(() => ofStranger.size > 0);
    await hears();
    assert.ok(neighbour.overlay.connected().includes(peer), "the neighbour has left");
    assert.equal(passedOn.size, verdict === "accept" ? MESSAGES : 0);
  });
}
