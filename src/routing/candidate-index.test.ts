import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { indexOf, node } from "../../test/support/candidates.ts";
import type { Candidate } from "./candidate.ts";
import { HASHES_PER_ROW, ROW_BITS } from "./candidate-columns.ts";
import { CandidateIndex } from "./candidate-index.ts";
import { ExitFilter } from "./exit-filter.ts";

const candidates: fc.Arbitrary<Candidate> = fc
  .record({
    peerId: fc.constantFrom(..."abcdefghijkl"),
    roles: fc.subarray(["relay", "exit"]),
    country: fc.constantFrom("de", "us", undefined),
    region: fc.constantFrom("California", "ca", "Bayern", undefined),
    city: fc.constantFrom("New York", "Berlin", undefined),
    asn: fc.constantFrom(1, 2, undefined),
    capacityMbps: fc.constantFrom(5, 50, undefined),
    subnet: fc.constantFrom("s", "t", undefined),
    load: fc.constantFrom(0, 0.5, 1),
    isp: fc.constantFrom("Comcast Cable Communications, LLC", "Comcast Business", "Telekom", undefined),
  })
  .map(({ peerId, ...fields }) =>
    node(peerId, Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))),
  );

const steps = fc.array(
  fc.oneof(
    candidates.map((candidate) => ({ put: candidate })),
    fc.constantFrom(..."abcdefghijkl").map((remove) => ({ remove })),
    fc.constantFrom(..."abcdefghijkl").map((refresh) => ({ refresh })),
  ),
  { maxLength: 60 },
);

/** What is asked, and who fits it by a plain look at each candidate. */
const QUESTIONS = [
  [{}, () => true],
  [{ countries: ["de"] }, (c: Candidate) => c.country === "de"],
  [{ countries: ["us", "de"] }, (c: Candidate) => c.country !== undefined],
  [
    { regions: ["california"] },
    (c: Candidate) => c.region === "California" || (c.region === "ca" && c.country === "us"),
  ],
  [{ cities: ["new york"] }, (c: Candidate) => c.city === "New York"],
  [{ asns: [2], countries: ["us"] }, (c: Candidate) => c.asn === 2 && c.country === "us"],
  [{ isps: ["comcast", "comcast business"] }, (c: Candidate) => c.isp?.startsWith("Comcast") === true],
] as const;

function answers(index: CandidateIndex, constraints: (typeof QUESTIONS)[number][0]): readonly string[] {
  const filter = new ExitFilter(index, { constraints });
  const found = new Set<string>();
  filter.each((row) => {
    if (filter.fits(row)) found.add(index.at(row).peerId);
  });
  return [...found].sort();
}

function columnsOf({ columns }: CandidateIndex, row: number): readonly unknown[] {
  const hashes = columns.hashes.subarray(row * HASHES_PER_ROW, (row + 1) * HASHES_PER_ROW);
  const bits = Object.values(ROW_BITS).map((bit) => columns.has(row, bit));
  return [columns.parts(row), columns.mbps(row), columns.price(row), ...hashes, ...bits];
}

test("whatever was put, replaced and removed, the index answers as a plain list does", () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const observed = new Map<string, number>();
      const index = new CandidateIndex({
        trust: { trustOf: (peer) => ({ score: 0.5, observations: observed.get(peer) ?? 0 }) },
      });
      const plain = new Map<string, Candidate>();
      for (const step of taken) {
        if ("put" in step) {
          index.put(step.put);
          plain.set(step.put.peerId, step.put);
        } else if ("remove" in step) {
          index.remove(step.remove);
          plain.delete(step.remove);
        } else {
          observed.set(step.refresh, 5);
          index.refresh(step.refresh);
        }
      }
      assert.equal(index.size, plain.size);
      for (const [id, candidate] of plain) {
        assert.equal(index.get(id), candidate);
        const row = index.rowOf(id) ?? -1;
        assert.equal(index.at(row), candidate);
        assert.deepEqual(columnsOf(index, row), columnsOf(indexOf([candidate]), 0));
      }
      const exits = [...plain.values()].filter(({ roles, load = 0 }) => roles.includes("exit") && load < 0.9);
      for (const [constraints, fits] of QUESTIONS) {
        const expected = exits.filter(fits).map(({ peerId }) => peerId);
        assert.deepEqual(answers(index, constraints), expected.sort(), JSON.stringify(constraints));
        const { steps: funnel } = new ExitFilter(index, { constraints }).funnel();
        assert.ok(funnel.some(({ left }) => left === expected.length));
      }
      for (const id of plain.keys()) index.remove(id);
      assert.deepEqual([index.size, index.lists.size], [0, 0], "nothing is left behind");
    }),
    { numRuns: 300 },
  );
});

test("who takes the row of one that moved has nothing of it", () => {
  const index = indexOf([node("gone"), node("moves", { roles: ["exit"] })]);
  index.remove("gone");
  index.put(node("fresh", { roles: [] }));
  index.refresh("fresh");
  assert.deepEqual(answers(index, {}), ["moves"]);
  index.remove("fresh");
  assert.deepEqual(answers(index, {}), ["moves"]);
});

test("trust is read when a node is put and when it is refreshed", () => {
  let score = 0.2;
  const index = new CandidateIndex({ trust: { trustOf: () => ({ score, observations: 1 }) } });
  index.put(node("a"));
  score = 0.9;
  assert.ok(Math.abs(index.columns.trust(0) - 0.2) < 1e-6);
  index.refresh("a");
  index.refresh("nobody");
  assert.ok(Math.abs(index.columns.trust(0) - 0.9) < 1e-6);
});

test("a node that writes as much as it may does not cost more than a few kilobytes", () => {
  const long = (seed: number): string =>
    Array.from({ length: 32 }, (_, at) => (seed * 7 + at) % 10)
      .join(" ")
      .padEnd(63, "x");
  const hostile = Array.from({ length: 2_000 }, (_, at) =>
    node(`n${at}`, {
      country: "us",
      region: `${at} ${long(at)}`,
      city: `${at} ${long(at)}`,
      isp: `${at} ${long(at)}`,
      asn: at,
      family: Array.from({ length: 16 }, (_, member) => `${at} ${member} ${long(at)}`),
    }),
  );
  const index = indexOf(hostile);
  // Country, AS, city, two forms of the region, the provider's first six words and whole name; its roles.
  assert.ok(index.lists.size <= 2_000 * 11 + 3, String(index.lists.size));
});
