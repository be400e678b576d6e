import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyConstraints, SOME_PEER } from "../../test/support/any-constraints.ts";
import { BywayError } from "../core/errors.ts";
import {
  checkConstraints,
  joinConstraints,
  mergeConstraints,
  parseConstraints,
  printConstraints,
  readConstraints,
} from "./constraint-keys.ts";
import { CONSTRAINT_KEYS, CONSTRAINT_NAMES } from "./constraint-table.ts";
import { EU_COUNTRIES, normaliseText } from "./constraint-values.ts";
import { type Constraints, constraintsKey } from "./constraints.ts";

function refusal(read: () => unknown): BywayError {
  try {
    read();
  } catch (error) {
    if (error instanceof BywayError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

test("a country that is none is told at once, before the form that it must have", () => {
  for (const [text, told] of [
    ["xx", "names xx, which is no code of ISO 3166-1; it "],
    ["us+ZZ", "names zz, which is no code of ISO 3166-1; it "],
    ["germany", "is wrong: did you mean de? It "],
    ["us+united_kingdm", "is wrong: did you mean gb? It "],
    ["d3", ""],
    ["us+", ""],
    ["\u001b[31m", ""],
  ] as const) {
    const error = refusal(() => readConstraints([["country", text]]));
    assert.equal(error.code, "ERR_PARAMETER_VALUE", text);
    assert.equal(
      error.message,
      `the parameter country ${told}must be two-letter country codes joined by +, such as us or us+de, or eu`,
    );
  }
});

test("values are understood in their several forms", () => {
  const table: readonly (readonly [string, string | undefined, Constraints])[] = [
    ["CC", "US+de+us", { countries: ["us", "de"] }],
    ["country", "eu", { countries: EU_COUNTRIES }],
    ["country", "UK+gb+el", { countries: ["gb", "gr"] }],
    ["state", "us_California", { regions: ["us california"] }],
    ["city", "New_York+St.-John's", { cities: ["new york", "st. john's"] }],
    ["ct", "ＭÜNCHEN", { cities: ["münchen"] }],
    ["isp", "AT&T", { isps: ["at&t"] }],
    ["asn", "7922+AS3320", { asns: [7922, 3320] }],
    ["type", "Datacenter+res+ISP", { networks: ["hosting", "residential"] }],
    ["sid", "aB._~9", { session: "aB._~9" }],
    ["sesstime", "10", { sessionSec: 600 }],
    ["ttl", "30s", { sessionSec: 30 }],
    ["lifetime", "2H", { sessionSec: 7_200 }],
    ["sesstime", "1d", { sessionSec: 86_400 }],
    ["const", undefined, { strict: true }],
    ["strict", "false", { strict: false }],
    ["sticky-asn", undefined, { stickyAsn: true }],
    ["maxprice", "0.000001", { maxMicroUsdcPerGiB: 1n }],
    ["maxprice", "12", { maxMicroUsdcPerGiB: 12_000_000n }],
    ["MINTRUST", ".5", { minTrust: 0.5 }],
    ["preset", "Private", { preset: "private" }],
    ["node", SOME_PEER, { node: SOME_PEER }],
    ["protocol", "UDP", { protocol: "udp" }],
    ["groups", "RESIDENTIAL", { networks: ["residential"] }],
    ["zone", "mobile", { networks: ["mobile"] }],
    ["sessreplace", "false", { strict: true }],
    ["sessasn", "strict", { stickyAsn: true }],
    ["dns", "remote", {}],
    ["debug", "full", {}],
  ];
  for (const [key, value, expected] of table)
    assert.deepEqual(readConstraints([[key, value]]), { constraints: expected, ignored: [] }, `${key}=${value}`);
});

test("a bad value is refused under the canonical name, and the message shows the form", () => {
  const many = Array.from({ length: 17 }, (_, n) => n + 1).join("+");
  const table: readonly (readonly [string, string | undefined, string])[] = [
    ["cc", "usa", "country"],
    ["country", "us+", "country"],
    ["country", undefined, "country"],
    ["city", "", "city"],
    ["city", "a\nb", "city"],
    ["city", "a,b", "city"],
    ["city", "_", "city"],
    ["city", "x".repeat(65), "city"],
    ["city", "\ud800", "city"],
    ["asn", "0", "asn"],
    ["asn", "4294967296", "asn"],
    ["asn", many, "asn"],
    ["network", "home", "network"],
    ["sesstime", "0", "sesstime"],
    ["sesstime", "1441", "sesstime"],
    ["sesstime", "25h", "sesstime"],
    ["sesstime", "10x", "sesstime"],
    ["strict", "perhaps", "strict"],
    ["maxprice", "1.0000001", "maxprice"],
    ["maxprice", "-1", "maxprice"],
    ["mintrust", "1.1", "minTrust"],
    ["mintrust", ".", "minTrust"],
    ["preset", "slow", "preset"],
    ["protocol", "icmp", "protocol"],
    ["session", "x".repeat(51), "session"],
    ["node", "k51", "node"],
    ["zip", "10001", "zip"],
    ["groups", "BUYPROXIES94952", "groups"],
    ["zone", "", "zone"],
    ["zone", "residental", "zone"],
    ["dns", "local", "dns"],
    ["raw", undefined, "raw"],
  ];
  for (const [key, value, named] of table) {
    const error = refusal(() => readConstraints([[key, value]]));
    assert.equal(error.code, "ERR_PARAMETER_VALUE", `${key}=${value}`);
    assert.equal(error.data.key, named);
    assert.ok(error.message.startsWith(`the parameter ${named} `), error.message);
  }
});

test("a zone that somebody named as they like is passed over and told", () => {
  for (const name of ["scraper1", "myzone", "z", "__proto__"])
    assert.deepEqual(readConstraints([["zone", name]]), { constraints: {}, ignored: ["zone"] }, name);
  assert.deepEqual(readConstraints([["zone", "residential"]]).ignored, []);
});

test("what other providers have is passed over where that is allowed, and nothing else is", () => {
  const lenient = { lenient: true };
  const parameters = [
    ["zip", "1"],
    ["zone", "myzone"],
    ["dns", "local"],
    ["raw", undefined],
    ["hops", "2"],
  ] as const;
  assert.deepEqual(readConstraints(parameters, lenient), {
    constraints: { hops: 2 },
    ignored: ["zip", "zone", "dns", "raw"],
  });
  assert.equal(refusal(() => readConstraints([["zpi", "1"]], lenient)).code, "ERR_PARAMETER_UNKNOWN");
  assert.equal(refusal(() => readConstraints([["hops", "9"]], lenient)).code, "ERR_PARAMETER_VALUE");
  const twice = [
    ["zip", "1"],
    ["zip", "1"],
  ] as const;
  assert.equal(refusal(() => readConstraints(twice, lenient)).code, "ERR_PARAMETER_CONFLICT");
});

test("a parameter given twice and constraints that contradict each other are refused", () => {
  const conflict = (run: () => unknown, key: string): void => {
    const error = refusal(run);
    assert.deepEqual([error.code, error.data.key], ["ERR_PARAMETER_CONFLICT", key]);
  };
  conflict(
    () =>
      readConstraints([
        ["country", "us"],
        ["cc", "us"],
      ]),
    "country",
  );
  conflict(() => parseConstraints("sid=a, session=b"), "session");
  conflict(() => joinConstraints({ hops: 2 }, { hops: 3 }), "hops");
  conflict(() => checkConstraints({ preset: "private", hops: 1 }), "hops");
  conflict(() => checkConstraints({ strict: true }), "strict");
  conflict(() => checkConstraints({ stickyAsn: true }), "sticky-asn");
  checkConstraints({ preset: "private", hops: 2, session: "s", sessionSec: 60, strict: true, stickyAsn: true });
  checkConstraints({ strict: false, preset: "private" });
  // DataImpulse's customers name a time and no session.
  checkConstraints({ sessionSec: 60 });
  assert.deepEqual(joinConstraints({ asns: [1, 2], hops: 2 }, { asns: [2, 1], strict: true }), {
    asns: [2, 1],
    hops: 2,
    strict: true,
  });
});

test("what is asked wins over the defaults, which never contradict it", () => {
  const defaults: Constraints = { countries: ["us"], hops: 1, sessionSec: 60, strict: true, stickyAsn: true };
  assert.deepEqual(mergeConstraints(defaults, {}), { countries: ["us"], hops: 1 });
  assert.deepEqual(mergeConstraints(defaults, { countries: ["de"], session: "a", strict: false }), {
    countries: ["de"],
    hops: 1,
    session: "a",
    sessionSec: 60,
    strict: false,
    stickyAsn: true,
  });
  assert.deepEqual(mergeConstraints(defaults, { preset: "private" }), { countries: ["us"], preset: "private" });
  assert.deepEqual(mergeConstraints({ session: "a", sessionSec: 60 }, {}), { session: "a", sessionSec: 60 });
});

test("constraints are read from a dictionary and printed as one", () => {
  const text =
    'country=(us de), city=("new york" %"m%c3%bcnchen"), asn=7922, session="1a", sesstime="30s", hops=3, strict, ' +
    'sticky-asn=?0, maxprice="0.000001", mintrust=0.5';
  const constraints = parseConstraints(text);
  assert.deepEqual(constraints.cities, ["new york", "münchen"]);
  assert.equal(printConstraints(constraints), text);
  assert.equal(printConstraints({}), "");
  assert.equal(printConstraints(parseConstraints("country=eu+us")), "country=(eu us)");
  assert.deepEqual(parseConstraints(""), {});
  for (const bad of ["sesstime=10m", "country", "country=", "city=new york", "hops=3;q=1", "country=()", "us"]) {
    assert.match(refusal(() => parseConstraints(bad)).code, /^ERR_PARAMETER_(VALUE|UNKNOWN)$/, bad);
  }
  assert.equal(refusal(() => parseConstraints(`country=${"u".repeat(5_000)}`)).code, "ERR_PARAMETER_VALUE");
});

test("every printed form parses back, and the key tells sets of constraints apart", () => {
  fc.assert(
    fc.property(anyConstraints(), anyConstraints(), (a, b) => {
      assert.deepEqual(parseConstraints(printConstraints(a)), a);
      const turned = Object.fromEntries(Object.entries(a).reverse()) as Constraints;
      assert.equal(constraintsKey(turned), constraintsKey(a));
      const same = (x: Constraints): string =>
        JSON.stringify(
          CONSTRAINT_KEYS.map(({ print, kind }) => {
            const values = print(x);
            return kind === "flag" && values?.[0] === "false" ? undefined : [...(values ?? [])].sort();
          }),
        ).replaceAll("null", "[]");
      assert.equal(constraintsKey(a) === constraintsKey(b), same(a) === same(b));
    }),
    { numRuns: 500 },
  );
});

test("every alias means what its parameter means", () => {
  assert.equal(new Set(CONSTRAINT_NAMES).size, CONSTRAINT_NAMES.length);
  fc.assert(
    fc.property(anyConstraints(), fc.nat(), (constraints, choice) => {
      const spelt = CONSTRAINT_KEYS.flatMap(({ name, aliases, print }) => {
        const values = print(constraints);
        const names = [name, name.toUpperCase(), ...aliases];
        return values === undefined ? [] : [[names[choice % names.length] ?? "", values.join("+")] as const];
      });
      assert.deepEqual(readConstraints(spelt).constraints, constraints);
    }),
  );
});

test("names have one form whatever they were written like", () => {
  assert.equal(normaliseText(" New_York - City"), "new york city");
  assert.equal(normaliseText("Comcast Cable Communications, LLC"), "comcast cable communications llc");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.equal(normaliseText(normaliseText(text)), normaliseText(text));
    }),
    { numRuns: 2_000 },
  );
});
