import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FairStore } from "./fair-store.ts";

test("a crowd that fills the store pushes out only its own", () => {
  const store = new FairStore<number>(10);
  for (const network of ["a", "b", "c"]) assert.equal(store.set(`${network}1`, 1, network), undefined);
  for (let count = 0; count < 1_000; count += 1) store.set(`flood${count}`, count, "crowd");
  assert.equal(store.size, 10);
  for (const key of ["a1", "b1", "c1", "flood999", "flood993"]) assert.notEqual(store.get(key), undefined, key);
  assert.equal(store.get("flood992"), undefined);
});

test("a newcomer from elsewhere takes the oldest place of the largest crowd", () => {
  const store = new FairStore<number>(4);
  for (const key of ["x1", "x2", "x3"]) store.set(key, 0, "x");
  store.set("y1", 0, "y");
  assert.equal(store.set("z1", 0, "z"), "x1");
  assert.equal(store.set("z2", 0, "z"), "x2");
  store.set("x3", 1, "x");
  assert.equal(store.get("x3"), 1);
  assert.equal(store.size, 4);
});

test("it holds what a plain map would, up to its bound, whatever comes", () => {
  const step = fc.record({ key: fc.nat(30), crowd: fc.nat(4), put: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const store = new FairStore<number>(8);
      const model = new Map<string, string>();
      for (const { key, crowd, put } of steps) {
        if (put) {
          const gone = store.set(`${key}`, key, `${crowd}`);
          model.set(`${key}`, `${crowd}`);
          if (gone !== undefined) {
            const sizes = Map.groupBy(model.values(), (name) => name);
            const most = Math.max(...[...sizes.values()].map(({ length }) => length));
            assert.equal(sizes.get(model.get(gone) ?? "")?.length, most);
            model.delete(gone);
          }
        } else {
          store.delete(`${key}`);
          model.delete(`${key}`);
        }
        assert.equal(store.size, model.size);
        assert.ok(store.size <= 8);
      }
      for (const key of model.keys()) assert.equal(store.get(key), Number(key));
    }),
  );
});
