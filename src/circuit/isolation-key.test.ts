import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isolationKey } from "./isolation-key.ts";

const group = fc.record({ user: fc.string(), constraints: fc.string() });

test("keys are equal exactly when users and constraints are", () => {
  fc.assert(
    fc.property(group, group, (a, b) => {
      const same = a.user === b.user && a.constraints === b.constraints;
      assert.equal(isolationKey(a) === isolationKey(b), same);
    }),
  );
});

test("nothing that one user can write makes his key another's", () => {
  const key = isolationKey({ user: "alice", constraints: "session=1" });
  assert.notEqual(isolationKey({ user: 'alice","session=1', constraints: "" }), key);
  assert.notEqual(isolationKey({ user: "", constraints: 'alice","session=1' }), key);
});
