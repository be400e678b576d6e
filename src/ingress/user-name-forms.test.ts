import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyConstraints } from "../../test/support/any-constraints.ts";
import { BywayError } from "../core/errors.ts";
import { CONSTRAINT_KEYS } from "../routing/constraint-table.ts";
import { type Constraints, constraintsKey } from "../routing/constraints.ts";
import { Credentials } from "./credentials.ts";
import { parseUserName } from "./username-parameters.ts";

const EU = 27;
const NEW_YORK: Constraints = { countries: ["us"], cities: ["new york"] };

test("the user names of other providers are understood unchanged", () => {
  const table: readonly (readonly [string, string, Constraints])[] = [
    // Byway's own
    [
      "user-al-country-us-state-ca-city-new_york-asn-7922-network-residential-session-abc123-sesstime-10-hops-3-protocol-udp-strict",
      "al",
      {
        ...NEW_YORK,
        regions: ["ca"],
        asns: [7922],
        networks: ["residential"],
        session: "abc123",
        sessionSec: 600,
        hops: 3,
        protocol: "udp",
        strict: true,
      },
    ],
    ["al-country-us-sticky-asn-session-a", "al", { countries: ["us"], stickyAsn: true, session: "a" }],
    ["strict-true-session-a", "", { strict: true, session: "a" }],
    // Bright Data
    [
      "brd-customer-hl_1a2b-zone-residential-country-us-state-ny-city-newyork-asn-56386-session-rand39484-const",
      "hl_1a2b",
      {
        networks: ["residential"],
        countries: ["us"],
        regions: ["ny"],
        cities: ["newyork"],
        asns: [56_386],
        session: "rand39484",
        strict: true,
      },
    ],
    ["brd-customer-h1-zone-datacenter-dns-remote-debug-full", "h1", { networks: ["hosting"] }],
    // Oxylabs
    [
      "customer-U-cc-US-st-us_california-city-new_york-sessid-abc-sesstime-30-sessid_oneip",
      "U",
      { ...NEW_YORK, regions: ["us california"], session: "abc", sessionSec: 1_800, strict: true },
    ],
    // Decodo
    ["user-U-country-us-session-x-sessionduration-30", "U", { countries: ["us"], session: "x", sessionSec: 1_800 }],
    // Apify
    [
      "groups-RESIDENTIAL,session-a_b~1,country-US",
      "",
      { networks: ["residential"], session: "a_b~1", countries: ["us"] },
    ],
    ["auto", "", {}],
    // anyIP
    [
      "user_123,type_residential,country_US,region_x,city_new_york,asn_5,session_x,sesstime_30,sessreplace_false,sessasn_strict",
      "123",
      {
        ...NEW_YORK,
        networks: ["residential"],
        regions: ["x"],
        asns: [5],
        session: "x",
        sessionSec: 1_800,
        strict: true,
        stickyAsn: true,
      },
    ],
    // Geonode, whose own part stands before it
    [
      "-country-US-type-residential-session-X-lifetime-9",
      "",
      { countries: ["us"], networks: ["residential"], session: "X", sessionSec: 540 },
    ],
    ["geo-country-US-type-mobile", "geo", { countries: ["us"], networks: ["mobile"] }],
    // NetNut
    ["USER-res-us-sid-12345", "USER", { networks: ["residential"], countries: ["us"], session: "12345" }],
    ["acme-dc-any", "acme", { networks: ["hosting"] }],
    ["acme-mob-de-sid-1", "acme", { networks: ["mobile"], countries: ["de"], session: "1" }],
    // DataImpulse
    ["login__cr.fr;sessttl.60", "login", { countries: ["fr"], sessionSec: 3_600 }],
    [
      "log-in__cr.fr,us;sessid.a;city.new_york",
      "log-in",
      { countries: ["fr", "us"], session: "a", cities: ["new york"] },
    ],
    // Proxy-Seller
    ["xxx_c_US_city_New-York_s_100_ttl_30s", "xxx", { ...NEW_YORK, session: "100", sessionSec: 30 }],
  ];
  for (const [userName, user, constraints] of table) {
    assert.deepEqual(parseUserName(userName, "pw"), { user, constraints, ignored: [] }, userName);
    if (user === "") continue;
    // With that user known, the same; and as one of several, each of which is another's beginning.
    for (const names of [[user], [user, "u", `${user}x`, "other"]]) {
      const users = names.map((name) => ({ name, password: `pw of ${name}` }));
      const sent = { userName, password: `pw of ${user}` };
      const held = { ...(constraints.session === undefined ? { session: "s" } : {}) };
      const more = Object.entries(held);
      const expected = { user, constraints: { ...constraints, ...held }, ignored: [] };
      assert.deepEqual(new Credentials(users).check(sent, more), expected, userName);
    }
  }
  assert.equal(parseUserName("country-eu", "").constraints.countries?.length, EU);
});

test("IPRoyal's parameters stand in the password", () => {
  const table: readonly (readonly [string, Constraints])[] = [
    ["pw_country-br_session-8alnum_lifetime-10m", { countries: ["br"], session: "8alnum", sessionSec: 600 }],
    ["pw_country-us_city-new_york_strict_sticky-asn_hops-2", { ...NEW_YORK, strict: true, stickyAsn: true, hops: 2 }],
    ["pw_session-a_b_country-us_sessid_oneip", { session: "a_b", countries: ["us"], strict: true }],
  ];
  for (const [password, constraints] of table)
    assert.deepEqual(parseUserName("alice", password), { user: "alice", constraints, ignored: [] }, password);
  for (const password of ["pw_city-new_contry-us", "pw_session-a_strct"])
    assert.throws(() => parseUserName("alice", password), { code: "ERR_PARAMETER_UNKNOWN" }, password);
});

test("what Byway has no such thing for is refused by name, or told where that is allowed", () => {
  const table = [
    ["brd-customer-a-zone-residental-country-us", "zone"],
    ["brd-customer-a-zone-isp-ip-1.2.3.4", "ip"],
    ["brd-customer-a-zone-isp-os-windows", "os"],
    ["brd-customer-a-zone-isp-direct", "direct"],
    ["brd-customer-a-zone-isp-raw-country-us", "raw"],
    ["brd-customer-a-zone-isp-render", "render"],
    ["brd-customer-a-zone-isp-dns-local-const-session-a", "dns"],
    ["geo-country-US-zip-10001", "zip"],
    ["groups-SHADER,session-a", "groups"],
  ] as const;
  for (const [userName, key] of table) {
    const refused = (error: unknown): boolean =>
      error instanceof BywayError && error.code === "ERR_PARAMETER_VALUE" && error.data.key === key;
    assert.throws(() => parseUserName(userName, ""), refused, userName);
    assert.deepEqual(parseUserName(userName, "", { lenient: true }).ignored, [key], userName);
  }
});

test("every spelling of any constraints means the same", () => {
  const spellings: readonly ((pairs: readonly (readonly [string, string])[]) => [string, string])[] = [
    (pairs) => [`user-al-${pairs.flat().join("-")}`, ""],
    (pairs) => [`al-${pairs.flat().join("-")}`, ""],
    (pairs) => [`al,${pairs.map((pair) => pair.join("=")).join(",")}`, ""],
    (pairs) => [`user_al,${pairs.map((pair) => pair.join("_")).join(",")}`, ""],
    (pairs) => [`al,${pairs.map((pair) => pair.join("-")).join(",")}`, ""],
    (pairs) => ["al", `pw_${pairs.map((pair) => pair.join("-")).join("_")}`],
    (pairs) => [`customer-al-${pairs.flat().join("-").toUpperCase()}`, ""],
    (pairs) => [`al_${pairs.flat().join("_")}`, ""],
  ];
  // A form with one separator cannot hold a place that is called like a parameter; and one spelling is in upper case.
  const names = fc.constantFrom("new york", "boston", "us ca", "los angeles", "at&t", "st. john's", "münchen");
  const arbitrary = anyConstraints(names).map(({ node, session, ...rest }) => ({
    ...rest,
    ...(session === undefined ? {} : { session: session.toUpperCase().replaceAll("_", "X") }),
  }));
  fc.assert(
    fc.property(arbitrary, (constraints: Constraints) => {
      const pairs = CONSTRAINT_KEYS.flatMap(({ name, print }) => {
        const values = print(constraints);
        return values === undefined ? [] : [[name, values.join("+").replaceAll(" ", "_")] as const];
      });
      fc.pre(pairs.length > 0);
      for (const [index, spell] of spellings.entries()) {
        if (index === 7 && pairs.some(([, value]) => value.includes("_"))) continue;
        const [userName, password] = spell(pairs);
        const meaning = parseUserName(userName, password);
        assert.equal(meaning.user.toLowerCase(), "al", userName);
        assert.equal(constraintsKey(meaning.constraints), constraintsKey(constraints), `${userName}:${password}`);
      }
    }),
    { numRuns: 300 },
  );
});

const WORDS =
  "user customer brd auto country us cc city new york session sesstime 10 strict sticky asn sessid oneip res any zone isp " +
  "groups zip dns remote alice alice-session-s1 - - - _ _ , = + ; . __ \r \n \0 \x7f \x9b \ud800 é __proto__ constructor";
const hostile = fc.oneof(
  fc.array(fc.constantFrom(...WORDS.split(" "), " "), { maxLength: 40 }).map((list) => list.join("")),
  fc.string({ unit: "binary" }),
  fc.tuple(fc.constantFrom(...WORDS.split(" ")), fc.integer({ min: 1, max: 2_000 })).map(([word, n]) => word.repeat(n)),
  fc.constantFrom("user-a-", "country-us-", "a,", "a__b.").map((start) => start + "_a-".repeat(3_400)),
);

test("a hostile user name gives a typed error, and none of its control characters come back", () => {
  fc.assert(
    fc.property(hostile, hostile, fc.boolean(), (userName, password, lenient) => {
      try {
        parseUserName(userName, password, { lenient });
      } catch (error) {
        assert.ok(error instanceof BywayError && error.code.startsWith("ERR_PARAMETER_"), String(error));
        const told = error.message + JSON.stringify(Object.values(error.data)).replaceAll("\\\\", "");
        assert.doesNotMatch(told, /\p{Cc}|\p{Cs}/u);
        assert.ok(error.message.length < 1_000);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("with users, an id is always one of theirs, and a name that is one whole is that user alone", () => {
  const users = ["alice", "alice-session-s1", "user-bob", "bob", "auto", "country"].map((name) => ({
    name,
    password: `pw of ${name}`,
  }));
  const credentials = new Credentials(users);
  for (const { name, password } of users)
    assert.deepEqual(credentials.check({ userName: name, password }), { user: name, constraints: {}, ignored: [] });
  assert.equal(credentials.check({ userName: "alice-session-s2", password: "pw of alice" }).constraints.session, "s2");
  const longer = credentials.check({ userName: "alice-session-s1-cc-us", password: "pw of alice-session-s1" });
  assert.deepEqual(longer, { user: "alice-session-s1", constraints: { countries: ["us"] }, ignored: [] });
  for (const password of ["pw of alice", ""])
    assert.throws(() => credentials.check({ userName: "alice-session-s1", password }), { code: "ERR_CREDENTIALS" });
  fc.assert(
    fc.property(hostile, fc.constantFrom(...users), (userName, { password }) => {
      try {
        const { user } = credentials.check({ userName, password });
        assert.equal(`pw of ${user}`, password);
      } catch (error) {
        assert.ok(error instanceof BywayError && /^ERR_(CREDENTIALS|PARAMETER_[A-Z]+)$/.test(error.code));
      }
    }),
    { numRuns: 1_000 },
  );
});

test("the first 80 characters of a mistake say what helps", () => {
  for (const userName of ["contry-us", "country-us-sesion-a1", "user-al-hops-3-minntrust-1"])
    assert.throws(
      () => parseUserName(userName, "x"),
      (error) => error instanceof BywayError && /did you mean \w+\?/.test(error.message.slice(0, 80)),
    );
});
