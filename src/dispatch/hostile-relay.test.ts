import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { answeringNodes, indexOf, node } from "../../test/support/candidates.ts";
import { hopNetwork } from "../../test/support/hop-network.ts";
import { knownPeer } from "../../test/support/known-peer.ts";
import { poolBench } from "../../test/support/pool-bench.ts";
import { settled } from "../../test/support/settled.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { seededRandom } from "../core/random.ts";
import { GuardSet } from "../routing/guard-set.ts";
import { MemoryRecords } from "../storage/record-keeper.ts";
import { TRUST_LIMITS } from "../trust/limits.ts";
import { Observer } from "../trust/observer.ts";
import { OwnExperience } from "../trust/own-experience.ts";
import { checkFar } from "./check-far.ts";
import { examineRelay } from "./examine-relay.ts";
import { PathPlanner } from "./path-planner.ts";

const HOSTILE = 0;
const FRIEND = 1;
const NODES = 8;
const QUARTERS = 4;
const STREAMS_A_QUARTER = 5;

interface Outcome {
  /** The share of circuits that go through the hostile relay, in the second half of the time. */
  readonly share: number;
  /** The trust in each node. */
  readonly scores: readonly number[];
}

/**
 * An hour of a client that observes, checks and examines as `client/parts/circuits.ts` has it. Node 0 carries to its friend, node 1, alone,
 * and says of all others that nobody answers. `guards` are those that the client kept from before.
 */
async function hour(t: TestContext, hops: number, guards: readonly number[]): Promise<Outcome> {
  const network = await hopNetwork(NODES);
  t.after(() => network[Symbol.asyncDispose]());
  network.beforeOnward = async (index, peerId) => {
    if (index === HOSTILE && peerId !== network.peers[FRIEND])
      throw new BywayError("ERR_HOP_UNREACHABLE", "nobody answers there");
  };
  const clock = new FakeClock();
  const random = seededRandom(1);
  const records = new MemoryRecords();
  const kept = guards.map((index) => [String(network.peers[index]), clock.nowMs(), 3_600_000_000, clock.nowMs()]);
  records.put("guards", "sample", { drawn: [], guards: kept });
  const all = network.hopsOf(...network.peers.keys());
  const candidates = new Map(all.map(({ peerId, ways }) => [String(peerId), node(peerId, { ways })]));
  const experience = new OwnExperience({ clock, records });
  const index = indexOf([...candidates.values()], experience);
  experience.onChange((peer) => {
    const candidate = candidates.get(peer);
    if (candidate !== undefined) index.put(candidate);
  });
  const guardSet = new GuardSet({ clock, random, records });
  const planner = new PathPlanner({ peers: answeringNodes(index), guards: guardSet, random }, { defaultHops: hops });
  const { signal } = new AbortController();
  const inquiries = new Set<Promise<unknown>>();
  const inquired = <T>(inquiry: Promise<T>): Promise<T> => {
    inquiries.add(inquiry);
    void inquiry.finally(() => inquiries.delete(inquiry));
    return inquiry;
  };
  const check = async (peer: string): Promise<boolean | undefined> => {
    const endpoints = candidates.get(peer)?.ways.map(({ at }) => at) ?? [];
    const components = { clock, random, builder, planner };
    return checkFar(components, knownPeer(peer, { endpoints }), signal, () => {}).then(
      (ms) => (ms === undefined ? undefined : true),
      () => false,
    );
  };
  const observer = new Observer({ clock });
  for (const view of [guardSet, experience]) observer.subscribe(view.learn);
  const builder = network.builder(clock, { random, observer });
  observer.judgeBy({
    check: (peer) => inquired(check(peer)),
    examine: (relay) => inquired(examineRelay({ clock, random, builder, planner, check }, relay, signal)),
  });
  const { pool, outcomes } = poolBench(clock, () => builder, { observer });
  t.after(() => pool.stop());

  const circuits: string[][] = [];
  for (let quarter = 0; quarter < QUARTERS; quarter += 1) {
    for (let stream = 0; stream < STREAMS_A_QUARTER; stream += 1) {
      const beganMs = clock.monotonicMs();
      const building = builder.build(({ kept, failed }) =>
        planner.hops({ constraints: {}, protocol: "tcp", failed }, kept),
      );
      const circuit = await building.catch(() => undefined);
      if (circuit !== undefined) {
        outcomes.answered(circuit, beganMs);
        if (quarter >= QUARTERS / 2) circuits.push(circuit.hops.map(({ peerId }) => String(peerId)));
        circuit.destroy();
        await circuit.closed;
      }
      do await settled();
      while (inquiries.size > 0);
      clock.advance(TRUST_LIMITS.failureMs.value);
    }
    clock.advance(TRUST_LIMITS.windowMs.value - STREAMS_A_QUARTER * TRUST_LIMITS.failureMs.value);
  }
  const through = circuits.filter((circuit) => circuit.includes(String(network.peers[HOSTILE])));
  return {
    share: through.length / circuits.length,
    scores: network.peers.map((peer) => experience.trustOf(peer).score),
  };
}

suite("a relay that carries to its friend alone takes no trust from others, and is left", () => {
  for (const [place, hops, guards, most] of [
    ["the guard of two hops", 2, [HOSTILE, 2, 3], 0.25],
    ["the guard of three hops", 3, [HOSTILE, 2, 3], 0.25],
    ["in the middle of three hops", 3, [2, 3, 4], 0.5],
  ] as const) {
    test(place, { timeout: 20_000 }, async (t) => {
      const { share, scores } = await hour(t, hops, guards);
      for (const [index, score] of scores.entries())
        assert.ok(index === HOSTILE || score >= 0.5, `node ${index} has ${score}`);
      assert.ok(share < most, `${share} of all circuits`);
    });
  }
});
