import assert from "node:assert/strict";
import { test } from "node:test";
import { advertisedNode } from "../../test/support/advertised-node.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { generateIdentity } from "../identity/identity.ts";
import type { PeerId } from "../identity/peer-id.ts";
import type { GossipVerdict } from "../overlay/overlay.ts";
import { PEERS_LIMITS } from "../peers/limits.ts";
import { openAdvertisement } from "../peers/signed-advertisement.ts";
import { decodeEnvelope, encodeEnvelope } from "../wire/envelope.ts";
import { GossipBudget } from "./gossip-budget.ts";
import { GossipListener } from "./gossip-listener.ts";
import { NO_COUNTRY } from "./index-key.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

interface Listening {
  readonly clock: FakeClock;
  readonly rejected: string[];
  check(message: Uint8Array, country: string, from?: PeerId): GossipVerdict;
}

function listener(): Listening {
  const clock = new FakeClock();
  const rejected: string[] = [];
  const gossip = new GossipListener({
    clock,
    add: (envelope) => openAdvertisement(envelope, { nowMs: clock.nowMs(), localNetwork: true }),
    reject: (reason) => rejected.push(reason),
    networkOf: ({ endpoints: [endpoint] }) => endpoint?.host,
  });
  const budgets = new Map<string, GossipBudget>();
  return {
    clock,
    rejected,
    check(message, country, from = neighbour) {
      const budget = budgets.get(country) ?? new GossipBudget({ clock });
      budgets.set(country, budget);
      return gossip.check(message, from, { country, budget });
    },
  };
}

const neighbour = generateIdentity().peerId;

test("a fresh advertisement of the topic's country is passed on; one of another country is held against its sender", () => {
  const { check, rejected } = listener();
  assert.equal(check(advertisedNode({ country: "de" }).envelope, "de"), "accept");
  assert.equal(check(advertisedNode().envelope, "zz"), "accept");
  assert.equal(check(advertisedNode({ country: "us" }).envelope, "de"), "reject");
  assert.deepEqual(rejected, ["topic"]);
});

test("one origin is heard twice at once and then once a minute", () => {
  const { clock, check, rejected } = listener();
  const identity = generateIdentity();
  let seq = 1;
  const next = (): string => check(advertisedNode({ identity, atMs: clock.nowMs(), seq: seq++ }).envelope, "zz");
  assert.deepEqual([next(), next(), next()], ["accept", "accept", "ignore"]);
  clock.advance(DISCOVERY_LIMITS.gossipPeriodMs.value);
  assert.deepEqual([next(), next()], ["accept", "ignore"]);
  assert.deepEqual(rejected, ["flood", "flood"]);
});

test("a message that names an origin and is not signed by it takes nothing away from it", () => {
  const { check } = listener();
  const node = advertisedNode();
  const forged = Uint8Array.from(node.envelope);
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  for (let count = 0; count < 10; count += 1) assert.equal(check(forged, "zz"), "reject");
  assert.equal(check(node.envelope, "zz"), "accept");
});

test("junk is held against its sender; what an honest one may send late is not", () => {
  const { clock, check } = listener();
  assert.equal(check(new Uint8Array(2_000), "zz"), "reject");
  assert.equal(check(Uint8Array.of(1, 2, 3), "zz"), "reject");
  const late = advertisedNode().envelope;
  clock.advance(7_200_000);
  assert.equal(check(late, "zz"), "ignore");
});

test("who forwards what is dated to the edge of the future is not to blame: clocks differ", () => {
  const { clock, check } = listener();
  const edgeMs = clock.nowMs() + PEERS_LIMITS.clockSkewSeconds.value * 1_000;
  const { envelope } = advertisedNode({ atMs: edgeMs + 1_000 });
  assert.equal(check(envelope, "zz"), "ignore");
  clock.advance(1_000);
  assert.equal(check(envelope, "zz"), "accept");
});

test("who forwards is not to blame for a store that cannot be written", () => {
  const clock = new FakeClock();
  const gossip = new GossipListener({
    clock,
    add: () => {
      throw new BywayError("ERR_STORE", "too many advertisements wait to be written");
    },
    reject: () => {},
    networkOf: () => undefined,
  });
  const topic = { country: "zz", budget: new GossipBudget({ clock }) };
  assert.equal(gossip.check(advertisedNode().envelope, neighbour, topic), "ignore");
});

test("a neighbour that floods is not listened to, and another is", () => {
  const { check, rejected } = listener();
  const junk = Uint8Array.of(0);
  for (let count = 0; count < DISCOVERY_LIMITS.gossipBurst.value; count += 1) check(junk, "zz");
  assert.equal(check(advertisedNode().envelope, "zz"), "ignore");
  assert.equal(rejected.at(-1), "flood");
  assert.equal(check(advertisedNode().envelope, "zz", generateIdentity().peerId), "accept");
});

test("one network cannot use up what a topic passes on", () => {
  const { check, rejected } = listener();
  const from = (host: string): GossipVerdict =>
    check(advertisedNode({ endpoints: [{ host, port: 1 }] }).envelope, "zz");
  const { value: most } = DISCOVERY_LIMITS.gossipPerNetwork;
  for (let count = 0; count < most; count += 1) assert.equal(from("127.0.0.1"), "accept");
  assert.equal(from("127.0.0.1"), "ignore");
  assert.equal(from("127.1.0.1"), "accept");
  assert.deepEqual(rejected, ["flood"]);
});

test("what was passed on before, or was signed long ago, takes nothing of a topic's budget nor of its origin's", () => {
  const { clock, check, rejected } = listener();
  const identity = generateIdentity();
  const first = advertisedNode({ identity, atMs: clock.nowMs() }).envelope;
  assert.deepEqual([check(first, "zz"), check(first, "zz"), check(first, "zz")], ["accept", "ignore", "ignore"]);
  const stale = Array.from({ length: DISCOVERY_LIMITS.gossipPerPeriod.value }, () => advertisedNode().envelope);
  clock.advance(PEERS_LIMITS.renewMs.value + PEERS_LIMITS.clockSkewSeconds.value * 1_000 + 1);
  for (const envelope of stale) assert.equal(check(envelope, "zz", generateIdentity().peerId), "ignore");
  const next = (): string => check(advertisedNode({ identity, atMs: clock.nowMs() + 1_000 }).envelope, "zz");
  assert.equal(next(), "accept");
  assert.ok(rejected.every((reason) => reason === "old"));
});

test("no more origins are remembered as passed on than the bound", () => {
  const { gossipOrigins, gossipPeriodMs } = DISCOVERY_LIMITS;
  const clock = new FakeClock();
  const issuedAtSec = Math.floor(clock.nowMs() / 1_000);
  const { advertisement } = advertisedNode();
  let seq = 1;
  const gossip = new GossipListener({
    clock,
    add: () => ({ ...advertisement, issuedAtSec, seq }),
    reject: () => {},
    networkOf: () => undefined,
  });
  // Signatures are checked by `add`: an envelope with another key is enough.
  const envelope = decodeEnvelope(advertisedNode().envelope);
  const from = (origin: number): GossipVerdict => {
    const publicKey = Buffer.alloc(32);
    publicKey.writeUInt32BE(origin);
    const budget = new GossipBudget({ clock });
    clock.advance(20);
    return gossip.check(encodeEnvelope({ ...envelope, publicKey }), neighbour, { country: NO_COUNTRY, budget });
  };
  assert.equal(from(0), "accept");
  assert.equal(from(0), "ignore", "it was passed on");
  for (let origin = 1; origin <= gossipOrigins.value; origin += 1) from(origin);
  clock.advance(gossipPeriodMs.value);
  assert.equal(from(0), "accept", "it was forgotten");
  seq = 2;
  assert.equal(from(gossipOrigins.value), "accept");
  assert.equal(from(gossipOrigins.value), "ignore");
});
