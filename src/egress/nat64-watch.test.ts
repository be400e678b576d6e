import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordingLogger } from "../../test/support/recording-logger.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { MINUTE_MS } from "../core/units.ts";
import { type Nat64Prefix, nat64PrefixesOf } from "../geo/nat64.ts";
import { AddressGuard } from "./address-guard.ts";
import type { LocalNetwork } from "./local-addresses.ts";
import { Nat64Watch, wellKnownInside } from "./nat64-watch.ts";

const DUAL: LocalNetwork = {
  addresses: ["127.0.0.1", "::1", "192.168.1.5", "2a00:1:2:3::5"],
  gateways: [],
  prefixes: [],
};
const [PREFIX = assert.fail()] = nat64PrefixesOf("2a00:64:64::192.0.0.170");
const PUBLIC_INSIDE = "2a00:64:64::8.8.8.8";
const PRIVATE_INSIDE = "2a00:64:64::192.168.1.1";

interface Bench {
  readonly clock: FakeClock;
  readonly watch: Nat64Watch;
  local: LocalNetwork;
  answer: () => Promise<readonly Nat64Prefix[]>;
  asked: number;
  changes: number;
  readonly warnings: () => number;
}

function bench(answer: Bench["answer"], local = DUAL): Bench {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const made: Bench = {
    clock,
    local,
    answer,
    asked: 0,
    changes: 0,
    warnings: () => logger.lines.filter((line) => line.startsWith("warn ")).length,
    watch: new Nat64Watch({
      clock,
      logger,
      local: () => made.local,
      lookUp: () => {
        made.asked += 1;
        return made.answer();
      },
      onChange: () => {
        made.changes += 1;
      },
    }),
  };
  return made;
}

const failing = (): Promise<never> => Promise.reject(Object.assign(new Error("no"), { code: "ETIMEOUT" }));

test("addresses behind the network's prefix stand for the IPv4 address inside, others for none", async () => {
  const { watch } = bench(async () => [PREFIX]);
  watch.start();
  await watch.settled();
  assert.deepEqual(watch.inside(PUBLIC_INSIDE), ["8.8.8.8"]);
  assert.deepEqual(watch.inside(PRIVATE_INSIDE), ["192.168.1.1"]);
  assert.deepEqual(watch.inside("2a00:64:65::192.168.1.1"), []);
  assert.deepEqual(watch.inside("8.8.8.8"), []);
  assert.deepEqual(watch.inside("64:ff9b::a00:1"), ["10.0.0.1"]);
  assert.deepEqual(watch.inside("64:ff9b:0:0:0:0:8.8.8.8"), ["8.8.8.8"]);
  await watch.stop();
});

test("before the first answer, and while none comes, what could be a home's is one", async () => {
  const made = bench(failing);
  const { watch, clock } = made;
  assert.deepEqual(watch.inside(PRIVATE_INSIDE), ["192.168.1.1"]);
  watch.start();
  await watch.settled();
  assert.deepEqual(watch.inside(PRIVATE_INSIDE), ["192.168.1.1"]);
  assert.deepEqual(watch.inside(PUBLIC_INSIDE), []);
  assert.deepEqual([made.asked, made.warnings()], [1, 1]);
  clock.advance(MINUTE_MS);
  await watch.settled();
  assert.deepEqual([made.asked, made.warnings()], [2, 1]);
  made.answer = async () => [];
  clock.advance(MINUTE_MS);
  await watch.settled();
  assert.deepEqual(watch.inside(PRIVATE_INSIDE), []);
  clock.advance(59 * MINUTE_MS);
  assert.equal(made.asked, 3);
  clock.advance(MINUTE_MS);
  assert.equal(made.asked, 4);
  await watch.stop();
});

test("a look-up that fails takes nothing away", async () => {
  const made = bench(async () => [PREFIX]);
  made.watch.start();
  await made.watch.settled();
  made.answer = failing;
  made.clock.advance(60 * MINUTE_MS);
  await made.watch.settled();
  assert.deepEqual([made.asked, made.warnings()], [2, 0]);
  assert.deepEqual(made.watch.inside(PUBLIC_INSIDE), ["8.8.8.8"]);
  await made.watch.stop();
});

test("when the machine's addresses change it is asked anew, at once, and both networks count until then", async () => {
  const made = bench(async () => [PREFIX]);
  const { watch } = made;
  watch.start();
  await watch.settled();
  const { promise, resolve } = Promise.withResolvers<readonly Nat64Prefix[]>();
  made.answer = () => promise;
  made.local = { ...DUAL, addresses: ["2a00:9:9:9::5"] };
  assert.deepEqual(watch.inside("2a00:65:65::192.168.1.1"), ["192.168.1.1"]);
  assert.equal(made.asked, 2);
  assert.deepEqual(watch.inside(PUBLIC_INSIDE), ["8.8.8.8"]);
  resolve(nat64PrefixesOf("2a00:65:65::192.0.0.170"));
  await watch.settled();
  assert.deepEqual(watch.inside("2a00:65:65::192.168.1.1"), ["192.168.1.1"]);
  assert.deepEqual(watch.inside("2a00:65:65::8.8.8.8"), ["8.8.8.8"]);
  assert.deepEqual(watch.inside(PUBLIC_INSIDE), []);
  // The same addresses, read again.
  made.local = { ...made.local };
  watch.inside(PUBLIC_INSIDE);
  assert.equal(made.asked, 2);
  await watch.stop();
});

test("an answer that the machine moved away from does not count", async () => {
  const { promise, resolve } = Promise.withResolvers<readonly Nat64Prefix[]>();
  const made = bench(() => promise);
  const { watch } = made;
  watch.start();
  made.local = { ...DUAL, addresses: ["2a00:9:9:9::5"] };
  watch.inside(PUBLIC_INSIDE);
  made.answer = async () => [];
  resolve([PREFIX]);
  await watch.settled();
  await watch.settled();
  assert.equal(made.asked, 2);
  assert.deepEqual(watch.inside(PUBLIC_INSIDE), []);
  assert.deepEqual(watch.inside(PRIVATE_INSIDE), []);
  await watch.stop();
});

test("whoever holds something open hears when the machine moved, and when the network's prefixes are others", async () => {
  const made = bench(async () => []);
  made.watch.start();
  await made.watch.settled();
  made.clock.advance(60 * MINUTE_MS);
  await made.watch.settled();
  assert.equal(made.changes, 0);
  made.local = { ...DUAL, addresses: ["192.168.1.6"] };
  made.clock.advance(MINUTE_MS);
  assert.equal(made.changes, 1);
  made.answer = async () => [PREFIX];
  made.local = DUAL;
  made.clock.advance(MINUTE_MS);
  await made.watch.settled();
  assert.equal(made.changes, 3);
  await made.watch.stop();
});

test("a machine without IPv6 asks nobody, and one that stopped neither", async () => {
  const made = bench(async () => [PREFIX], { ...DUAL, addresses: ["127.0.0.1", "::1", "192.168.1.5", "fe80::1"] });
  made.watch.start();
  made.clock.advance(MINUTE_MS);
  assert.equal(made.asked, 0);
  made.local = DUAL;
  made.clock.advance(MINUTE_MS);
  assert.equal(made.asked, 1);
  await made.watch.stop();
  assert.equal(made.clock.pending, 0);
});

test("who knows nothing of the network still knows the prefix of all networks", () => {
  assert.deepEqual(wellKnownInside("64:ff9b::808:808"), ["8.8.8.8"]);
  assert.deepEqual(wellKnownInside(PRIVATE_INSIDE), []);
  assert.deepEqual(wellKnownInside("8.8.8.8"), []);
});

test("while nothing is known, the node's own public address may be behind any prefix, and stays closed there", async () => {
  const made = bench(failing);
  const { watch } = made;
  const guard = new AddressGuard({
    local: () => DUAL,
    listeners: () => [{ host: "93.184.216.35", port: 4433 }],
    seen: () => ["93.184.216.34"],
    inside: (ip) => watch.inside(ip),
    perhapsInside: (ip) => watch.perhapsInside(ip),
  });
  const isOpen = (ip: string, purpose: "target" | "hop"): boolean => {
    try {
      guard.check(ip, 80, purpose);
      return true;
    } catch {
      return false;
    }
  };
  watch.start();
  await watch.settled();
  const own = [
    "2a00:64:64::93.184.216.34",
    "2a00:64:5db8:d823::",
    "2a00:64:64:5d:b8:d822::",
    "2a00:9:9:9:9:9:5db8:d823",
  ];
  for (const ip of own) for (const purpose of ["target", "hop"] as const) assert.equal(isOpen(ip, purpose), false, ip);
  assert.equal(isOpen("2a00:64:64::93.184.216.36", "target"), true);
  made.answer = async () => [PREFIX];
  made.clock.advance(MINUTE_MS);
  await watch.settled();
  assert.equal(isOpen("2a00:64:64::93.184.216.34", "target"), false);
  assert.equal(isOpen("2a00:9:9:9:9:9:5db8:d823", "target"), true);
  await watch.stop();
});
