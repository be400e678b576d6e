import fc from "fast-check";
import { parsePeerId } from "../../src/identity/peer-id.ts";
import { normaliseText } from "../../src/routing/constraint-values.ts";
import type { Constraints } from "../../src/routing/constraints.ts";

/** A peer id that is one. */
export const SOME_PEER: string = parsePeerId("12D3KooWQK1wnefoLrcVHbbnf5tLzbopUd3K3bFAoJpA7YJgL5pV");

const list = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.uniqueArray(one, { minLength: 1, maxLength: 4 });
const country = fc.constantFrom("us", "de", "fr", "br");
const anyName = fc
  .oneof(
    fc.constantFrom("new york", "st. john's", "at&t", "münchen", "東京", "3", "true", "us ca"),
    fc.string({ unit: "grapheme", maxLength: 12 }).map(normaliseText),
  )
  .filter((text) => text !== "");

/** Any constraints that can be written down, with these names of places and providers; `eu` never stands among the countries. */
export function anyConstraints(name: fc.Arbitrary<string> = anyName): fc.Arbitrary<Constraints> {
  const fields: { [K in keyof Required<Constraints>]: fc.Arbitrary<Required<Constraints>[K]> } = {
    countries: list(country),
    regions: list(name),
    cities: list(name),
    asns: list(fc.integer({ min: 1, max: 2 ** 32 - 1 })),
    isps: list(name),
    networks: list(fc.constantFrom("residential", "mobile", "hosting", "unknown")),
    hops: fc.integer({ min: 1, max: 5 }),
    protocol: fc.constantFrom("tcp", "udp"),
    node: fc.constant(SOME_PEER),
    maxMicroUsdcPerGiB: fc.bigInt({ min: 0n, max: 10n ** 15n - 1n }),
    minTrust: fc.integer({ min: 0, max: 1_000_000 }).map((millionths) => millionths / 1_000_000),
    preset: fc.constantFrom("balanced", "fast", "reliable", "private"),
    session: fc.stringMatching(/^[A-Za-z0-9._~]{1,50}$/),
    sessionSec: fc.integer({ min: 1, max: 86_400 }),
    strict: fc.boolean(),
    stickyAsn: fc.boolean(),
  };
  return fc.record(fields, { requiredKeys: [], noNullPrototype: true });
}
