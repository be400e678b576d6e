import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { anyConstraints } from "../../test/support/any-constraints.ts";
import type { ErrorCode } from "../core/error-table.ts";
import { printConstraints } from "../routing/constraint-keys.ts";
import type { Constraints } from "../routing/constraints.ts";
import { askedConstraints } from "./asked-constraints.ts";

suite("what a caller of the library asks for", () => {
  const read: readonly (readonly [unknown, Constraints])[] = [
    [undefined, {}],
    ["", {}],
    ["  ", {}],
    [{}, {}],
    ["country=de", { countries: ["de"] }],
    ["country-de", { countries: ["de"] }],
    ["cc-de", { countries: ["de"] }],
    [" country=de, hops=3 ", { countries: ["de"], hops: 3 }],
    ["country-de-hops-3", { countries: ["de"], hops: 3 }],
    ["country=de,hops_3", { countries: ["de"], hops: 3 }],
    ["country-de,hops-3", { countries: ["de"], hops: 3 }],
    ["country-us+de-session-a1-strict", { countries: ["us", "de"], session: "a1", strict: true }],
    ['city="new york", session=a1, strict', { cities: ["new york"], session: "a1", strict: true }],
    ["session=1a", { session: "1a" }],
    ["strict", { strict: true }],
    [{ countries: ["DE", "uk"] }, { countries: ["de", "gb"] }],
    [
      { cities: ["New York"], asns: [7922], networks: ["residential"] },
      { cities: ["new york"], asns: [7922], networks: ["residential"] },
    ],
    [{ hops: undefined, countries: ["de"] }, { countries: ["de"] }],
    [
      { maxMicroUsdcPerGiB: 5n, minTrust: 0.5, sessionSec: 90, session: "a" },
      { maxMicroUsdcPerGiB: 5n, minTrust: 0.5, sessionSec: 90, session: "a" },
    ],
    [
      { strict: false, stickyAsn: true, preset: "fast", protocol: "udp" },
      { strict: false, stickyAsn: true, preset: "fast", protocol: "udp" },
    ],
    [Object.assign(Object.create(null), { hops: 2 }), { hops: 2 }],
    [runInNewContext("({ hops: 2 })"), { hops: 2 }],
  ];
  for (const [asked, wanted] of read) {
    test(`is read: ${shown(asked)}`, () => assert.deepEqual(askedConstraints(asked), wanted));
  }

  const refused: readonly (readonly [unknown, ErrorCode, RegExp])[] = [
    ["contry-de", "ERR_PARAMETER_UNKNOWN", /did you mean country/],
    ["contry=de", "ERR_PARAMETER_UNKNOWN", /did you mean country/],
    ["de", "ERR_PARAMETER_UNKNOWN", /"de", which is no parameter/],
    ["user-alice-country-de", "ERR_PARAMETER_UNKNOWN", /"alice"/],
    ["country=germany", "ERR_PARAMETER_VALUE", /two-letter/],
    ["country=", "ERR_PARAMETER_VALUE", /no value/],
    ["country-de-country-us", "ERR_PARAMETER_CONFLICT", /twice/],
    [{ country: "de" }, "ERR_PARAMETER_UNKNOWN", /nearest known one is countries/],
    [{ sesstime: 5 }, "ERR_PARAMETER_UNKNOWN", /nearest known one is sessionSec/],
    [{ signal: AbortSignal.abort() }, "ERR_PARAMETER_UNKNOWN", /belongs to the options/],
    [{ countries: "de" }, "ERR_PARAMETER_VALUE", /a list that is not empty/],
    [{ countries: [] }, "ERR_PARAMETER_VALUE", /a list that is not empty/],
    [{ countries: [["de"]] }, "ERR_PARAMETER_VALUE", /countries/],
    [{ countries: ["de+us"] }, "ERR_PARAMETER_VALUE", /countries/],
    [{ countries: ["germany"] }, "ERR_PARAMETER_VALUE", /two-letter/],
    [{ asns: [0] }, "ERR_PARAMETER_VALUE", /asns/],
    [{ hops: 6 }, "ERR_PARAMETER_VALUE", /from 1 to 5/],
    [{ hops: 2.5 }, "ERR_PARAMETER_VALUE", /hops/],
    [{ hops: "3" }, "ERR_PARAMETER_VALUE", /a number/],
    [{ hops: null }, "ERR_PARAMETER_VALUE", /a number/],
    [{ minTrust: Number.NaN }, "ERR_PARAMETER_VALUE", /minTrust/],
    [{ minTrust: 1.5 }, "ERR_PARAMETER_VALUE", /minTrust/],
    [{ sessionSec: 0 }, "ERR_PARAMETER_VALUE", /sessionSec/],
    [{ maxMicroUsdcPerGiB: 5 }, "ERR_PARAMETER_VALUE", /a bigint/],
    [{ maxMicroUsdcPerGiB: -5n }, "ERR_PARAMETER_VALUE", /bigint/],
    [{ strict: "yes" }, "ERR_PARAMETER_VALUE", /a boolean/],
    [{ session: "a b" }, "ERR_PARAMETER_VALUE", /session/],
    [{ preset: "quick" }, "ERR_PARAMETER_VALUE", /preset/],
    [{ node: "nobody" }, "ERR_PARAMETER_VALUE", /peer id/],
    [null, "ERR_USAGE_ARGUMENT", /not null/],
    [5, "ERR_USAGE_ARGUMENT", /not a number/],
    [["country-de"], "ERR_USAGE_ARGUMENT", /not an array/],
    [() => "country-de", "ERR_USAGE_ARGUMENT", /not a function/],
    [new Map([["countries", ["de"]]]), "ERR_USAGE_ARGUMENT", /class Map/],
    [AbortSignal.abort(), "ERR_USAGE_ARGUMENT", /class AbortSignal/],
    [Object.create({ countries: ["de"] }), "ERR_USAGE_ARGUMENT", /an object/],
  ];
  for (const [asked, code, message] of refused) {
    test(`is refused with ${code}: ${shown(asked)}`, () =>
      assert.throws(() => askedConstraints(asked), { name: "BywayError", code, message }));
  }

  test("means the same as an object and as its text", () => {
    fc.assert(
      fc.property(anyConstraints(), (constraints) => {
        assert.deepEqual(askedConstraints(printConstraints(constraints)), askedConstraints(constraints));
      }),
    );
  });
});

function shown(asked: unknown): string {
  if (typeof asked === "string") return JSON.stringify(asked);
  return (
    JSON.stringify(asked, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value)) ?? String(asked)
  );
}
