import assert from "node:assert/strict";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import { memoryNode, NO_NODES, RelayBench } from "../../test/support/relay-bench.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { settled } from "../../test/support/settled.ts";
import { someLink } from "../../test/support/some-link.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { generateIdentity } from "../identity/identity.ts";
import { directTo } from "../link/direct-way.ts";
import type { Way } from "../link/way.ts";
import { RELAY_LIMITS } from "./limits.ts";
import type { FailedProof } from "./proof-log.ts";
import { ProvenHops } from "./proven-hops.ts";

const silent = { host: "198.51.100.2", port: 4000 };

function stranger(endpoints = [silent]) {
  return { peer: generateIdentity().peerId, endpoints };
}

/** Turns of the event loop until `isSo`. */
async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 100_000 && !isSo(); turn += 1) await new Promise(setImmediate);
  assert.ok(isSo(), what);
}

test("requests for a silent port that are reset at once hold nothing, and shut nobody out", async (t) => {
  const hop = await memoryNode(t);
  const honest = { host: "192.0.2.7", port: 443 };
  const bench = new RelayBench((endpoint, signal) =>
    endpoint.host === honest.host ? hop.dial() : NO_NODES.filtered(endpoint, signal),
  );
  for (let n = 0; n < 260; n += 1) {
    const request = bench.ask(stranger());
    if (n % 20 === 0) await settled();
    request.reset();
    await request.answer;
  }
  assert.equal(bench.service.pendingProofs, 0);
  assert.equal(bench.dialled.length, RELAY_LIMITS.unprovenBurstToNetwork.value * (3 / 4));
  // Of the very network that the attack came from, over another link.
  const ask = bench.ask({ peer: hop.identity.peerId, endpoints: [honest], link: 2 });
  await until(() => bench.dialled.filter(({ host }) => host === honest.host).length === 2, "it was not carried");
  ask.client.destroy();
  assert.equal((await ask.answer).said, "carried");
});

test("32 such requests a second for a minute shut nobody out either", async (t) => {
  const hop = await memoryNode(t);
  const bench = new RelayBench((endpoint, signal) =>
    endpoint.host === "192.0.2.7" ? hop.dial() : NO_NODES.filtered(endpoint, signal),
  );
  for (let second = 0; second < 60; second += 1) {
    for (let n = 0; n < 32; n += 1) {
      const request = bench.ask(stranger([{ host: `198.51.${second}.${n}`, port: 4000 }]));
      request.reset();
      await request.answer;
    }
    bench.clock.advance(1_000);
  }
  const { unprovenBurstOfLink, unprovenPerMinuteOfLink } = RELAY_LIMITS;
  assert.ok(bench.dialled.length <= unprovenBurstOfLink.value + unprovenPerMinuteOfLink.value);
  const ask = bench.ask({ peer: hop.identity.peerId, endpoints: [{ host: "192.0.2.7", port: 443 }], link: 2 });
  await until(() => bench.dialled.filter(({ host }) => host === "192.0.2.7").length === 2, "it was not carried");
  ask.client.destroy();
  await ask.answer;
});

test("a proof ends with the last of its askers, and goes on for those that are left", async () => {
  let ended = 0;
  const bench = new RelayBench((endpoint, signal) => {
    signal.addEventListener("abort", () => (ended += 1));
    return NO_NODES.filtered(endpoint, signal);
  });
  const request = stranger();
  const [first, second] = [bench.ask(request), bench.ask(request)];
  await settled();
  first.reset();
  await settled();
  assert.deepEqual([bench.service.pendingProofs, ended, bench.dialled.length], [1, 0, 1]);
  second.reset();
  await settled();
  assert.deepEqual([bench.service.pendingProofs, ended], [0, 1]);
  // What was taken back says nothing of the hop: it is dialled again.
  bench.ask(request);
  await settled();
  assert.equal(bench.dialled.length, 2);
});

test("proofs under way are bounded, and a newcomer gets the place of the network that holds most", async () => {
  const bench = new RelayBench(NO_NODES.filtered, { maxPendingProofs: 4 });
  const said: string[] = [];
  const ask = async (n: number, from: string): Promise<void> => {
    const request = { ...stranger([{ host: `198.51.${n}.1`, port: 443 }]), link: n, from };
    void bench.ask(request).answer.then((answer) => said.push(answer.said));
    await settled();
  };
  for (const n of [1, 2, 3, 4, 5]) await ask(n, "203.0.113.1");
  const tooMany = "ERR_STREAM_LIMIT this relay is getting to know too many nodes at once";
  assert.deepEqual([bench.service.pendingProofs, said], [4, [tooMany]]);
  await ask(6, "203.0.114.1");
  assert.deepEqual([bench.service.pendingProofs, said], [4, [tooMany, tooMany]]);
  assert.equal(bench.dialled.length, 5);
});

test("what is remembered of hops is bounded: the oldest proof and the oldest failure are forgotten", async (t) => {
  const node = await memoryNode(t);
  const dialler = {
    reach: ({ at }: Way): Promise<Duplex> =>
      at.host === "192.0.2.7" ? node.dial() : Promise.reject(new BywayError("ERR_HOP_UNREACHABLE", "nobody listens")),
  };
  const clock = new FakeClock();
  const hops = new ProvenHops({ clock, budget: roomyBudget(), dialler }, { maxProven: 2, maxFailed: 2 });
  const prove = (host: string, port: number): Promise<string> =>
    hops
      .prove(
        {
          peerId: node.identity.peerId,
          way: directTo({ host, port }),
          link: someLink(1, "203.0.113.1"),
          isKnown: true,
          ms: RELAY_LIMITS.proofMs.value,
        },
        new AbortController().signal,
      )
      .then(
        () => "proven",
        (error: Error) => error.message,
      );
  for (const port of [1, 2, 3]) assert.equal(await prove("192.0.2.7", port), "proven");
  const states = [1, 2, 3].map((port) => hops.stateOf(node.identity.peerId, directTo({ host: "192.0.2.7", port })));
  assert.deepEqual(states, ["unknown", "proven", "proven"]);
  for (const port of [1, 2, 3]) assert.equal(await prove("192.0.2.8", port), "nobody listens");
  assert.equal(await prove("192.0.2.8", 3), "it failed a moment ago");
  assert.equal(await prove("192.0.2.8", 1), "nobody listens");
});

test("a socket that this node lacks is no failure of the hop, and has a pace as every proof", async () => {
  const bench = new RelayBench(() => Promise.reject(new BywayError("ERR_STREAM_LIMIT", "no socket is left")));
  const request = stranger();
  for (let n = 0; n < RELAY_LIMITS.proofBurstOfNetwork.value; n += 1) {
    assert.deepEqual(await bench.ask(request).answer, { said: "ERR_STREAM_LIMIT no socket is left", afterMs: 0 });
  }
  assert.equal(bench.service.failedProofsLastHour, 0);
  assert.match((await bench.ask(request).answer).said, /^ERR_STREAM_LIMIT this relay is getting to know too many/);
});

test("failed proofs of what only strangers name are logged with what was found, and counted for an hour", async (t) => {
  const hop = await memoryNode(t);
  const logged: FailedProof[] = [];
  const log = { proofFailed: (proof: FailedProof) => void logged.push(proof) };
  const bench = new RelayBench(
    (...asked) => (asked[0].port === 443 ? hop.dial() : NO_NODES.closed(...asked)),
    {},
    { log },
  );
  const good = { host: "192.0.2.7", port: 443 };
  const carried = bench.ask({ peer: hop.identity.peerId, endpoints: [good], link: 5 });
  await until(() => bench.dialled.length === 2, "it was not carried");
  carried.client.destroy();
  await carried.answer;
  const failed = bench.ask({ ...stranger(), link: 6 });
  await bench.passAnswers();
  await failed.answer;
  assert.deepEqual(logged, [
    { link: someLink(6, "203.0.113.200"), endpoint: silent, durationMs: 0, result: "ERR_HOP_UNREACHABLE" },
  ]);
  assert.equal(bench.service.failedProofsLastHour, 1);
  bench.clock.advance(3_600_000);
  assert.equal(bench.service.failedProofsLastHour, 0);
});

test("a proof that failed counts against its link, and none is begun beyond the bound", async () => {
  const bench = new RelayBench(NO_NODES.closed);
  const most = RELAY_LIMITS.unprovenBurstOfLink.value;
  const said: string[] = [];
  for (let n = 0; n < most; n += 1) {
    void bench.ask(stranger([{ host: `198.${n}.0.1`, port: 443 }])).answer.then((answer) => said.push(answer.said));
  }
  await bench.passAnswers();
  assert.deepEqual([said.length, new Set(said).size, bench.service.pendingProofs], [most, 1, 0]);
  const next = bench.ask(stranger([{ host: "203.0.113.1", port: 443 }]));
  await bench.passAnswers();
  assert.match((await next.answer).said, /^ERR_STREAM_LIMIT /);
  assert.equal(bench.dialled.length, most);
});

test("a failed proof is remembered for a moment only", async () => {
  const bench = new RelayBench(NO_NODES.closed);
  const request = stranger();
  for (const dialled of [1, 1]) {
    const { answer } = bench.ask(request);
    await bench.passAnswers();
    await answer;
    assert.equal(bench.dialled.length, dialled);
  }
  bench.clock.advance(RELAY_LIMITS.failedProofLastsMs.value);
  bench.ask(request);
  await settled();
  assert.equal(bench.dialled.length, 2);
});

test("proofs in one network are bounded, whoever asks for them and however well the hops are known", async () => {
  const clock = new FakeClock();
  const dialler = { reach: NO_NODES.silent as () => Promise<Duplex> };
  const hops = new ProvenHops({ clock, budget: roomyBudget(), dialler });
  const most = RELAY_LIMITS.pendingProofsPerEndpointNetwork.value;
  const { peerId } = generateIdentity();
  const end = new AbortController();
  const said = Array.from({ length: most + 1 }, (_, n) =>
    hops
      .prove(
        {
          peerId,
          way: directTo({ host: `198.51.100.${n}`, port: 443 }),
          link: someLink(n, `203.0.${n}.1`),
          isKnown: true,
          ms: RELAY_LIMITS.proofMs.value,
        },
        end.signal,
      )
      .catch(({ code }: BywayError) => code),
  );
  assert.equal(hops.pending, most);
  end.abort(new BywayError("ERR_STOPPED", "enough"));
  assert.equal((await Promise.all(said)).filter((code) => code === "ERR_STREAM_LIMIT").length, 1);
});
