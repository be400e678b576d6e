import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, test } from "node:test";
import { SOME_PEER } from "../../test/support/any-constraints.ts";
import { ALL_KNOWN, indexOf, node } from "../../test/support/candidates.ts";
import { dispatchSite as site } from "../../test/support/dispatch-site.ts";
import { hopNetwork } from "../../test/support/hop-network.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { settled } from "../../test/support/settled.ts";
import { CircuitBuilder } from "../circuit/circuit-builder.ts";
import type { Hop } from "../circuit/hop.ts";
import { CIRCUIT_LIMITS } from "../circuit/limits.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { FakeClock } from "../core/fake-clock.ts";
import { seededRandom } from "../core/random.ts";
import type { Candidate } from "../routing/candidate.ts";
import type { CandidateIndex } from "../routing/candidate-index.ts";
import type { Observer } from "../trust/observer.ts";
import { DISPATCH_LIMITS } from "./limits.ts";

/** An index of these nodes as exits. */
function indexOfHops(hops: readonly Hop[], acceptedPorts: Candidate["acceptedPorts"] = ANY_PORT): CandidateIndex {
  return indexOf(
    hops.map(({ peerId, ways }) => node(peerId, { ways, acceptedPorts })),
    ALL_KNOWN,
  );
}

const ANY_PORT = [{ first: 1, last: 65_535 }];
const TARGET = { host: "192.0.2.1", port: 53 };
const { signal } = new AbortController();

suite("a request that no known node fits", () => {
  const request = { target: TARGET, constraints: { countries: ["us"] }, user: "" };
  const dialler = { reach: () => Promise.reject(new BywayError("ERR_HOP_UNREACHABLE", "nobody is there")) };

  test("has nodes searched for that carry what it needs", async (t) => {
    const { router, searched } = site(
      t,
      indexOf([]),
      (clock, observer) =>
        new CircuitBuilder({ observer, clock, random: seededRandom(1), budget: roomyBudget(), dialler }),
    );
    await assert.rejects(router.openStream(request, signal), { code: "ERR_NO_NODE" });
    await assert.rejects(router.openDatagrams(request, signal), { code: "ERR_NO_NODE" });
    assert.deepEqual(searched, [
      { roles: ["exit"], countries: ["us"] },
      { roles: ["exit"], protocols: ["udp"], countries: ["us"] },
    ]);
  });
});

suite("a request while this machine's clock seems to be off", () => {
  const request = { target: TARGET, constraints: { countries: ["us"] }, user: "" };
  const dialler = { reach: () => Promise.reject(new BywayError("ERR_HOP_UNREACHABLE", "nobody is there")) };
  const builder = (clock: FakeClock, observer: Observer) =>
    new CircuitBuilder({ observer, clock, random: seededRandom(1), budget: roomyBudget(), dialler });
  const doubt = { direction: "behind", byMs: 10_800_000, peers: 1, advertisements: 12 } as const;

  test("says so where no node is known at all", async (t) => {
    await assert.rejects(site(t, indexOf([]), builder, doubt).router.openStream(request, signal), {
      code: "ERR_CLOCK_OFF",
      message:
        "no node can be used, and the 12 advertisements that came are dated 3 h in the future: set this machine's clock",
    });
  });

  test("names what left no node where some are known", async (t) => {
    const { router } = site(t, indexOf([node("a", { country: "de" })], ALL_KNOWN), builder, doubt);
    await assert.rejects(router.openStream(request, signal), { code: "ERR_NO_NODE" });
  });
});

suite("requests that no node fits, a hundred a second", () => {
  const dialler = { reach: () => Promise.reject(new BywayError("ERR_HOP_UNREACHABLE", "nobody is there")) };
  const nobody = (clock: FakeClock, observer: Observer): CircuitBuilder =>
    new CircuitBuilder({ observer, clock, random: seededRandom(1), budget: roomyBudget(), dialler });
  const PERIOD_MS = 10;

  for (const [what, constraintsOf] of [
    ["without a session", () => ({ countries: ["us"] })],
    ["each with a session of its own", (n: number) => ({ countries: ["us"], session: `s${n}` })],
    ["for one port after another", () => ({ countries: ["us"] })],
  ] as const) {
    test(`have the network searched five times in half a minute, ${what}`, { timeout: 20_000 }, async (t) => {
      const { router, searched, clock } = site(t, indexOf([node("a", { country: "de" })]), nobody);
      for (let n = 0; n < 3_000; n += 1) {
        const target = what.includes("port") ? { ...TARGET, port: n + 1 } : TARGET;
        const opening = router.openStream({ target, constraints: constraintsOf(n), user: "" }, signal);
        await assert.rejects(opening, { code: "ERR_NO_NODE" });
        clock.advance(PERIOD_MS);
      }
      // At 0, 2, 6, 14 and 22 s.
      assert.equal(searched.length, 5);
    });
  }

  test("are planned once a second, and at once when a node came", async (t) => {
    const index = indexOf([node("a", { country: "de" })], ALL_KNOWN);
    const { router, clock, version } = site(t, index, nobody);
    let planned = 0;
    const { lists } = index;
    const find = lists.find.bind(lists);
    t.mock.method(lists, "find", (name: string) => {
      if (name === "country/us") planned += 1;
      return find(name);
    });
    const ask = () => router.openStream({ target: TARGET, constraints: { countries: ["us"] }, user: "" }, signal);
    await assert.rejects(ask(), { code: "ERR_NO_NODE" });
    const first = planned;
    for (let n = 0; n < 99; n += 1) await assert.rejects(ask(), { code: "ERR_NO_NODE" });
    assert.equal(planned, first);
    index.put(node(SOME_PEER, { country: "us" }));
    version.now += 1;
    await assert.rejects(ask(), { code: "ERR_HOP_UNREACHABLE" });
    index.remove(SOME_PEER);
    version.now += 1;
    clock.advance(60_000);
    await assert.rejects(ask(), { code: "ERR_NO_NODE" });
    const again = planned;
    clock.advance(1_000);
    await assert.rejects(ask(), { code: "ERR_NO_NODE" });
    assert.ok(planned > again, "planned again after a second");
  });

  test("are told when to come again", async (t) => {
    const { router, clock } = site(t, indexOf([]), nobody);
    const ask = () => router.openStream({ target: TARGET, constraints: { countries: ["us"] }, user: "" }, signal);
    await assert.rejects(ask(), { code: "ERR_NO_NODE" });
    clock.advance(1_000);
    const refused = await ask().catch(toBywayError);
    assert.ok(refused instanceof BywayError);
    assert.equal(refused.data.retryAfterSec, 1);
  });
});

suite("an exit that takes streams and says nothing any more", () => {
  const { leastHedgeMs } = CIRCUIT_LIMITS;
  const { unknownAnswerMs } = DISPATCH_LIMITS;
  for (const [what, constraints, hasHistory] of [
    ["a session", { session: "s" }, true],
    ["no session", {}, true],
    ["no history", {}, false],
  ] as const) {
    test(`is left soon, ${what}`, { timeout: 20_000 }, async (t) => {
      const network = await hopNetwork(2);
      t.after(() => network[Symbol.asyncDispose]());
      const hops = network.hopsOf(0, 1);
      const index = indexOfHops(hops);
      const { router, clock, experience } = site(t, index, (own, observer) => network.builder(own, { observer }));
      const request = { target: TARGET, constraints, user: "" };
      const first = await router.openStream(request, signal);
      network.freeze(hops.findIndex(({ peerId }) => peerId === first.route.exit.peerId));
      if (!hasHistory) t.mock.method(experience, "expectedMs", () => undefined);
      const second = router.openStream(request, signal);
      await settled();
      clock.advance((hasHistory ? leastHedgeMs : unknownAnswerMs).value);
      await settled();
      clock.advance(Math.max(DISPATCH_LIMITS.leastAnswerMs.value, hasHistory ? 0 : CIRCUIT_LIMITS.checkMs.value));
      const { route } = await second;
      assert.notEqual(route.exit.peerId, first.route.exit.peerId);
    });
  }
});

suite("an exit that refuses a port which it says it accepts", () => {
  const refusal = new BywayError("ERR_POLICY_PORT", "port 53 is closed at this exit");

  test("is left for another one", async (t) => {
    const network = await hopNetwork(2);
    t.after(() => network[Symbol.asyncDispose]());
    const { router } = site(t, indexOfHops(network.hopsOf(0, 1)), (own, observer) =>
      network.builder(own, { observer }),
    );
    network.beforeTarget = async (index) => {
      if (index === 0) throw refusal;
    };
    for (let n = 0; n < 4; n += 1) {
      const { route } = await router.openStream({ target: TARGET, constraints: {}, user: `u${n}` }, signal);
      assert.equal(route.exit.peerId, network.peers[1]);
    }
  });

  test("what no exit says it accepts is refused as it was", async (t) => {
    const network = await hopNetwork(1);
    t.after(() => network[Symbol.asyncDispose]());
    const { router } = site(t, indexOfHops(network.hopsOf(0), []), (own, observer) =>
      network.builder(own, { observer }),
    );
    const opening = router.openStream({ target: TARGET, constraints: {}, user: "" }, signal);
    await assert.rejects(opening, { code: "ERR_POLICY_PORT" });
  });
});

test("an exit that was full is waited for again as soon as a stream to it ends", async (t) => {
  const network = await hopNetwork(1);
  t.after(() => network[Symbol.asyncDispose]());
  const { router, outcomes, clock } = site(t, indexOfHops(network.hopsOf(0)), (own, observer) =>
    network.builder(own, { observer }),
  );
  const { stream, route } = await router.openStream({ target: TARGET, constraints: {}, user: "" }, signal);
  for (let n = 0; n < 5; n += 1) {
    outcomes.paces.noteRefused(route.exit.peerId);
    clock.advance(1_000);
  }
  outcomes.paces.noteRefused(route.exit.peerId);
  assert.equal(outcomes.paces.take(route.exit.peerId, "", CIRCUIT_LIMITS.patienceMs.value), undefined);
  const closed = once(stream, "close");
  stream.destroy();
  await closed;
  assert.notEqual(outcomes.paces.take(route.exit.peerId, "", CIRCUIT_LIMITS.patienceMs.value), undefined);
});

suite("an exit that declines what its advertisement leaves open", () => {
  for (const code of [
    "ERR_POLICY_TARGET",
    "ERR_POLICY_LISTED",
    "ERR_NODE_LIMIT",
    "ERR_NODE_CLOSED",
    "ERR_NODE_LOG",
  ] as const) {
    test(`${code}: another one carries the stream, and nobody is trusted less for it`, async (t) => {
      const network = await hopNetwork(2);
      t.after(() => network[Symbol.asyncDispose]());
      const { router, experience } = site(t, indexOfHops(network.hopsOf(0, 1)), (own, observer) =>
        network.builder(own, { observer }),
      );
      network.beforeTarget = async (index) => {
        if (index === 0) throw new BywayError(code, "not here", { data: { by: "rule 1", retryAfterSec: 30 } });
      };
      const failed = t.mock.method(experience, "noteFailure");
      for (let n = 0; n < 4; n += 1) {
        const { route } = await router.openStream({ target: TARGET, constraints: {}, user: `u${n}` }, signal);
        assert.equal(route.exit.peerId, network.peers[1]);
      }
      assert.equal(failed.mock.callCount(), 0);
      assert.equal(experience.trustOf(String(network.peers[0])).observations, 0);
    });
  }

  test("and where there is no other one, the app hears what it said", async (t) => {
    const network = await hopNetwork(1);
    t.after(() => network[Symbol.asyncDispose]());
    const { router } = site(t, indexOfHops(network.hopsOf(0)), (own, observer) => network.builder(own, { observer }));
    network.beforeTarget = async () => {
      throw new BywayError("ERR_POLICY_LISTED", "evil.example:53 is on the exit's blocklist drop");
    };
    const opening = router.openStream({ target: TARGET, constraints: {}, user: "" }, signal);
    await assert.rejects(opening, {
      code: "ERR_POLICY_LISTED",
      message: /evil\.example:53 is on the exit's blocklist drop/,
    });
  });
});

test("each hop of a circuit whose exit answers gains trust, and its first one is a guard that works", async (t) => {
  const network = await hopNetwork(3);
  t.after(() => network[Symbol.asyncDispose]());
  const index = indexOfHops(network.hopsOf(0, 1, 2));
  const { router, experience, guards } = site(t, index, (own, observer) => network.builder(own, { observer }));
  const works = t.mock.method(guards, "noteSuccess");
  const { route } = await router.openStream({ target: TARGET, constraints: { hops: 3 }, user: "" }, signal);
  for (const { peerId } of route.hops) assert.equal(experience.trustOf(peerId).observations, 1, peerId);
  assert.deepEqual(
    works.mock.calls.map(({ arguments: [peerId] }) => peerId),
    [route.hops[0]?.peerId],
  );
});

for (const [code, way] of [
  ["ERR_HOP_LIMIT", "failed"],
  ["ERR_NODE_CLOSED", "rests"],
] as const) {
  test(`${code} for a request that did not wait for its answer: the circuit takes no further stream`, async (t) => {
    const network = await hopNetwork(1);
    t.after(() => network[Symbol.asyncDispose]());
    const { router, outcomes } = site(t, indexOfHops(network.hopsOf(0)), (own, observer) =>
      network.builder(own, { observer }),
    );
    network.beforeTarget = async () => {
      throw new BywayError(code, "not now", { data: { retryAfterSec: 30 } });
    };
    const left = t.mock.method(outcomes, way);
    const opened = await router.openStream({ target: TARGET, constraints: {}, user: "", optimistic: true }, signal);
    const failure = await new Promise<unknown>((resolve) => opened.stream.once("error", resolve));
    assert.equal(toBywayError(failure).code, code);
    assert.equal(left.mock.callCount(), 1);
    assert.equal(left.mock.calls[0]?.arguments[0]?.usable, false);
  });
}

test("an exit that failed may be chosen again after it answered, also if the app did not wait for the answer", async (t) => {
  const network = await hopNetwork(1);
  t.after(() => network[Symbol.asyncDispose]());
  const seen: Observer[] = [];
  const { router, experience } = site(t, indexOfHops(network.hopsOf(0)), (own, observer) => {
    seen.push(observer);
    return network.builder(own, { observer });
  });
  const [observer] = seen;
  const peerId = String(network.peers[0]);
  observer?.observe({ peerId, role: "exit", isFirst: true, what: "failed" });
  assert.equal(observer?.avoided.has(peerId), true);
  const opened = await router.openStream({ target: TARGET, constraints: {}, user: "", optimistic: true }, signal);
  await opened.accepted;
  await settled();
  assert.equal(observer?.avoided.has(peerId), false);
  assert.ok(experience.trustOf(peerId).observations > 0);
});

test("hops that fail while a circuit is built are in the log of the request that waits for it, and of no other", async (t) => {
  const network = await hopNetwork(3);
  t.after(() => network[Symbol.asyncDispose]());
  const { router, log } = site(t, indexOfHops(network.hopsOf(0, 1, 2)), (own, observer) =>
    network.builder(own, { observer }),
  );
  const dead: string[] = [];
  network.beforeDial = async (peerId) => {
    if (dead.length === 2) return;
    dead.push(peerId);
    throw new BywayError("ERR_HOP_UNREACHABLE", "nobody answers there");
  };
  const request = { target: TARGET, constraints: { session: "s" }, user: "" };
  const streams = await Promise.all([router.openStream(request, signal), router.openStream(request, signal)]);
  const attempts = streams.map(({ requestId = "" }) => log.get(requestId)?.attempts.map(({ peerId }) => peerId));
  assert.deepEqual(attempts, [dead, []]);
});
