import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addressWords, parseAddressRange, rangeOf, rangeText } from "./address-range.ts";
import { AddressSet, GatheredRanges } from "./address-set.ts";
import { finishSteps } from "./steps.ts";

function setOf(ranges: readonly string[]): AddressSet {
  const gathered = new GatheredRanges();
  for (const text of ranges) {
    const range = parseAddressRange(text);
    assert.ok(range, text);
    gathered.add(range);
  }
  return finishSteps(AddressSet.of(gathered));
}

function keyOf(text: string): bigint {
  const words = addressWords(text);
  assert.ok(words, text);
  return words.reduce((key, word) => (key << 32n) | BigInt(word), words.length === 1 ? 0n : 1n);
}

/** The first and last address of `a/n`, `a-b` or `a`, by arithmetic on big numbers. */
function boundsOf(text: string): readonly [bigint, bigint] {
  const [first = "", last] = text.split("-");
  if (last !== undefined) return [keyOf(first), keyOf(last)];
  const [address = "", bits] = text.split("/");
  const width = address.includes(":") ? 128n : 32n;
  const hosts = (1n << (width - BigInt(bits ?? width))) - 1n;
  return [keyOf(address) & ~hosts, keyOf(address) | hosts];
}

// Few addresses, close together and at the ends, so that ranges meet.
const v4 = fc
  .tuple(fc.constantFrom("0.0.0", "1.2.3", "1.2.4", "255.255.255"), fc.integer({ min: 0, max: 255 }))
  .map(([net, host]) => `${net}.${host}`);
const v6 = fc
  .tuple(
    fc.constantFrom("::", "2001:db8::", "2001:db8:0:1::", "ffff:ffff::ffff:ffff:"),
    fc.integer({ min: 0, max: 40 }),
  )
  .map(([net, host]) => `${net}${host.toString(16)}`);
const range = fc.oneof(
  v4,
  v6,
  fc.tuple(v4, fc.integer({ min: 0, max: 32 })).map(([address, bits]) => `${address}/${bits}`),
  fc.tuple(v4, fc.integer({ min: 20, max: 32 })).map(([address, bits]) => `${address}/${bits}`),
  fc.tuple(v6, fc.integer({ min: 0, max: 128 })).map(([address, bits]) => `${address}/${bits}`),
  fc.oneof(fc.tuple(v4, v4), fc.tuple(v6, v6)).map(([a, b]) => (keyOf(a) < keyOf(b) ? `${a}-${b}` : `${b}-${a}`)),
);

test("an address is found as by looking at every range, and the entry that is told holds it", () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 30 }), fc.array(fc.oneof(v4, v6), { minLength: 1 }), (has, asked) => {
      const set = setOf(has);
      const bounds = has.map(boundsOf);
      for (const address of asked) {
        const key = keyOf(address);
        const isOf = (text: string): boolean => text.includes(":") === address.includes(":");
        const isIn = bounds.some(([first, last], i) => isOf(has[i] ?? "") && first <= key && key <= last);
        const found = set.find(address);
        assert.equal(found !== undefined, isIn, address);
        if (found === undefined) continue;
        const [first, last] = boundsOf(found);
        assert.ok(first <= key && key <= last, `${found} has ${address}`);
      }
    }),
    { numRuns: 2000 },
  );
});

test("many ranges in any order are sorted", () => {
  const many = Array.from({ length: 50_000 }, (_, i) => {
    const at = Math.imul(i, 0x9e3779b1) >>> 0;
    return `${at >>> 24}.${(at >>> 16) & 255}.${(at >>> 8) & 255}.${at & 255}`;
  });
  const set = setOf([...many, ...many.map((text) => `2001:db8::${text}`)]);
  assert.equal(set.size, 100_000);
  for (const text of many) {
    assert.equal(set.find(text), text);
    assert.ok(set.find(`2001:db8::${text}`));
  }
});

test("the entry is told as the list has it: the widest of those within each other", () => {
  const set = setOf(["10.1.2.3", "10.0.0.0/8", "10.1.0.0/16", "10.255.0.0-10.255.0.9", "2001:db8::/32"]);
  assert.equal(set.size, 2);
  assert.equal(set.find("10.1.2.3"), "10.0.0.0/8");
  assert.equal(set.find("2001:db8:1::1"), "2001:db8::/32");
  assert.equal(setOf(["1.2.3.4-1.2.3.6"]).find("1.2.3.5"), "1.2.3.4-1.2.3.6");
  assert.equal(setOf(["1.2.3.0/25", "1.2.3.128/25"]).find("1.2.3.200"), "1.2.3.128/25");
  assert.equal(setOf(["1.2.3.4-1.2.3.6", "1.2.3.6-1.2.3.7"]).find("1.2.3.4"), "1.2.3.4/30");
});

test("what is no address of the set's families is not found", () => {
  const set = setOf(["0.0.0.0/0"]);
  for (const text of ["::1", "example.com", "", "1.2.3", "fe80::1%eth0"]) assert.equal(set.find(text), undefined, text);
  assert.equal(set.find("255.255.255.255"), "0.0.0.0/0");
  assert.equal(setOf([]).find("1.2.3.4"), undefined);
});

test("ranges the wrong way round or of two families are none", () => {
  assert.equal(rangeOf(addressWords("1.2.3.4"), addressWords("1.2.3.3")), undefined);
  assert.equal(rangeOf(addressWords("1.2.3.4"), addressWords("::")), undefined);
  const whole = parseAddressRange("::/0");
  assert.equal(whole && rangeText(whole), "::/0");
});
