import assert from "node:assert/strict";
import { test } from "node:test";
import { SeenAddresses, type SeenWord } from "./seen-addresses.ts";

function bench(saved?: unknown): {
  readonly seen: SeenAddresses;
  readonly told: (readonly string[])[];
  readonly saves: (readonly SeenWord[])[];
} {
  const told: (readonly string[])[] = [];
  const saves: (readonly SeenWord[])[] = [];
  const state = { load: () => saved, save: (words: readonly SeenWord[]) => saves.push(words) };
  return { seen: new SeenAddresses({ state, onChange: (addresses) => told.push(addresses) }), told, saves };
}

test("an address counts when peers of two networks saw it, and one network alone counts once", () => {
  const { seen, told } = bench();
  seen.note("45.1.0.1", "51.20.0.1");
  seen.note("45.1.0.1", "51.20.9.9");
  assert.deepEqual([seen.addresses, told], [[], []]);
  seen.note("45.1.0.1", "52.20.0.1");
  assert.deepEqual([seen.addresses, told], [["45.1.0.1"], [["45.1.0.1"]]]);
  seen.note("45.1.0.1", "53.20.0.1");
  assert.equal(told.length, 1);
});

test("a stranger's word closes no stranger's address, and those of two networks close few", () => {
  const { seen } = bench();
  for (let network = 1; network <= 20; network += 1) seen.note("45.1.0.1", `51.${network}.0.1`);
  for (let target = 1; target <= 50; target += 1) seen.note(`142.250.1.${target}`, "60.1.0.1");
  assert.deepEqual(seen.addresses, ["45.1.0.1"]);
  for (let target = 1; target <= 20; target += 1) {
    seen.note(`142.250.1.${target}`, `60.${target}.0.1`);
    seen.note(`142.250.1.${target}`, `61.${target}.0.1`);
  }
  assert.equal(seen.addresses.length, 4);
  assert.equal(seen.addresses[0], "45.1.0.1");
});

test("of a network the last word counts, so an address that went is forgotten", () => {
  const { seen } = bench();
  for (const by of ["51.20.0.1", "52.20.0.1", "53.20.0.1"]) seen.note("45.1.0.1", by);
  seen.note("46.2.0.2", "51.20.0.1");
  assert.deepEqual(seen.addresses, ["45.1.0.1"]);
  seen.note("46.2.0.2", "52.20.0.1");
  assert.deepEqual(seen.addresses, ["46.2.0.2"]);
});

test("IPv6 addresses of one home are one place, of which the last counts", () => {
  const { seen } = bench();
  seen.note("2a00:1:2:3300::1", "2600:1::1");
  seen.note("2a00:1:2:33ff::2", "2600:2::1");
  assert.deepEqual(seen.addresses, ["2a00:1:2:33ff::2"]);
  seen.note("2a00:1:2:3400::1", "2600:3::1");
  assert.deepEqual(seen.addresses, ["2a00:1:2:33ff::2"]);
});

test("what is not public, of another family, or no address at all, is passed over", () => {
  const { seen, saves } = bench();
  for (const own of [
    "192.168.1.5",
    "100.64.0.1",
    "127.0.0.1",
    "x",
    "",
    "2a00::1",
    "::ffff:45.1.0.1",
    "64:ff9b::1.1.1.1",
  ]) {
    seen.note(own, "51.20.0.1");
    seen.note(own, "52.20.0.1");
  }
  for (const by of ["192.168.1.1", "10.0.0.1", "x", ""]) seen.note("45.1.0.1", by);
  assert.deepEqual([seen.addresses, saves], [[], []]);
});

test("what was told is kept over a restart, bounded, and what was spoilt is passed over", () => {
  const first = bench();
  for (let network = 0; network < 200; network += 1)
    first.seen.note("45.1.0.1", `${60 + (network >> 7)}.${network & 127}.0.1`);
  const kept = first.saves.at(-1) ?? assert.fail();
  assert.equal(kept.length, 64);
  assert.deepEqual(bench(JSON.parse(JSON.stringify(kept))).seen.addresses, ["45.1.0.1"]);
  const spoilt = [null, 1, {}, { network: "1.1", address: 5 }, { network: "1.1", address: "10.0.0.1" }, { network: 1 }];
  for (const state of [undefined, null, "x", {}, spoilt]) assert.deepEqual(bench(state).seen.addresses, []);
});
