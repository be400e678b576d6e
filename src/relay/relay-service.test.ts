import assert from "node:assert/strict";
import type { Duplex } from "node:stream";
import { type TestContext, test } from "node:test";
import { closeOf, collect } from "../../test/support/collect.ts";
import { type ServedLink, serveLink } from "../../test/support/link-bench.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import type { HostPort } from "../core/network-address.ts";
import { generateIdentity } from "../identity/identity.ts";
import type { IncomingStream } from "../link/incoming-stream.ts";
import { MemoryPipe } from "../link/memory-pipe.ts";
import { MemoryTransport } from "../link/memory-transport.ts";
import { RELAY_LIMITS } from "./limits.ts";
import { RelayService } from "./relay-service.ts";

const endpoints = [1, 2, 3, 4].map((port) => ({ host: "192.0.2.1", port }));
const valid = Buffer.from([1, 2, 3]).toString("base64url");

async function nextHop(context: TestContext): Promise<ServedLink> {
  const served = await serveLink(new MemoryTransport(), {});
  context.after(() => served[Symbol.asyncDispose]());
  return served;
}

/** A relay that knows `peer` at the four endpoints. */
function relay(peer: string, dialHop: (endpoint: HostPort) => Promise<Duplex>) {
  const clock = new FakeClock();
  const located: string[] = [];
  const service = new RelayService({
    clock,
    budget: roomyBudget(),
    locate: async ({ peerId, shown }) => {
      located.push(shown === undefined ? "" : Buffer.from(shown).toString("hex"));
      if (peerId !== peer) throw new BywayError("ERR_HOP_UNKNOWN", "nobody knows it");
      return { endpoints, isKnown: false };
    },
    dialler: { dialHop },
  });
  const [client, far] = MemoryPipe.pair();
  const ask = (header: string | undefined, peerId = peer): Promise<void> =>
    service.connectHop(
      {
        headers: header === undefined ? {} : { "byway-advertisement": header },
        signal: new AbortController().signal,
        accept: () => far,
      } as unknown as IncomingStream,
      peerId,
    );
  return { service, client, ask, clock, located };
}

test("it carries bytes to the first advertised endpoint that answers as the peer", async (t) => {
  const hop = await nextHop(t);
  const tried: number[] = [];
  const onward: MemoryPipe[] = [];
  const { service, client, ask } = relay(hop.identity.peerId, async ({ port }) => {
    tried.push(port);
    if (port < 2) throw new BywayError("ERR_HOP_UNREACHABLE", "refused");
    if (tried.length === 2) return hop.dial();
    const [near, far] = MemoryPipe.pair();
    onward.push(far);
    return near;
  });
  const served = ask(valid);
  client.end("ciphertext");
  while (onward.length === 0) await new Promise(setImmediate);
  const [far] = onward;
  assert.ok(far !== undefined);
  assert.equal((await collect(far)).toString(), "ciphertext");
  assert.equal(service.carried, 1);
  far.end();
  client.resume();
  await served;
  assert.deepEqual([tried, service.carried], [[1, 2, 2], 0]);
});

test("a peer proves itself once an hour, however many ask", async (t) => {
  const hop = await nextHop(t);
  let dials = 0;
  const first = relay(hop.identity.peerId, async () => {
    dials += 1;
    return hop.dial();
  });
  const carried = [first.ask(valid), first.ask(valid)];
  while (dials < 3) await new Promise(setImmediate);
  first.clock.advance(RELAY_LIMITS.proofLastsMs.value - 1);
  carried.push(first.ask(valid));
  while (dials < 4) await new Promise(setImmediate);
  first.clock.advance(1);
  carried.push(first.ask(valid));
  while (dials < 6) await new Promise(setImmediate);
  const closed = closeOf(first.client);
  first.client.destroy();
  await Promise.all([closed, ...carried]);
  assert.equal(dials, 6);
});

test("a server that is not the advertised peer gets no byte of the client's", async (t) => {
  const hop = await nextHop(t);
  const impostor = relay(generateIdentity().peerId, () => hop.dial());
  await assert.rejects(impostor.ask(valid), { code: "ERR_HOP_IDENTITY" });
  const plain = relay(hop.identity.peerId, async () => {
    const [near, far] = MemoryPipe.pair();
    far.on("data", (chunk: Buffer) => assert.equal(chunk[0], 0x16, "something else than a TLS handshake was sent"));
    far.end("HTTP/1.1 200 OK\r\n\r\n");
    return near;
  });
  plain.client.write("GET / HTTP/1.1\r\n\r\n");
  await assert.rejects(plain.ask(valid), { code: "ERR_HOP_TLS" });
});

test("it gives up after a few endpoints with the last reason", async () => {
  let tried = 0;
  const { ask, service } = relay(generateIdentity().peerId, async () => {
    tried += 1;
    throw new BywayError("ERR_TARGET_PROHIBITED", "private");
  });
  await assert.rejects(ask(valid), { code: "ERR_TARGET_PROHIBITED" });
  assert.deepEqual([tried, service.carried], [3, 0]);
});

test("nothing is dialled for a peer that nobody knows", async () => {
  const { ask } = relay("k51next", async () => assert.fail("dialled"));
  await assert.rejects(ask(undefined, "k51other"), { code: "ERR_HOP_UNKNOWN" });
  await assert.rejects(ask("A".repeat(3_000)), { code: "ERR_ADVERTISEMENT_MALFORMED" });
});

test("what the request shows goes to whoever knows where hops are, and nothing where it shows none", async () => {
  const { ask, located } = relay("k51next", () => Promise.reject(new BywayError("ERR_HOP_UNREACHABLE", "refused")));
  await assert.rejects(ask(undefined), { code: "ERR_HOP_UNREACHABLE" });
  await assert.rejects(ask(valid), { code: "ERR_HOP_UNREACHABLE" });
  assert.deepEqual(located, ["", "010203"]);
});
