import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { Credentials } from "./credentials.ts";

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
  assert.deepEqual(open.check(undefined), { user: "", constraints: {} });
  assert.deepEqual(open.check({ userName: "country-us", password: "anything" }), {
    user: "",
    constraints: { countries: ["us"] },
  });
});

test("with users the id and the password must be theirs", () => {
  const table = [
    ["alice", "s3cret", { user: "alice", constraints: {} }],
    ["user-alice", "s3cret", { user: "alice", constraints: {} }],
    ["user-alice-country-us", "s3cret", { user: "alice", constraints: { countries: ["us"] } }],
    ["alice-country-us", "s3cret", { user: "alice", constraints: { countries: ["us"] } }],
    ["alice,country=us", "s3cret", { user: "alice", constraints: { countries: ["us"] } }],
    ["user=alice,country=us", "s3cret", { user: "alice", constraints: { countries: ["us"] } }],
    ["alice", "s3cret_country-us", { user: "alice", constraints: { countries: ["us"] } }],
    ["bob-2", "with_under-score", { user: "bob-2", constraints: {} }],
    ["user-bob-2-hops-3", "with_under-score", { user: "bob-2", constraints: { hops: 3 } }],
    ["bob-2", "with_under-score_hops-3", { user: "bob-2", constraints: { hops: 3 } }],
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
