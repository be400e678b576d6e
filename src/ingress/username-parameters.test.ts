import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BywayError } from "../core/errors.ts";
import { generateIdentity } from "../identity/identity.ts";
import { parseUserName } from "./username-parameters.ts";

const PEER = generateIdentity().peerId;

function refusal(userName: string, password = ""): BywayError {
  try {
    parseUserName(userName, password);
  } catch (error) {
    if (error instanceof BywayError) return error;
    throw error;
  }
  throw new Error(`${userName} was not refused`);
}

test("every form of a user name is understood", () => {
  const table: readonly (readonly [string, string, object])[] = [
    ["", "", {}],
    ["alice", "alice", {}],
    ["user-alice", "alice", {}],
    ["user-alice-country-us", "alice", { countries: ["us"] }],
    ["user-alice-country-us-hops-3-session-aB.c_1~", "alice", { countries: ["us"], hops: 3, session: "aB.c_1~" }],
    ["USER-Alice-COUNTRY-US-Hops-2", "Alice", { countries: ["us"], hops: 2 }],
    ["user--country-us", "", { countries: ["us"] }],
    ["country-us", "", { countries: ["us"] }],
    ["cc-us", "", { countries: ["us"] }],
    ["cr-us+DE+us", "", { countries: ["us", "de"] }],
    ["sessid-x", "", { session: "x" }],
    ["sid-x", "", { session: "x" }],
    [`node-${PEER}`, "", { node: PEER }],
    ["country=us", "", { countries: ["us"] }],
    ["country_us", "", { countries: ["us"] }],
    ["country=us,hops_3", "", { countries: ["us"], hops: 3 }],
    ["alice,country_us,session_abc", "alice", { countries: ["us"], session: "abc" }],
    ["user_123,country_US", "123", { countries: ["us"] }],
    ["user=a-b,country=us", "a-b", { countries: ["us"] }],
    ["user-alice,country=us", "alice", { countries: ["us"] }],
    ["hops=3", "", { hops: 3 }],
  ];
  for (const [userName, user, constraints] of table)
    assert.deepEqual(parseUserName(userName, "any password"), { user, constraints, ignored: [] }, userName);
});

test("parameters may be appended to the password", () => {
  const table = [
    ["pw_country-br_session-8alnum", { countries: ["br"], session: "8alnum" }],
    ["_hops-3", { hops: 3 }],
    ["", {}],
    ["my_secret", {}],
    ["my_secret-word", {}],
    ["country-us", {}],
  ] as const;
  for (const [password, constraints] of table)
    assert.deepEqual(parseUserName("alice", password), { user: "alice", constraints, ignored: [] }, password);
  assert.equal(refusal("alice", "pw_contry-br").code, "ERR_PARAMETER_UNKNOWN");
  assert.equal(refusal("alice", "pw_country-br_foo-1").code, "ERR_PARAMETER_UNKNOWN");
});

test("an unknown parameter is named with the nearest known one", () => {
  const table = [
    ["user-alice-contry-us", "contry", "country"],
    ["contry-us", "contry", "country"],
    ["contry_us", "contry", "country"],
    ["alice,hosp=3", "hosp", "hops"],
    ["user-a-country-us-stat-ca", "stat", undefined],
    ["user-a-__proto__-x", "__proto__", undefined],
    ["country-us-", "", undefined],
  ] as const;
  for (const [userName, key, nearest] of table) {
    const error = refusal(userName);
    assert.equal(error.code, "ERR_PARAMETER_UNKNOWN", userName);
    assert.equal(error.data.key, key);
    assert.ok(error.message.includes(JSON.stringify(key)), error.message);
    if (nearest !== undefined) assert.equal(error.data.nearest, nearest);
    assert.ok(error.message.includes(String(error.data.nearest)));
  }
});

test("a value that a hyphen cut is named whole, where the rest of it resembles no parameter", () => {
  const table = [
    ["country-us-city-new-york", "did you mean new_york as the city?"],
    ["city-new-york-session-a1", "did you mean new_york as the city?"],
    ["session-a-b", "did you mean a_b as the session?"],
    ["user-alice-sid-job-7", "did you mean job_7 as the session?"],
    ["session-a-hosp-3", "did you mean hops?"],
    ["hops-3-york", "did you mean country?"],
    ["city-new-", "did you mean country?"],
    ["city-new-\u001b[31m", "did you mean country?"],
    [`city-new-${"x".repeat(40)}`, "did you mean maxprice?"],
  ] as const;
  for (const [userName, told] of table) assert.ok(refusal(userName).message.endsWith(told), refusal(userName).message);
});

test("a bad value is refused under the name of its parameter", () => {
  const table = [
    ["country-usa", "country"],
    ["country-u1", "country"],
    ["country-us+", "country"],
    ["country", "country"],
    ["country-", "country"],
    ["hops-0", "hops"],
    ["hops-6", "hops"],
    ["hops-3.0", "hops"],
    ["hops-١", "hops"],
    ["session=a-b", "session"],
    [`session-${"x".repeat(51)}`, "session"],
    ["session-a b", "session"],
    ["session-a\r\nb", "session"],
    ["node-k51abc", "node"],
    [`node-${PEER.toUpperCase()}`, "node"],
  ] as const;
  for (const [userName, key] of table) {
    const error = refusal(userName);
    assert.equal(error.code, "ERR_PARAMETER_VALUE", userName);
    assert.equal(error.data.key, key, userName);
    assert.ok(error.message.includes(key));
  }
});

test("a parameter given twice is refused, under whatever names", () => {
  for (const userName of ["country-us-cc-de", "session-a-sid-a"])
    assert.equal(refusal(userName).code, "ERR_PARAMETER_CONFLICT");
  assert.equal(refusal("hops-2", "pw_hops-3").code, "ERR_PARAMETER_CONFLICT");
});

test("any user name and password are understood or refused with a typed error", () => {
  const words = fc.constantFrom(
    "user",
    "country",
    "us",
    "hops",
    "3",
    "session",
    "-",
    "_",
    ",",
    "=",
    "+",
    "é",
    "\n",
    "__proto__",
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(words).map((list) => list.join("")),
  );
  fc.assert(
    fc.property(text, text, (userName, password) => {
      try {
        parseUserName(userName, password);
      } catch (error) {
        assert.ok(error instanceof BywayError && error.code.startsWith("ERR_PARAMETER_"));
      }
    }),
    { numRuns: 500 },
  );
});
