import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { closeOf, collect } from "../../test/support/collect.ts";
import { hopOf, onlyHops } from "../../test/support/hops.ts";
import { type LinkBench, serveLink } from "../../test/support/link-bench.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { systemClock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { systemRandom } from "../core/random.ts";
import { splice } from "../flow/splice.ts";
import { generateIdentity } from "../identity/identity.ts";
import type { IncomingStream } from "../link/incoming-stream.ts";
import { MemoryTransport } from "../link/memory-transport.ts";
import { Observer } from "../trust/observer.ts";
import { CapsuleReader } from "../wire/capsule.ts";
import { encodeUdpCapsule } from "../wire/udp-payload.ts";
import { CircuitBuilder } from "./circuit-builder.ts";
import type { Hop } from "./hop.ts";

// Five hops in memory: each carries onward by peer id, and echoes as an exit.
const transport = new MemoryTransport();
const served: LinkBench[] = [];
let refuseOnward: BywayError | undefined;

async function onward(incoming: IncomingStream, peerId: string): Promise<void> {
  if (refuseOnward !== undefined) throw refuseOnward;
  const next = served.find((hop) => hop.identity.peerId === peerId);
  if (next === undefined) throw new BywayError("ERR_HOP_UNREACHABLE", "nobody answers there");
  await splice({ clock: systemClock, budget: roomyBudget() }, incoming.accept(), await next.dial());
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
  observer: new Observer({ clock: systemClock }),
  clock: systemClock,
  random: systemRandom,
  budget: roomyBudget(),
  dialler: {
    reach: async () => {
      const first = served[0];
      if (first === undefined) throw new Error("no hop");
      return first.dial();
    },
  },
});

function hops(count: number): readonly Hop[] {
  return served.slice(0, count).map(({ identity }) => hopOf(identity));
}

for (const count of [1, 2, 3, 5]) {
  test(`${count} hops carry early data, both directions and half-close, and leave nothing`, async () => {
    const circuit = await builder.build(onlyHops(hops(count)));
    const stream = await circuit.openStream(target, { early: Buffer.from("early ") });
    const closed = closeOf(stream);
    stream.end("and late");
    assert.equal((await collect(stream)).toString(), "early and late");
    await closed;
    assert.equal(circuit.streams, 0);
    // The link to a guard that is open already takes no time.
    const extended = circuit.timings.filter(({ hop }) => hop > 1);
    assert.equal(extended.length, 2 * (count - 1));
    circuit.destroy();
    await circuit.closed;
  });
}

test("datagrams travel as capsules", async () => {
  const circuit = await builder.build(onlyHops(hops(3)));
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
  await assert.rejects(builder.build(onlyHops(wrong)), (error: BywayError) => {
    assert.equal(error.code, "ERR_HOP_UNREACHABLE");
    const { hop, hops: of, stage } = error.data;
    assert.deepEqual([hop, of, stage], [2, 3, "extend"]);
    return true;
  });
  const impostor = [{ ...(hops(1)[0] as Hop), peerId: generateIdentity().peerId }];
  await assert.rejects(builder.build(onlyHops(impostor)), (error: BywayError) => {
    assert.deepEqual([error.code, error.data.stage], ["ERR_HOP_IDENTITY", "handshake"]);
    return true;
  });
});

test("a failed build leaves no link open", async () => {
  refuseOnward = new BywayError("ERR_STREAM_LIMIT", "full");
  await assert.rejects(builder.build(onlyHops(hops(2))), { code: "ERR_STREAM_LIMIT" });
  refuseOnward = undefined;
  // The link to the guard is kept for the next circuit, and carries nothing.
  await builder.stop();
  while ((served[0]?.server.links ?? 0) > 0) await new Promise((resolve) => setImmediate(resolve));
});
