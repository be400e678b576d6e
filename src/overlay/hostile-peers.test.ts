import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import type { Stream } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { startTestPeer, type TestPeer } from "../../test/support/overlays.ts";
import { until } from "../../test/support/proxy-fixture.ts";
import { drain, startRawHost } from "../../test/support/raw-host.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { OVERLAY_LIMITS } from "./limits.ts";

const DIRECTORY = "/byway/directory/1";
const KAD = "/byway/kad/1.0.0";

/** A peer that was attacked still serves others, and holds none of the attackers' sockets. */
async function isWell(node: TestPeer): Promise<void> {
  await until(() => node.sockets.size === 0);
  await using client = await startTestPeer();
  const peer = await client.overlay.connect(node.address);
  assert.deepEqual(await client.overlay.ask(peer, Uint8Array.of(1, 2)), Uint8Array.of(2, 1));
}

for (const [name, bytes] of [
  ["garbage", Buffer.alloc(70_000, 0xff)],
  ["half a greeting", Buffer.from("\x13/multistream/1.0.0\n")],
  ["a greeting and garbage", Buffer.from(`\x13/multistream/1.0.0\n\x07/noise\n${"\xff".repeat(500)}`, "latin1")],
  ["a length without end", Buffer.alloc(64, 0x80)],
] as const) {
  test(`a socket that sends ${name} and ends harms nobody`, async () => {
    await using node = await startTestPeer({ host: "127.0.0.1" });
    for (let count = 0; count < 20; count += 1) {
      const socket = connect(node.port, "127.0.0.1");
      socket.on("error", () => {});
      socket.end(bytes);
    }
    await until(() => node.sockets.size > 0);
    await isWell(node);
  });
}

test("hundreds of sockets that say nothing do not keep out those that speak", async () => {
  await using node = await startTestPeer({ host: "127.0.0.1" });
  const silent = Array.from({ length: 200 }, () => connect(node.port, "127.0.0.1").on("error", () => {}));
  await until(() => silent.filter((socket) => socket.closed).length >= 136);
  await using client = await startTestPeer();
  await client.overlay.connect(node.address);
  for (const socket of silent) socket.destroy();
});

for (const [name, options] of [
  ["sends garbage once it is encrypted", { afterNoise: Buffer.alloc(5_000, 0xff) }],
  ["sends frames of unknown types", { afterNoise: Buffer.alloc(12 * 50, 9) }],
  ["does not choose a muxer within Noise", { lateMuxer: true }],
] as const) {
  test(`a peer that ${name} is disconnected`, async () => {
    await using node = await startTestPeer({ host: "127.0.0.1" });
    {
      await using raw = await startRawHost(options);
      await raw.libp2p.dial(multiaddr(node.address)).catch(() => {});
      await until(() => node.sockets.size === 0 && raw.libp2p.getConnections().length === 0);
    }
    await isWell(node);
  });
}

test("a peer that floods where it should say who it is, is reset", async () => {
  await using node = await startTestPeer({ host: "127.0.0.1" });
  {
    await using raw = await startRawHost();
    const protocol = "/byway/id/1.0.0";
    const flooded = Promise.withResolvers<Stream>();
    await raw.libp2p.unhandle(protocol);
    await raw.libp2p.handle(protocol, (stream) => {
      stream.send(new Uint8Array(100_000).fill(0xff));
      flooded.resolve(stream);
    });
    await raw.libp2p.dial(multiaddr(node.address));
    assert.equal((await drain(await flooded.promise)).reset, true);
  }
  await isWell(node);
});

for (const [name, bytes] of [
  ["is too long by its length", Buffer.from([0x81, 0x20, 1])],
  ["has a length of many bytes", Buffer.alloc(20, 0x80)],
  ["has a length not in its shortest form", Buffer.from([0x81, 0x00, 1])],
  ["is followed by more", Buffer.from([1, 7, 7])],
  ["is a flood", Buffer.alloc(1024 * 1024, 0x10)],
] as const) {
  test(`a request that ${name} is reset`, async () => {
    await using node = await startTestPeer({ host: "127.0.0.1" });
    {
      await using raw = await startRawHost();
      const { reset } = await drain(await raw.send(node.address, DIRECTORY, bytes));
      assert.equal(reset, true);
    }
    await isWell(node);
  });
}

test("one peer's questions are answered up to its allowance, and others' still", async () => {
  await using node = await startTestPeer({ host: "127.0.0.1" });
  {
    await using raw = await startRawHost();
    let answered = 0;
    for (let count = 0; count < 40; count += 1) {
      const { reset, bytes } = await drain(await raw.send(node.address, DIRECTORY, Uint8Array.of(1, 9)));
      if (!reset && bytes.length === 2) answered += 1;
    }
    assert.ok(answered >= 10 && answered < 20, `${answered}`);
    await using client = await startTestPeer();
    const peer = await client.overlay.connect(node.address);
    assert.equal((await client.overlay.ask(peer, Uint8Array.of(1))).length, 1);
  }
  await isWell(node);
});

test("a flood of streams is bounded and forgotten", async () => {
  await using node = await startTestPeer({ host: "127.0.0.1" });
  {
    await using raw = await startRawHost();
    const opened = Array.from({ length: 500 }, () => raw.send(node.address, DIRECTORY, Uint8Array.of(1)));
    const results = await Promise.allSettled(opened);
    const open = results.filter((one) => one.status === "fulfilled" && one.value.status === "open");
    assert.ok(open.length < 100, `${open.length}`);
  }
  await isWell(node);
});

for (const [name, bytes] of [
  ["malformed protobuf", Buffer.from([5, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ["an unknown type", Buffer.from([2, 8, 99])],
  ["a message of four MiB", Buffer.concat([Buffer.from([0x80, 0x80, 0x80, 0x02]), Buffer.alloc(100_000, 1)])],
  ["a PUT without record", Buffer.from([2, 8, 0])],
] as const) {
  test(`${name} on the DHT is reset`, async () => {
    await using node = await startTestPeer({ host: "127.0.0.1" });
    {
      await using raw = await startRawHost();
      const { reset } = await drain(await raw.send(node.address, KAD, bytes));
      assert.equal(reset, true);
    }
    await isWell(node);
  });
}

test("a stream that its asker does not end is reset in time, and so is one on which no request comes", async () => {
  const clock = new FakeClock();
  await using node = await startTestPeer({ host: "127.0.0.1", clock });
  {
    await using raw = await startRawHost();
    const answered = await raw.send(node.address, DIRECTORY, Uint8Array.of(1, 9));
    await new Promise((resolve) => answered.addEventListener("remoteCloseWrite", resolve));
    const silent = await raw.send(node.address, DIRECTORY, Uint8Array.of(5, 9));
    await until(() => clock.pending >= 2);
    assert.equal(answered.status, "open");
    clock.advance(5_000);
    await until(() => answered.status === "reset" && silent.status === "reset");
  }
});

test("a length that does not end resets a stream at its fourth byte", async () => {
  await using node = await startTestPeer({ host: "127.0.0.1" });
  {
    await using raw = await startRawHost();
    // Of all protocols, gossip alone has no time limit that would hide a reader that waits for more.
    const { reset } = await drain(await raw.send(node.address, "/meshsub/1.2.0", Buffer.alloc(4, 0xff)));
    assert.equal(reset, true);
  }
  await isWell(node);
});

test("one DHT stream takes no more bytes than its bound, however small the messages", async () => {
  await using node = await startTestPeer({ host: "127.0.0.1" });
  {
    await using raw = await startRawHost();
    const pings = Buffer.alloc(30_000, Buffer.from([2, 8, 5]));
    const { reset, bytes } = await drain(await raw.send(node.address, KAD, pings));
    assert.equal(reset, true);
    assert.ok(bytes.length < 20_000, `${bytes.length} bytes were answered`);
  }
  await isWell(node);
});

test("junk gossip shuts its sender out; others are heard", async () => {
  await using node = await startTestPeer({ host: "127.0.0.1" });
  const heard: string[] = [];
  node.overlay.subscribe("t", (message) => {
    heard.push(Buffer.from(message).toString());
    return Buffer.from(message).includes("junk") ? "reject" : "accept";
  });
  {
    await using raw = await startRawHost();
    const { gossip } = raw.libp2p.services;
    const topic = "/byway/t";
    gossip.subscribe(topic);
    await raw.send(node.address, DIRECTORY, Uint8Array.of(0));
    await until(() => gossip.getSubscribers(topic).length === 1);
    for (let count = 0; count < 100; count += 1) await gossip.publish(topic, Buffer.from(`junk ${count}`));
    await gossip.publish(topic, Buffer.from("last"));
    await until(() => heard.length > 0);
    await using good = await startTestPeer();
    good.overlay.subscribe("t", () => "accept");
    await good.overlay.connect(node.address);
    const sending = setInterval(() => good.overlay.publish("t", Buffer.from(`good ${heard.length}`)), 100);
    await until(() => heard.some((message) => message.startsWith("good")));
    clearInterval(sending);
  }
  const junk = heard.filter((message) => message.startsWith("junk")).length;
  assert.ok(junk < 40, `${junk} reached the check`);
  assert.ok(!heard.includes("last"));
  await isWell(node);
});

test("many identities at one address get no more answers than that address may have", async () => {
  await using node = await startTestPeer({ host: "127.0.0.1", localNetwork: false, clock: new FakeClock() });
  let answered = 0;
  for (let count = 0; count < 5; count += 1) {
    await using client = await startTestPeer();
    const peer = await client.overlay.connect(node.address);
    for (let asked = 0; asked < OVERLAY_LIMITS.requestBurst.value; asked += 1) {
      answered += await client.overlay.ask(peer, Uint8Array.of(1)).then(
        () => 1,
        () => 0,
      );
    }
  }
  // Of what each may ask at once, one went to see that the other speaks the protocol.
  const { addressRequestBurst, requestBurst } = OVERLAY_LIMITS;
  assert.equal(answered, addressRequestBurst.value - addressRequestBurst.value / requestBurst.value);
});

for (const [name, bytes] of [
  ["empty frames", Buffer.alloc(100)],
  ["frames that cannot be decoded", Buffer.concat(Array.from({ length: 20 }, () => Buffer.of(1, 8)))],
  [
    "more PRUNE than there are topics",
    Buffer.concat(
      Array.from({ length: 20 }, () => Buffer.from([100, 0x1a, 98, ...Buffer.alloc(98, Buffer.of(0x22, 0))])),
    ),
  ],
] as const) {
  test(`a neighbour that gossips ${name} is disconnected`, { timeout: 30_000 }, async () => {
    await using node = await startTestPeer({ host: "127.0.0.1" });
    {
      await using raw = await startRawHost();
      await raw.send(node.address, "/meshsub/1.2.0", bytes);
      await until(() => raw.libp2p.getConnections().length === 0);
    }
    await isWell(node);
  });
}

test("a connection that opens and resets streams without end is closed", { timeout: 30_000 }, async () => {
  await using node = await startTestPeer({ host: "127.0.0.1", clock: new FakeClock() });
  {
    await using raw = await startRawHost();
    const connection = await raw.libp2p.dial(multiaddr(node.address));
    let opened = 0;
    while (connection.status === "open" && opened < OVERLAY_LIMITS.streamBurst.value * 2) {
      opened += 1;
      const stream = await connection.newStream(DIRECTORY, { maxOutboundStreams: 10_000 }).catch(() => undefined);
      stream?.abort(new Error("it is opened to be reset"));
    }
    assert.notEqual(connection.status, "open");
    assert.ok(opened <= OVERLAY_LIMITS.streamBurst.value + 1, `${opened}`);
  }
  await isWell(node);
});
