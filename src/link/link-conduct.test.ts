import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { LINK_LIMITS } from "./limits.ts";
import { LinkConduct, sharedRefusals } from "./link-conduct.ts";

function setUp() {
  const clock = new FakeClock();
  const told: string[] = [];
  return { clock, told, conduct: new LinkConduct({ clock }, (of) => void told.push(of)) };
}

test("each kind of excess has its burst, and is told once", () => {
  for (const [of, burst, act] of [
    ["pings", LINK_LIMITS.pingBurst, (conduct: LinkConduct) => conduct.pinged()],
    ["settings", LINK_LIMITS.settingsBurst, (conduct: LinkConduct) => conduct.changedSettings()],
    ["refused requests", LINK_LIMITS.refusalBurst, (conduct: LinkConduct) => conduct.served()],
    ["interim answers", LINK_LIMITS.interimBurst, (conduct: LinkConduct) => conduct.sentInterim()],
    ["long header lists", LINK_LIMITS.longListBurst, (conduct: LinkConduct) => conduct.sentLongList()],
    ["tiny frames", LINK_LIMITS.tinyFrameBurst, (conduct: LinkConduct) => conduct.sentTiny()],
  ] as const) {
    const { conduct, told } = setUp();
    for (let n = 0; n < burst.value; n += 1) act(conduct);
    assert.deepEqual(told, []);
    for (let n = 0; n < 3; n += 1) act(conduct);
    assert.deepEqual(told, [of]);
  }
});

test("refusals that a peer can avoid count, and are forgiven at a steady rate; those of targets do not", () => {
  const { clock, conduct, told } = setUp();
  const refuse = (code: BywayError["code"]): void => conduct.refused(new BywayError(code, "refused"));
  for (let n = 0; n < 10_000; n += 1) refuse("ERR_TARGET_REFUSED");
  for (let second = 0; second < 600; second += 1) {
    for (let n = 0; n < LINK_LIMITS.refusalsPerSecond.value; n += 1) refuse("ERR_POLICY_TARGET");
    clock.advance(1_000);
  }
  assert.deepEqual(told, []);
  const codes = ["ERR_POLICY_TARGET", "ERR_NODE_LIMIT", "ERR_REQUEST_MALFORMED", "ERR_HOP_ROLE"] as const;
  for (let n = 0; n <= LINK_LIMITS.refusalBurst.value; n += 1) refuse(codes[n % codes.length] ?? "ERR_HOP_ROLE");
  assert.deepEqual(told, ["refused requests"]);
});

test("a relay's failed proofs, and names of hops that nobody knows, count as refusals do", () => {
  for (const code of ["ERR_HOP_UNREACHABLE", "ERR_HOP_UNKNOWN"] as const) {
    const { conduct, told } = setUp();
    for (let n = 0; n <= LINK_LIMITS.refusalBurst.value; n += 1) {
      conduct.refused(new BywayError(code, "no way to the next hop"));
    }
    assert.deepEqual(told, ["refused requests"]);
  }
});

test("while all links together have too many refusals, each is held to a few, and forgiven once that is over", () => {
  const clock = new FakeClock();
  const refusals = sharedRefusals();
  const told: number[] = [];
  const open = (id: number) => new LinkConduct({ clock, refusals }, () => void told.push(id));
  const perLink = LINK_LIMITS.refusalBurst.value / 2;
  for (let id = 0; id < LINK_LIMITS.allRefusalBurst.value / perLink; id += 1) {
    const conduct = open(id);
    for (let n = 0; n < perLink; n += 1) conduct.served();
  }
  told.length = 0;
  const late = open(100);
  for (let n = 0; n < 64; n += 1) late.served();
  assert.deepEqual(told, [100]);
  clock.advance(60_000);
  const later = open(101);
  for (let n = 0; n < 64; n += 1) later.served();
  assert.deepEqual(told, [100]);
});
