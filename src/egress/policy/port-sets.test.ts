import assert from "node:assert/strict";
import { test } from "node:test";
import { isInPortRanges } from "../../wire/port-range.ts";
import { formatPorts, MAIL_PORTS, PORT_SET_NAMES, PORT_SETS } from "./port-sets.ts";

test("the sets are written in rising ranges that do not touch", () => {
  for (const name of PORT_SET_NAMES) {
    let last = 0;
    for (const range of PORT_SETS[name]) {
      assert.ok(range.first > last + 1 && range.first <= range.last && range.last <= 65_535, `${name} ${range.first}`);
      last = range.last;
    }
  }
  assert.equal(formatPorts(PORT_SETS["web-only"]), "80,443");
  assert.equal(formatPorts(PORT_SETS.mail), MAIL_PORTS.join(","));
});

test("what is accepted by default is neither for mail nor for sharing files", () => {
  for (const name of ["mail", "p2p"] as const) {
    for (const { first, last } of PORT_SETS[name]) {
      for (let port = first; port <= last; port += 1) {
        assert.equal(isInPortRanges(PORT_SETS["tor-reduced-exit"], port), false, `${name} ${port}`);
      }
    }
  }
});
