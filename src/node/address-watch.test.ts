import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import type { LocalNetwork } from "../egress/local-addresses.ts";
import { AddressWatch } from "./address-watch.ts";

const START: LocalNetwork = { addresses: ["127.0.0.1", "45.10.0.1"], gateways: ["45.10.0.254"], prefixes: [] };

function bench(...hosts: readonly string[]) {
  const clock = new FakeClock();
  const made = { clock, local: START, changes: 0 };
  const onChange = (): void => {
    made.changes += 1;
  };
  const watch = new AddressWatch({ clock, local: () => made.local, onChange }, { hosts });
  watch.start();
  return { made, watch };
}

test("a change of addresses or gateways is told once, and the same in another order is none", () => {
  const { made, watch } = bench("45.10.0.1");
  const changesAfter = (changes: Partial<LocalNetwork>): number => {
    made.local = { ...made.local, ...changes };
    made.clock.advance(60_000);
    return made.changes;
  };
  assert.equal(changesAfter({}), 0);
  assert.equal(changesAfter({ addresses: ["45.10.0.1", "127.0.0.1"] }), 0);
  assert.equal(changesAfter({ addresses: ["127.0.0.1", "45.10.0.2"] }), 1);
  assert.equal(changesAfter({ gateways: ["45.10.0.253"] }), 2);
  assert.equal(changesAfter({}), 2);
  watch.stop();
  assert.equal(changesAfter({ addresses: [] }), 2);
  assert.equal(made.clock.pending, 0);
});

test("it is known when the address that the node listens at went, and came back", () => {
  const { made, watch } = bench("45.10.0.1");
  assert.equal(watch.isHere, true);
  assert.deepEqual([watch.has("45.10.0.1"), watch.has("45.10.0.77"), watch.has("localhost")], [true, false, false]);
  made.local = { ...START, addresses: ["127.0.0.1"] };
  assert.equal(watch.isHere, false);
  assert.equal(watch.has("45.10.0.1"), false);
  made.local = START;
  assert.equal(watch.isHere, true);
});

test("it is known when the address that the node names to others went, though it listens at all", () => {
  const { made, watch } = bench("0.0.0.0", "45.10.0.1");
  assert.equal(watch.isHere, true);
  made.local = { ...START, addresses: ["127.0.0.1"] };
  assert.equal(watch.isHere, false);
});

test("of an address that no interface had, nobody can say that it went", () => {
  for (const listen of ["0.0.0.0", "::", "127.10.0.1", "45.10.0.77"]) {
    const { made, watch } = bench(listen);
    made.local = { ...START, addresses: [] };
    assert.equal(watch.isHere, true, listen);
  }
});
