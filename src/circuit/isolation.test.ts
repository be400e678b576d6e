import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type IsolationGroup, isolationKey, joinGroups } from "./isolation.ts";

// Few values, so that groups often agree in some fields and sometimes in all.
const field = fc.constantFrom("", "a", 'a","b', "b");
const group: fc.Arbitrary<IsolationGroup> = fc.record({
  user: field,
  session: field,
  listener: field,
  constraints: field,
});
const held = fc.option(group, { nil: undefined });

function equal(a: IsolationGroup, b: IsolationGroup): boolean {
  return a.user === b.user && a.session === b.session && a.listener === b.listener && a.constraints === b.constraints;
}

test("keys are equal exactly when all fields are", () => {
  fc.assert(fc.property(group, group, (a, b) => assert.equal(isolationKey(a) === isolationKey(b), equal(a, b))));
});

test("sharing is reflexive and symmetric", () => {
  fc.assert(
    fc.property(group, group, (a, b) => {
      assert.deepEqual(joinGroups(a, a), a);
      assert.equal(joinGroups(a, b) === undefined, joinGroups(b, a) === undefined);
      assert.equal(joinGroups(a, b) !== undefined, equal(a, b));
    }),
  );
});

test("joining never widens: who may join what was joined might have joined each part", () => {
  fc.assert(
    fc.property(held, group, group, (first, second, third) => {
      const joined = joinGroups(first, second);
      if (joined === undefined || joinGroups(joined, third) === undefined) return;
      assert.notEqual(joinGroups(first, third), undefined);
      assert.notEqual(joinGroups(second, third), undefined);
    }),
  );
});

test("a circuit that nobody has used takes anybody, and then nobody else", () => {
  fc.assert(
    fc.property(group, group, (a, b) => {
      const taken = joinGroups(undefined, a);
      assert.deepEqual(taken, a);
      assert.equal(joinGroups(taken, b) !== undefined, equal(a, b));
    }),
  );
});
