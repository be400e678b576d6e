import assert from "node:assert/strict";
import { test } from "node:test";
import { advertisedNode } from "../../test/support/advertised-node.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { generateIdentity } from "../identity/identity.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { PEERS_LIMITS } from "../peers/limits.ts";
import { CheckPauses, type Vouch } from "./check-pauses.ts";
import { LIVENESS_LIMITS } from "./limits.ts";

const { failuresPerAddress, failuresPerSubnet, failuresAtOnce, failedPauseMs } = LIVENESS_LIMITS;
const { forgivenMs } = PEERS_LIMITS;
const REFUSED = { hasAnswered: false, isConnected: false, isAlone: false };
const WRONG_KEY = { ...REFUSED, isConnected: true };
const ANSWERED = { hasAnswered: true, isConnected: true, isAlone: false };

const NONE: Vouch = { isMet: false, by: [] };
const MET: Vouch = { isMet: true, by: [] };
const namedIn = (...by: readonly string[]): Vouch => ({ isMet: false, by });

const at = (host: string, port = 443): KnownPeer => advertisedNode({ endpoints: [{ host, port }] });

/** Checks each peer that may be checked; how many these were. */
function check(pauses: CheckPauses, peers: readonly KnownPeer[], end: typeof REFUSED, vouch: Vouch = NONE): number {
  let checked = 0;
  for (const peer of peers) {
    if (!pauses.allows(peer, vouch)) continue;
    checked += 1;
    pauses.begin(peer, vouch)(end);
  }
  return checked;
}

const make = (isSharedNetwork = false): { clock: FakeClock; pauses: CheckPauses } => {
  const clock = new FakeClock();
  return { clock, pauses: new CheckPauses({ clock }, { isSharedNetwork }) };
};

test("an endpoint that refuses is not asked again for another key", () => {
  const { clock, pauses } = make();
  const many = Array.from({ length: 40 }, () => at("51.20.0.2"));
  assert.equal(check(pauses, many, REFUSED), 1);
  clock.advance(failedPauseMs.value);
  assert.equal(check(pauses, many, REFUSED), 1);
});

for (const [name, peers, most] of [
  ["address, whatever the ports", (n: number) => at("51.20.0.2", 1_000 + n), failuresPerAddress.value],
  ["/64 of IPv6", (n: number) => at(`2600:1:2:3::${n.toString(16)}`), failuresPerAddress.value],
  ["/24", (n: number) => at(`51.20.0.${n}`), failuresPerSubnet.value],
  ["/48 of IPv6", (n: number) => at(`2600:1:2:${n.toString(16)}::1`), failuresPerSubnet.value],
  ["internet as a whole", (n: number) => at(`${50 + (n % 40)}.${Math.floor(n / 40)}.0.1`), failuresAtOnce.value],
] as const) {
  test(`failed checks of one ${name} are bounded`, () => {
    const { pauses } = make();
    const many = Array.from({ length: most + 20 }, (_, n) => peers(n + 1));
    assert.equal(check(pauses, many, REFUSED), most);
    assert.equal(check(pauses, many, REFUSED), 0);
  });
}

test("ten minutes of other ports at one address are a handful of checks", () => {
  const { clock, pauses } = make();
  let checked = 0;
  for (let second = 0; second < 600; second += 1) {
    checked += check(pauses, [at("51.20.0.2", 1_000 + second)], WRONG_KEY);
    clock.advance(1_000);
  }
  assert.ok(checked <= failuresPerAddress.value + 4, `${checked}`);
});

test("nodes that answer are not bounded: a household behind one address is found", () => {
  const { pauses } = make();
  const household = Array.from({ length: 8 }, (_, n) => at("51.20.0.2", 4_000 + n));
  assert.equal(check(pauses, household, ANSWERED), household.length);
});

test("keys that name a node's endpoint or address do not hide the node if others vouch for it", () => {
  const { pauses } = make();
  const node = at("51.20.0.2", 443);
  const liars = Array.from({ length: 50 }, (_, n) => at("51.20.0.2", n % 2 === 0 ? 443 : 1_000 + n));
  check(pauses, liars, WRONG_KEY);
  check(pauses, liars, REFUSED);
  assert.ok(!pauses.allows(node, NONE));
  assert.ok(pauses.allows(node, namedIn("x", "y")));
  assert.ok(pauses.allows(node, MET));
});

test("two networks that name silent keys at an address do not hide a node that answered, or that three others name", () => {
  for (const host of [
    (n: number) => at("51.20.0.2", 1_000 + n),
    (n: number) => at(`51.20.0.${n}`),
    () => at("51.20.0.2"),
  ]) {
    const { clock, pauses } = make();
    const node = at("51.20.0.2", 443);
    const silent = Array.from({ length: 40 }, (_, n) => host(1 + n));
    for (let minutes = 0; minutes < 60; minutes += 1) {
      check(pauses, silent, REFUSED, namedIn("x", "y"));
      // Those who name the silent keys may name the node, too.
      assert.ok(pauses.allows(node, namedIn("x", "y", "a", "b", "c")), `after ${minutes} minutes`);
      assert.ok(pauses.allows(node, MET));
      clock.advance(60_000);
    }
    check(pauses, silent, REFUSED, namedIn("x", "y"));
    assert.ok(
      !pauses.allows(node, namedIn("x", "y", "a", "b")),
      "two others are no more than those who name silent keys",
    );
  }
});

test("checks of one host stay bounded whatever is named there, and by how many networks", () => {
  for (const [networks, most] of [
    [2, failuresPerAddress.value + 4],
    [9, failuresPerAddress.value + 4],
    [30, failuresPerAddress.value + 4 + 30 / LIVENESS_LIMITS.othersToVouch.value],
  ] as const) {
    const { clock, pauses } = make();
    const names = Array.from({ length: networks }, (_, n) => `network ${n}`);
    let checked = 0;
    for (let second = 0; second < 600; second += 1) {
      const first = (second * 3) % networks;
      const by = [...names.slice(first), ...names.slice(0, first)].slice(0, 3);
      checked += check(pauses, [at("51.20.0.2", 1_000 + second)], WRONG_KEY, namedIn(...by));
      clock.advance(1_000);
    }
    assert.ok(checked <= most, `${checked} checks for ${networks} networks`);
  }
});

test("while one that three networks name is being checked, their word lets no other through", () => {
  const { pauses } = make();
  check(
    pauses,
    Array.from({ length: 40 }, (_, n) => at("51.20.0.2", 1_000 + n)),
    REFUSED,
    namedIn("x", "y"),
  );
  const named = namedIn("a", "b", "c");
  const node = at("51.20.0.2", 443);
  assert.ok(pauses.allows(node, named));
  const end = pauses.begin(node, named);
  assert.ok(!pauses.allows(at("51.20.0.2", 444), named));
  end(ANSWERED);
  assert.ok(pauses.allows(at("51.20.0.2", 444), named));
});

test("a wrong key at an endpoint does not pause the endpoint", () => {
  const { pauses } = make();
  check(pauses, [at("51.20.0.2")], WRONG_KEY);
  assert.ok(pauses.allows(at("51.20.0.2"), NONE));
});

test("a move ends a pause once an hour, also for one that answered in between", () => {
  const { clock, pauses } = make();
  const identity = generateIdentity();
  const moved = (to: number): KnownPeer =>
    advertisedNode({ identity, endpoints: [{ host: `51.${to}.0.2`, port: 443 }] });
  assert.equal(check(pauses, [moved(1)], REFUSED), 1);
  assert.equal(check(pauses, [moved(1)], REFUSED), 0);
  assert.equal(check(pauses, [moved(2)], ANSWERED), 1);
  assert.equal(check(pauses, [moved(3)], REFUSED), 1, "it has no pause after it answered");
  assert.equal(check(pauses, [moved(4), moved(5)], REFUSED), 0);
  for (let passedMs = 0; passedMs < forgivenMs.value; passedMs += 60_000) {
    clock.advance(60_000);
    pauses.sweep();
  }
  assert.equal(check(pauses, [moved(4)], REFUSED), 1);
  assert.equal(check(pauses, [moved(5)], REFUSED), 1, "an hour later it may move again");
  assert.equal(check(pauses, [moved(6)], REFUSED), 0);
});

test("while no peer answers failures count for addresses, and pauses stay short", () => {
  const { clock, pauses } = make();
  const alone = { ...REFUSED, isAlone: true };
  const many = Array.from({ length: 100 }, (_, n) => at("51.20.0.2", 1_000 + n));
  assert.equal(check(pauses, many, alone), failuresPerAddress.value);
  for (let hours = 0; hours < 60; hours += 1) {
    clock.advance(LIVENESS_LIMITS.aloneAddressPauseMs.value);
    assert.equal(check(pauses, many, alone), 1);
  }
  clock.advance(LIVENESS_LIMITS.aloneAddressPauseMs.value);
  assert.ok(pauses.allows(at("51.20.0.2", 443), NONE));
});

test("on a shared network only peers are paused", () => {
  const { pauses } = make(true);
  const many = Array.from({ length: 100 }, () => at("127.0.0.1"));
  assert.equal(check(pauses, many, REFUSED), 100);
  assert.equal(check(pauses, many, REFUSED), 0);
});

test("no more failed peers are remembered than the bound, and those of long ago go", () => {
  const { clock, pauses } = make(true);
  const node = advertisedNode();
  const { value: most } = PEERS_LIMITS.failedPeers;
  for (let n = 0; n < most + 10; n += 1) {
    const peer = { ...node, advertisement: { ...node.advertisement, peer: `peer ${n}` } };
    pauses.begin(peer, NONE)(REFUSED);
  }
  assert.equal(pauses.size, most);
  clock.advance(failedPauseMs.value + LIVENESS_LIMITS.queryMs.value);
  pauses.sweep();
  assert.equal(pauses.size, 0);
});
