import assert from "node:assert/strict";
import { test } from "node:test";
import { runtimeDoubt } from "./tried-runtime.ts";

test("a Node that Byway was tried with gives no doubt, this one above all", () => {
  for (const version of [process.versions.node, "26.10.0", "26.10.0-rc.1", "26.12.3", "26.100.0"])
    assert.equal(runtimeDoubt(version), undefined, version);
});

test("one that cannot tell the key exchange does not work, others were not tried", () => {
  for (const version of ["20.20.2", "26.0.0", "26.4.9"])
    assert.match(runtimeDoubt(version) ?? "", /does not work/, version);
  for (const version of ["26.5.0", "26.9.9", "27.0.0", "100.0.0"])
    assert.match(runtimeDoubt(version) ?? "", /was not tried.*26\.10\.0/, version);
});
