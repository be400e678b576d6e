import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { closeOf, collect } from "../../test/support/collect.ts";
import { type ServedLink, serveLink } from "../../test/support/link-bench.ts";
import { systemClock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { splice } from "../core/splice.ts";
import { generateIdentity } from "../identity/identity.ts";
import type { IncomingStream } from "../link/incoming-stream.ts";
import { MemoryTransport } from "../link/memory-transport.ts";
import { CapsuleReader } from "../wire/capsule.ts";
import { encodeUdpCapsule } from "../wire/udp-payload.ts";
import { CircuitBuilder } from "./circuit-builder.ts";
import { CircuitPool } from "./circuit-pool.ts";
import type { Hop } from "./hop.ts";

// Five hops in memory: each carries onward by peer id, and echoes as an exit.
const transport = new MemoryTransport();
const served: ServedLink[] = [];
let refuseOnward: BywayError | undefined;

async function onward(incoming: IncomingStream, peerId: string): Promise<void> {
  if (refuseOnward !== undefined) throw refuseOnward;
  const next = served.find((hop) => hop.identity.peerId === peerId);
  if (next === undefined) throw new BywayError("ERR_HOP_UNREACHABLE", "nobody answers there");
  await splice({ clock: systemClock }, incoming.accept(), await next.dial());
}

async function echo(incoming: IncomingStream): Promise<void> {
  const stream = incoming.accept();
  if (incoming.authority.startsWith("silent")) return;
  stream.pipe(stream);
}

async function shoutBack(incoming: IncomingStream): Promise<void> {
  const stream = incoming.accept({ "capsule-protocol": "?1" });
  const reader = new CapsuleReader();
  stream.on("end", () => stream.end());
  stream.on("data", (chunk: Buffer) => {
    for (const { payload } of reader.push(chunk)) {
      stream.write(encodeUdpCapsule(Buffer.from(Buffer.from(payload.subarray(1)).toString().toUpperCase())));
    }
  });
}

before(async () => {
  for (let index = 0; index < 5; index += 1) {
    served.push(await serveLink(transport, { connectTarget: echo, connectHop: onward, connectUdp: shoutBack }));
  }
});
after(async () => {
  for (const hop of served) await hop[Symbol.asyncDispose]();
});

const target = { host: "target.example", port: 80 };
const builder = new CircuitBuilder({
  clock: systemClock,
  dialler: {
    dial: () => {
      const first = served[0];
      if (first === undefined) throw new Error("no hop");
      return first.dial();
    },
  },
});

function hops(count: number): readonly Hop[] {
  return served.slice(0, count).map(({ identity }) => ({
    peerId: identity.peerId,
    endpoint: { host: "127.0.0.1", port: 1 },
    envelope: new Uint8Array(1),
  }));
}

for (const count of [1, 2, 3, 5]) {
  test(`${count} hops carry early data, both directions and half-close, and leave nothing`, async () => {
    const circuit = await builder.build(hops(count));
    const stream = await circuit.openStream(target, { early: Buffer.from("early ") });
    const closed = closeOf(stream);
    stream.end("and late");
    assert.equal((await collect(stream)).toString(), "early and late");
    await closed;
    assert.equal(circuit.streams, 0);
    assert.equal(circuit.timings.length, 2 * count);
    circuit.destroy();
    await circuit.closed;
  });
}

test("datagrams travel as capsules", async () => {
  const circuit = await builder.build(hops(3));
  const flow = await circuit.openDatagrams(target);
  const answered = new Promise<Uint8Array>((resolve) => {
    flow.onDatagram = resolve;
  });
  flow.send(Buffer.from("hello"));
  assert.equal(Buffer.from(await answered).toString(), "HELLO");
  flow.close();
  await flow.closed;
  circuit.destroy();
});

test("a failure names hop and stage", async () => {
  const wrong = hops(3).map((hop, index) => (index === 1 ? { ...hop, peerId: generateIdentity().peerId } : hop));
  await assert.rejects(builder.build(wrong), (error: BywayError) => {
    assert.equal(error.code, "ERR_HOP_UNREACHABLE");
    const { hop, hops: of, stage } = error.data;
    assert.deepEqual([hop, of, stage], [2, 3, "extend"]);
    return true;
  });
  const impostor = [{ ...(hops(1)[0] as Hop), peerId: generateIdentity().peerId }];
  await assert.rejects(builder.build(impostor), (error: BywayError) => {
    assert.deepEqual([error.code, error.data.stage], ["ERR_HOP_IDENTITY", "handshake"]);
    return true;
  });
});

test("six hops and none are refused", async () => {
  await assert.rejects(builder.build([]), { code: "ERR_PARAMETER_VALUE" });
  await assert.rejects(builder.build([...hops(5), ...hops(1)]), { code: "ERR_PARAMETER_VALUE" });
});

test("a failed build leaves no link open", async () => {
  refuseOnward = new BywayError("ERR_STREAM_LIMIT", "full");
  await assert.rejects(builder.build(hops(2)), { code: "ERR_STREAM_LIMIT" });
  refuseOnward = undefined;
  while ((served[0]?.server.links ?? 0) > 0) await new Promise((resolve) => setImmediate(resolve));
});

test("the pool shares a circuit within a key, keeps keys apart, and replaces a dead one", async () => {
  const pool = new CircuitPool({ builder });
  let plans = 0;
  const plan = (): readonly Hop[] => {
    plans += 1;
    return hops(2);
  };
  const [a, again, b] = await Promise.all([pool.circuit("a", plan), pool.circuit("a", plan), pool.circuit("b", plan)]);
  assert.equal(a, again);
  assert.notEqual(a, b);
  assert.equal(plans, 2);
  a.destroy();
  await a.closed;
  const replaced = await pool.circuit("a", plan);
  assert.notEqual(replaced, a);
  assert.equal(await pool.circuit("b", plan), b);
  await pool.stop();
  assert.deepEqual([replaced.usable, b.usable], [false, false]);
  await assert.rejects(pool.circuit("a", plan), { code: "ERR_STOPPED" });
});

test("a build that fails is not kept", async () => {
  const pool = new CircuitPool({ builder });
  await assert.rejects(
    pool.circuit("a", () => []),
    { code: "ERR_PARAMETER_VALUE" },
  );
  assert.equal(pool.size, 0);
  assert.equal((await pool.circuit("a", () => hops(1))).usable, true);
  await pool.stop();
});
