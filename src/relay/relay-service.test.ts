import assert from "node:assert/strict";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import { closeOf, collect } from "../../test/support/collect.ts";
import { memoryNode, NO_NODES, type Reach, RelayBench } from "../../test/support/relay-bench.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { settled } from "../../test/support/settled.ts";
import { someLink } from "../../test/support/some-link.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { generateIdentity } from "../identity/identity.ts";
import type { IncomingStream } from "../link/incoming-stream.ts";
import { MemoryPipe } from "../link/memory-pipe.ts";
import { RELAY_LIMITS } from "./limits.ts";
import { RelayService } from "./relay-service.ts";

const endpoints = [1, 2, 3, 4].map((port) => ({ host: `192.0.2.${port}`, port }));
const HALF_MS = RELAY_LIMITS.unknownProofMs.value / 2;
const UNPROVEN = "ERR_HOP_UNREACHABLE the next hop did not prove itself";

/** Turns of the event loop until `isSo`, and no longer than a handshake takes on a busy machine. */
async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 100_000 && !isSo(); turn += 1) await new Promise(setImmediate);
  assert.ok(isSo(), what);
}

test("it carries bytes to the first advertised endpoint that answers as the peer", async (t) => {
  const hop = await memoryNode(t);
  const onward: MemoryPipe[] = [];
  const bench = new RelayBench(async ({ port }) => {
    if (port < 2) throw new BywayError("ERR_HOP_UNREACHABLE", "refused");
    if (bench.dialled.length === 2) return hop.dial();
    const [near, far] = MemoryPipe.pair();
    onward.push(far);
    return near;
  });
  const { client, answer } = bench.ask({ peer: hop.identity.peerId, endpoints, link: 77, from: "203.0.113.77" });
  client.end("ciphertext");
  await settled();
  bench.clock.advance(HALF_MS);
  await until(() => onward.length > 0, "nothing was carried");
  const [far] = onward;
  assert.ok(far !== undefined);
  assert.equal((await collect(far)).toString(), "ciphertext");
  assert.equal(bench.service.carried, 1);
  far.end("back");
  client.resume();
  assert.deepEqual(await answer, { said: "carried", afterMs: HALF_MS });
  const { up, down } = someLink(77, "203.0.113.77").meter;
  assert.deepEqual([up.bytes, down.bytes], ["ciphertext".length, "back".length]);
  assert.deepEqual([bench.dialled.map(({ port }) => port), bench.service.carried], [[1, 2, 2], 0]);
});

test("a peer proves itself once an hour, however many ask", async (t) => {
  const hop = await memoryNode(t);
  const bench = new RelayBench(() => hop.dial());
  const request = { peer: hop.identity.peerId, endpoints };
  const asks = [bench.ask(request), bench.ask(request)];
  await until(() => bench.dialled.length >= 3, "the first two were not carried");
  bench.clock.advance(RELAY_LIMITS.proofLastsMs.value - 1);
  asks.push(bench.ask(request));
  await until(() => bench.dialled.length >= 4, "the third was not carried");
  bench.clock.advance(1);
  asks.push(bench.ask(request));
  await until(() => bench.dialled.length >= 6, "the fourth was not proven and carried");
  for (const { client } of asks) client.destroy();
  await Promise.all(asks.map(({ answer }) => answer));
  assert.equal(bench.dialled.length, 6);
});

test("a server that is not the advertised peer gets no byte of the client's", async () => {
  const bench = new RelayBench(async () => {
    const [near, far] = MemoryPipe.pair();
    far.on("data", (chunk: Buffer) => assert.equal(chunk[0], 0x16, "something else than a TLS handshake was sent"));
    far.end("HTTP/1.1 200 OK\r\n\r\n");
    return near;
  });
  const { client, answer } = bench.ask({ peer: generateIdentity().peerId, endpoints });
  client.write("GET / HTTP/1.1\r\n\r\n");
  await bench.passAnswers();
  assert.equal((await answer).said, UNPROVEN);
});

test("every failed proof has the same answer at the same time", async (t) => {
  const other = await memoryNode(t);
  const ways: Readonly<Record<string, Reach>> = {
    ...NO_NODES,
    "another key": () => other.dial(),
  };
  for (const [name, reach] of Object.entries(ways)) {
    const bench = new RelayBench(reach);
    const request = { peer: generateIdentity().peerId, endpoints: endpoints.slice(0, 1) };
    const { answer } = bench.ask(request);
    if (name === "another key") await until(() => bench.service.pendingProofs === 0, "the proof is not over");
    await settled();
    bench.clock.advance(RELAY_LIMITS.unknownProofMs.value - 1);
    await settled();
    bench.clock.advance(1);
    assert.deepEqual(await answer, { said: UNPROVEN, afterMs: RELAY_LIMITS.unknownProofMs.value }, name);
    // Asked for again at once, it is not dialled again, and the answer is the same.
    const again = bench.ask(request);
    await bench.passAnswers();
    assert.deepEqual(await again.answer, { said: UNPROVEN, afterMs: RELAY_LIMITS.unknownProofMs.value }, name);
    assert.equal(bench.dialled.length, 1, name);
  }
});

test("the second endpoint of a stranger is dialled at one time, whatever the first one is, and finds no place free before", async (t) => {
  const own = await memoryNode(t);
  const victim = { host: "198.51.100.7", port: 22 };
  const second = { host: "192.0.2.1", port: 443 };
  const other = await memoryNode(t);
  const ways: Readonly<Record<string, Reach>> = { ...NO_NODES, "another key": () => other.dial() };
  for (const [name, reach] of Object.entries(ways)) {
    const bench = new RelayBench((endpoint, signal) =>
      endpoint.host === victim.host ? reach(endpoint, signal) : own.dial(),
    );
    const { client, answer } = bench.ask({ peer: own.identity.peerId, endpoints: [victim, second] });
    await settled();
    bench.clock.advance(HALF_MS - 1);
    for (let turn = 0; turn < 2_000; turn += 1) await new Promise(setImmediate);
    assert.deepEqual([bench.dialled, bench.service.pendingProofs], [[victim], 1], name);
    bench.clock.advance(1);
    await until(() => bench.dialled.length === 3, `${name}: the second was not proven and carried`);
    client.destroy();
    assert.deepEqual(await answer, { said: "carried", afterMs: HALF_MS }, name);
    // Now that the second has proved itself, nothing waits for the first.
    const again = bench.ask({ peer: own.identity.peerId, endpoints: [victim, second] });
    await until(() => bench.dialled.length === 4, `${name}: the proven one was not dialled`);
    assert.deepEqual(bench.dialled.at(-1), second, name);
    again.client.destroy();
    assert.deepEqual(await again.answer, { said: "carried", afterMs: 0 }, name);
    // Nor when the proof is to be made anew.
    bench.clock.advance(RELAY_LIMITS.proofLastsMs.value);
    const later = bench.ask({ peer: own.identity.peerId, endpoints: [victim, second] });
    await until(() => bench.dialled.length === 6, `${name}: the known one was not proven and carried`);
    later.client.destroy();
    assert.deepEqual(await later.answer, { said: "carried", afterMs: 0 }, name);
  }
});

test("of what only strangers name, two endpoints are tried within the one time", async () => {
  const bench = new RelayBench(NO_NODES.filtered);
  const { answer } = bench.ask({ peer: generateIdentity().peerId, endpoints });
  await settled();
  assert.equal(bench.dialled.length, 1);
  bench.clock.advance(RELAY_LIMITS.unknownProofMs.value / 2);
  await settled();
  assert.equal(bench.dialled.length, 2);
  bench.clock.advance(RELAY_LIMITS.unknownProofMs.value / 2);
  assert.deepEqual(await answer, { said: UNPROVEN, afterMs: RELAY_LIMITS.unknownProofMs.value });
  assert.equal(bench.service.carried, 0);
});

test("a hop that proved itself before has more time, is not bounded, and its failure is told at once", async (t) => {
  const hop = await memoryNode(t);
  let reach: Reach = () => hop.dial();
  const bench = new RelayBench((...asked) => reach(...asked));
  const request = { peer: hop.identity.peerId, endpoints: endpoints.slice(0, 1) };
  const carried = async (): Promise<void> => {
    const before = bench.dialled.length;
    const { client, answer } = bench.ask(request);
    await until(() => bench.dialled.length === before + 2, "it was not proven and carried");
    client.destroy();
    await answer;
  };
  await carried();
  bench.clock.advance(RELAY_LIMITS.proofLastsMs.value);
  reach = NO_NODES.filtered;
  const slow = bench.ask(request);
  await settled();
  bench.clock.advance(RELAY_LIMITS.proofMs.value);
  assert.deepEqual(await slow.answer, { said: UNPROVEN, afterMs: RELAY_LIMITS.proofMs.value });
  assert.equal(bench.service.failedProofsLastHour, 0);

  // It failed, so what strangers say of it counts for no more than before.
  reach = () => hop.dial();
  bench.clock.advance(RELAY_LIMITS.failedProofLastsMs.value);
  await carried();
  bench.clock.advance(RELAY_LIMITS.proofLastsMs.value);
  reach = NO_NODES.closed;
  assert.deepEqual(await bench.ask(request).answer, { said: UNPROVEN, afterMs: 0 });
  bench.clock.advance(RELAY_LIMITS.failedProofLastsMs.value);
  const strange = bench.ask(request);
  await bench.passAnswers();
  assert.deepEqual(await strange.answer, { said: UNPROVEN, afterMs: RELAY_LIMITS.unknownProofMs.value });

  reach = () => hop.dial();
  bench.clock.advance(RELAY_LIMITS.failedProofLastsMs.value);
  await carried();
  bench.clock.advance(RELAY_LIMITS.proofLastsMs.value + RELAY_LIMITS.knownLastsMs.value);
  reach = NO_NODES.closed;
  const later = bench.ask(request);
  await bench.passAnswers();
  assert.equal((await later.answer).afterMs, RELAY_LIMITS.unknownProofMs.value);
});

test("of many endpoints no more than two are dialled", async () => {
  const bench = new RelayBench(NO_NODES.closed);
  const { answer } = bench.ask({ peer: generateIdentity().peerId, endpoints });
  // Small steps: more endpoints would share the time that all of them have.
  for (let step = 0; step < 8; step += 1) {
    await settled();
    bench.clock.advance(HALF_MS / 4);
  }
  await bench.passAnswers();
  assert.equal((await answer).said, UNPROVEN);
  assert.equal(bench.dialled.length, RELAY_LIMITS.waysTried.value);
});

test("what is carried waits no longer", async (t) => {
  const hop = await memoryNode(t);
  const bench = new RelayBench(() => hop.dial(), { maxWaiting: 1 });
  const request = { peer: hop.identity.peerId, endpoints: endpoints.slice(0, 1) };
  const first = bench.ask(request);
  await until(() => bench.dialled.length === 2, "the first was not carried");
  await settled();
  const second = bench.ask(request);
  await until(() => bench.dialled.length === 3, "the second was not carried");
  for (const { client } of [first, second]) client.destroy();
  await Promise.all([first.answer, second.answer]);
});

test("a proven hop that is gone is told with the same words", async (t) => {
  const hop = await memoryNode(t);
  const bench = new RelayBench((...asked) => (bench.dialled.length > 2 ? NO_NODES.closed(...asked) : hop.dial()));
  const request = { peer: hop.identity.peerId, endpoints: endpoints.slice(0, 1) };
  const first = bench.ask(request);
  await until(() => bench.dialled.length === 2, "it was not carried");
  first.client.destroy();
  await first.answer;
  assert.equal((await bench.ask(request).answer).said, UNPROVEN);
});

test("connections that are carried are bounded in all, and a newcomer takes over the oldest of who has most", async (t) => {
  const hop = await memoryNode(t);
  const bench = new RelayBench(() => hop.dial(), { maxCarried: 3 });
  const request = { peer: hop.identity.peerId, endpoints: endpoints.slice(0, 1) };
  const mine = [bench.ask(request), bench.ask(request), bench.ask(request)];
  await until(() => bench.dialled.length === 4, "three were not carried");
  assert.match((await bench.ask(request).answer).said, /^ERR_STREAM_LIMIT this relay has as many carried connections/);
  const evicted = closeOf(mine[0]?.client ?? assert.fail("none"));
  mine[0]?.client.on("error", () => {}).resume();
  const other = bench.ask({ ...request, from: "198.51.100.1", link: 2 });
  await until(() => bench.dialled.length === 5, "the newcomer was not carried");
  await evicted;
  assert.equal(bench.service.carried, 3);
  for (const { client } of [...mine, other]) client.on("error", () => {}).destroy();
  await Promise.all([...mine, other].map(({ answer }) => answer));
  assert.equal(bench.service.carried, 0);
});

test("connections that are carried are bounded for a link, for a network and to one hop", async (t) => {
  const { carriedPerLink, carriedPerNetwork, carriedToHop, waitingPerLink, carried } = RELAY_LIMITS;
  const hop = await memoryNode(t);
  const request = { peer: hop.identity.peerId, endpoints: endpoints.slice(0, 1) };
  const held: { readonly client: Duplex }[] = [];
  const setUp = (options: { readonly maxToHop?: number }) => {
    const bench: RelayBench = new RelayBench(
      () => (bench.dialled.length === 1 ? hop.dial() : Promise.resolve(MemoryPipe.pair()[0])),
      options,
    );
    /** Has so many carried over each of these links, as many as may wait at a time. */
    const fill = async (links: readonly number[], count: number): Promise<void> => {
      for (const link of links) {
        for (let left = count; left > 0; left -= waitingPerLink.value) {
          const some = Math.min(left, waitingPerLink.value);
          const expected = Math.max(1, bench.dialled.length) + some;
          for (let n = 0; n < some; n += 1) held.push(bench.ask({ ...request, link }));
          await until(() => bench.dialled.length === expected, "the connections were not carried");
          await settled();
        }
      }
    };
    const refusal = async (link: number): Promise<string> => (await bench.ask({ ...request, link }).answer).said;
    return { fill, refusal };
  };

  const ofHop = setUp({});
  await ofHop.fill([1], carriedToHop.value);
  assert.match(await ofHop.refusal(2), /^ERR_STREAM_LIMIT this relay has as many connections to that hop as it may$/);

  const { fill, refusal } = setUp({ maxToHop: carried.value });
  await fill([1], carriedPerLink.value);
  assert.match(await refusal(1), /^ERR_STREAM_LIMIT [a-z ]+ carried connections of a link as it may$/);
  await fill([2, 3, 4, 5], (carriedPerNetwork.value - carriedPerLink.value) / 4);
  assert.match(await refusal(6), /^ERR_STREAM_LIMIT [a-z ]+ carried connections of a network as it may$/);
  for (const { client } of held) client.on("error", () => {}).destroy();
});

test("no client takes a hop from the other clients of a relay, however many connections it holds there", async (t) => {
  const [hop, elsewhere] = [await memoryNode(t), await memoryNode(t)];
  const bench = new RelayBench(({ host }) => (host === endpoints[0]?.host ? hop.dial() : elsewhere.dial()), {
    maxToHop: 3,
  });
  const request = { peer: hop.identity.peerId, endpoints: endpoints.slice(0, 1) };
  const mine = [bench.ask(request), bench.ask(request), bench.ask(request)];
  await until(() => bench.dialled.length === 4, "three were not carried");
  const refusal = /^ERR_STREAM_LIMIT this relay has as many connections to that hop as it may$/;
  assert.match((await bench.ask({ ...request, link: 7 }).answer).said, refusal);
  // Its connections to other hops are bounded apart.
  const other = bench.ask({ peer: elsewhere.identity.peerId, endpoints: endpoints.slice(1, 2) });
  await until(() => bench.dialled.length === 6, "the one to another hop was not carried");
  const evicted = closeOf(mine[0]?.client ?? assert.fail("none"));
  mine[0]?.client.on("error", () => {}).resume();
  const newcomer = bench.ask({ ...request, from: "198.51.100.1", link: 2 });
  await until(() => bench.dialled.length === 7, "the newcomer was not carried");
  await evicted;
  assert.equal(bench.service.carried, 4);
  for (const { client } of [...mine, other, newcomer]) client.on("error", () => {}).destroy();
  await Promise.all([...mine, other, newcomer].map(({ answer }) => answer));
  assert.equal(bench.service.carried, 0);
});

test("requests that wait for one proof are bounded for a link, for a network and in all", async () => {
  const { waitingPerLink, waitingPerNetwork, waiting } = RELAY_LIMITS;
  const bench = new RelayBench(NO_NODES.filtered, { maxToHop: RELAY_LIMITS.carried.value });
  const peer = generateIdentity().peerId;
  const refused: string[] = [];
  let count = 0;
  const ask = (link: number, from: string): void => {
    count += 1;
    const request = bench.ask({ peer, endpoints: endpoints.slice(0, 1), link, from });
    void request.answer.then(({ said }) => refused.push(said));
  };
  for (let n = 0; n <= waitingPerLink.value; n += 1) ask(1, "203.0.113.1");
  await settled();
  assert.match(refused.splice(0).join(), /^ERR_STREAM_LIMIT [a-z ]+ waiting requests of a link as it may$/);
  for (let n = waitingPerLink.value; n <= waitingPerNetwork.value; n += 1) ask(2 + (n >> 4), "203.0.113.2");
  await settled();
  assert.match(refused.splice(0).join(), /^ERR_STREAM_LIMIT [a-z ]+ waiting requests of a network as it may$/);
  for (let n = count - 2; n < waiting.value; n += 1) ask(1_000 + n, `198.51.${n >> 4}.1`);
  await settled();
  assert.deepEqual([bench.service.carried, refused], [waiting.value, []]);
  ask(9_999, "198.18.0.1");
  await settled();
  assert.equal(refused.length, 1);
  assert.deepEqual([bench.service.carried, bench.dialled.length], [waiting.value, 1]);
  await bench.passAnswers();
  assert.equal(bench.service.carried, 0);
});

test("a request that was taken back holds no place, and is not dialled when it comes so late", async () => {
  const bench = new RelayBench(NO_NODES.filtered);
  const request = bench.ask({ peer: generateIdentity().peerId, endpoints });
  await settled();
  request.reset();
  assert.match((await request.answer).said, /^ERR_ABORTED/);
  await settled();
  assert.deepEqual([bench.service.carried, bench.service.pendingProofs], [0, 0]);
});

test("streams that go back to the address they come from are few, unless all of this is one local network", async () => {
  const back = [{ host: "203.0.113.7", port: 4433 }, ...endpoints];
  const bench = new RelayBench(NO_NODES.filtered);
  const asks = [1, 2, 3].map(() =>
    bench.ask({ peer: generateIdentity().peerId, endpoints: back, from: "203.0.113.7" }),
  );
  assert.match((await asks[2]?.answer)?.said ?? "", /^ERR_STREAM_LIMIT this relay sends no more streams back/);
  await bench.passAnswers();
  await Promise.all(asks.map(({ answer }) => answer));
  const again = bench.ask({ peer: generateIdentity().peerId, endpoints: back, from: "203.0.113.7" });
  await bench.passAnswers();
  assert.equal((await again.answer).said, UNPROVEN);
  const lab = new RelayBench(NO_NODES.filtered, { localNetwork: true });
  const many = [1, 2, 3].map(() => lab.ask({ peer: generateIdentity().peerId, endpoints: back, from: "203.0.113.7" }));
  await lab.passAnswers();
  for (const { answer } of many) assert.equal((await answer).said, UNPROVEN);
});

test("what a request shows goes to whoever knows where hops are; nothing is dialled for a peer that nobody knows", async () => {
  const located: unknown[] = [];
  const service = new RelayService({
    clock: new FakeClock(),
    budget: roomyBudget(),
    locate: async (asked) => {
      located.push({ ...asked });
      throw new BywayError("ERR_HOP_UNKNOWN", "nobody knows it");
    },
    dialler: { reach: async () => assert.fail("dialled") },
  });
  const ask = (header: string | undefined): Promise<void> => {
    const headers = header === undefined ? {} : { "byway-advertisement": header };
    const { signal } = new AbortController();
    return service.connectHop({ headers, signal, link: someLink(1, "203.0.113.1") } as IncomingStream, "k51next");
  };
  await assert.rejects(ask(undefined), { code: "ERR_HOP_UNKNOWN" });
  await assert.rejects(ask(Buffer.from([1, 2, 3]).toString("base64url")), { code: "ERR_HOP_UNKNOWN" });
  await assert.rejects(ask("A".repeat(3_000)), { code: "ERR_ADVERTISEMENT_MALFORMED" });
  const asked = { peerId: "k51next", askerAddress: "203.0.113.1" };
  assert.deepEqual(located, [
    { ...asked, shown: undefined },
    { ...asked, shown: Buffer.from([1, 2, 3]) },
  ]);
  assert.equal(service.carried, 0);
});
