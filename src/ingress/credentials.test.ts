import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { Credentials, readCredentials } from "./credentials.ts";

const USERS = [
  { name: "alice", password: "s3cret" },
  { name: "bob-2", password: "with_under-score" },
];

function check(userName: string, password: string): unknown {
  try {
    return new Credentials(USERS).check({ userName, password });
  } catch (error) {
    if (error instanceof BywayError) return error.code;
    throw error;
  }
}

test("without users anybody may pass, with or without credentials", () => {
  const open = new Credentials([]);
  assert.equal(open.required, false);
  assert.deepEqual(open.check(undefined), { user: "", constraints: {}, ignored: [] });
  assert.deepEqual(open.check({ userName: "country-us", password: "anything" }), {
    user: "",
    constraints: { countries: ["us"] },
    ignored: [],
  });
});

test("with users the id and the password must be theirs", () => {
  const table = [
    ["alice", "s3cret", { user: "alice", constraints: {}, ignored: [] }],
    ["user-alice", "s3cret", { user: "alice", constraints: {}, ignored: [] }],
    ["user-alice-country-us", "s3cret", { user: "alice", constraints: { countries: ["us"] }, ignored: [] }],
    ["alice-country-us", "s3cret", { user: "alice", constraints: { countries: ["us"] }, ignored: [] }],
    ["alice,country=us", "s3cret", { user: "alice", constraints: { countries: ["us"] }, ignored: [] }],
    ["user=alice,country=us", "s3cret", { user: "alice", constraints: { countries: ["us"] }, ignored: [] }],
    ["alice", "s3cret_country-us", { user: "alice", constraints: { countries: ["us"] }, ignored: [] }],
    ["bob-2", "with_under-score", { user: "bob-2", constraints: {}, ignored: [] }],
    ["user-bob-2-hops-3", "with_under-score", { user: "bob-2", constraints: { hops: 3 }, ignored: [] }],
    ["bob-2", "with_under-score_hops-3", { user: "bob-2", constraints: { hops: 3 }, ignored: [] }],
    ["alice", "wrong", "ERR_CREDENTIALS"],
    ["alice", "", "ERR_CREDENTIALS"],
    ["alice", "s3cretx", "ERR_CREDENTIALS"],
    ["alice", "with_under-score", "ERR_CREDENTIALS"],
    ["mallory", "s3cret", "ERR_CREDENTIALS"],
    ["", "s3cret", "ERR_CREDENTIALS"],
    ["country-us", "s3cret", "ERR_CREDENTIALS"],
    // Who is not known learns nothing about parameters.
    ["user-mallory-contry-us", "s3cret", "ERR_CREDENTIALS"],
    ["user-alice-contry-us", "s3cret", "ERR_PARAMETER_UNKNOWN"],
    ["alice", "s3cret_foo", "ERR_PARAMETER_UNKNOWN"],
  ] as const;
  for (const [userName, password, expected] of table)
    assert.deepEqual(check(userName, password), expected, `${userName}:${password}`);
  assert.throws(() => new Credentials(USERS).check(undefined), { code: "ERR_CREDENTIALS" });
});

test("a name without an id stands for the only user, by the password alone", () => {
  const one = new Credentials([{ name: "alice", password: "s3cret" }]);
  const names = ["groups-RESIDENTIAL,session-x,country-US", "auto", "country-us", "", "-cc-us", "user--cc-us"];
  for (const userName of names) {
    assert.equal(one.check({ userName, password: "s3cret" }).user, "alice", userName);
    assert.throws(() => one.check({ userName, password: "wrong" }), { code: "ERR_CREDENTIALS" }, userName);
    assert.throws(() => new Credentials(USERS).check({ userName, password: "s3cret" }), { code: "ERR_CREDENTIALS" });
  }
  assert.throws(() => one.check({ userName: "mallory-cc-us", password: "s3cret" }), { code: "ERR_CREDENTIALS" });
});

test("the listener's defaults apply where neither name nor header says anything, and contradictions are refused", () => {
  const defaults = { countries: ["us"], sessionSec: 60, strict: true };
  const open = new Credentials([], { defaults });
  assert.deepEqual(open.check(undefined).constraints, { countries: ["us"] });
  assert.deepEqual(open.check({ userName: "session-a-cc-de", password: "" }, [["hops", "2"]]).constraints, {
    countries: ["de"],
    session: "a",
    sessionSec: 60,
    strict: true,
    hops: 2,
  });
  const sent = { userName: "cc-de+fr", password: "" };
  assert.deepEqual(open.check(sent, [["country", "fr+de"]]).constraints.countries, ["fr", "de"]);
  const conflicts = [
    () => open.check(sent, [["country", "us"]]),
    () => open.check({ userName: "strict", password: "" }),
    () => new Credentials([], { defaults: { preset: "private" } }).check({ userName: "hops-1", password: "" }),
  ];
  for (const run of conflicts) assert.throws(run, { code: "ERR_PARAMETER_CONFLICT" });
});

test("what is passed over is told, whichever way it came", () => {
  const lenient = new Credentials([], { lenient: true });
  const { constraints, ignored } = lenient.check({ userName: "zip-1-cc-us", password: "" }, [
    ["zip", "1"],
    ["os", "x"],
  ]);
  assert.deepEqual([constraints, ignored], [{ countries: ["us"] }, ["zip", "os"]]);
  assert.throws(() => lenient.check({ userName: "zpi-1-cc-us", password: "" }), { code: "ERR_PARAMETER_UNKNOWN" });
});

test("other parameters are looked at only once the credentials are right", () => {
  const more = (): never => {
    throw new BywayError("ERR_PARAMETER_VALUE", "malformed");
  };
  const credentials = new Credentials(USERS);
  assert.throws(() => credentials.check({ userName: "alice", password: "wrong" }, more), { code: "ERR_CREDENTIALS" });
  assert.throws(() => credentials.check({ userName: "alice", password: "s3cret" }, more), {
    code: "ERR_PARAMETER_VALUE",
  });
});

test("passwords beyond ASCII fit in UTF-8 and in latin1; nothing else does", () => {
  const credentials = new Credentials([
    { name: "jörg", password: "pässwörd" },
    { name: "odd", password: "Ã¤" },
  ]);
  const sent = (encoding: BufferEncoding, name: string, password: string) =>
    readCredentials(Buffer.from(name, encoding), Buffer.from(password, encoding));
  for (const encoding of ["utf8", "latin1"] as const) {
    assert.equal(credentials.check(sent(encoding, "jörg", "pässwörd")).user, "jörg", encoding);
    assert.equal(credentials.check(sent(encoding, "odd", "Ã¤")).user, "odd", encoding);
    const { constraints } = credentials.check(sent(encoding, "jörg-country-us", "pässwörd"));
    assert.deepEqual(constraints, { countries: ["us"] });
    assert.throws(() => credentials.check(sent(encoding, "jörg", "pässword")), { code: "ERR_CREDENTIALS" });
  }
  // A wrong parameter behind the right password is told as such.
  assert.throws(() => credentials.check(sent("latin1", "jörg-hops-9", "pässwörd")), { code: "ERR_PARAMETER_VALUE" });
});

test("the name of a system's user, which SOCKS programs send unasked, is an id", () => {
  const open = new Credentials([]);
  const bySocks = (name: string, password = "", encoding: BufferEncoding = "utf8") =>
    open.check({ ...readCredentials(Buffer.from(name, encoding), Buffer.from(password)), mayBeMeantForOthers: true });
  for (const name of [
    "www-data",
    "gitlab-runner",
    "john-smith",
    "svc-build-01",
    "jean-luc",
    "müller",
    "José García",
    "_apt",
  ])
    for (const encoding of ["utf8", "latin1"] as const)
      assert.deepEqual(bySocks(name, "", encoding), { user: name, constraints: {}, ignored: [] }, name);
  // With a password a name was meant, and what looks like a parameter was too.
  for (const name of ["contry-us", "www-data-contry-us", "country_usa"])
    assert.throws(() => bySocks(name), /parameter/);
  assert.throws(() => bySocks("www-data", "x"), { code: "ERR_PARAMETER_UNKNOWN" });
  assert.deepEqual(bySocks("www-country-us"), { user: "www", constraints: { countries: ["us"] }, ignored: [] });
});
