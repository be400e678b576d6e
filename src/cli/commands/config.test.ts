import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { runByway, temporaryDirectory } from "../../../test/support/run-byway.ts";

async function check(t: TestContext, text: string): Promise<{ code: number | null; stderr: string }> {
  const path = join(temporaryDirectory(t), "byway.toml");
  writeFileSync(path, text);
  const { code, stderr } = await runByway(t, ["config", "check", "--config", path]);
  return { code, stderr };
}

const LIMIT = "[[client.limits]]\nuser = 'anne'\nopen-streams = 3\n";

for (const [name, text, message] of [
  [
    "an unknown parameter",
    "[client]\nselect = 'contry=us'",
    /client\.select: unknown parameter "contry": did you mean country/,
  ],
  ["a contradiction", "[client]\nselect = 'preset=private, hops=1'", /needs two hops/],
  ["weights of nothing", "[client]\nweights = [0, 0, 0, 0]", /must not all be 0/],
  [
    "two passwords for one user",
    "[client]\nusers = ['a:b', 'c:d', 'a:e']",
    /client\.users has two passwords for the user "a"/,
  ],
  [
    "two passwords for one user of a listener",
    "[[client.listeners]]\nlisten = '127.0.0.1:1081'\nusers = ['a:b', 'a:b']",
    /users in table 1 of client\.listeners has two passwords for the user "a"/,
  ],
  ["an address twice", "[[client.listeners]]\nlisten = '127.0.0.1:1080'", /127\.0\.0\.1:1080 is listened at twice/],
  ["a rule that is none", "[node]\npolicy = ['reject mial']", /rule 1 of the policy: "mial" is no set/],
  ["hours of another form", "[node]\nhours = ['9-17']", /hours have the form HH:MM-HH:MM/],
  [
    "figures for everybody",
    "[node]\nmetrics = '0.0.0.0:9464'",
    /node\.metrics: 0\.0\.0\.0:9464 is no loopback address/,
  ],
  [
    "an exception that is neither a name nor a network",
    "[[node.blocklists]]\nname = 'a'\nsource = 'a.txt'\nexcept = ['a b']",
    /the exception "a b" of the blocklist a is neither/,
  ],
  ["a limit of nobody", `[client]\nusers = ['ann:x']\n${LIMIT}`, /no listener has a user called "anne"/],
] as const) {
  test(`config check finds what up or node would refuse: ${name}`, async (t) => {
    const { code, stderr } = await check(t, text);
    assert.equal(code, 78, stderr);
    assert.match(stderr, message);
  });
}

test("a limit may be that of a listener's own user, or everybody's", async (t) => {
  const listener = "[[client.listeners]]\nlisten = '127.0.0.1:0'\nusers = ['anne:x']\n";
  const everybody = "[[client.limits]]\nuser = '*'\nopen-streams = 9\n";
  assert.deepEqual(await check(t, `${listener}${listener}${LIMIT}${everybody}`), { code: 0, stderr: "" });
});

for (const page of ["operators", "policy"]) {
  test(`what docs/${page}.md has an operator write is good`, async (t) => {
    const text = readFileSync(new URL(`../../../docs/${page}.md`, import.meta.url), "utf8");
    const found = [...text.matchAll(/^```toml\n(.*?)^```/gms)].map(([, toml = ""]) => toml);
    assert.notEqual(found.length, 0);
    for (const toml of found) {
      const whole = /^\[node\]$/m.test(toml) ? toml : `[node]\n${toml}`;
      assert.deepEqual(await check(t, whole), { code: 0, stderr: "" }, whole);
    }
  });
}

test("config check names all mistakes of a file at once", async (t) => {
  const { code, stderr } = await check(t, "[client]\nhops = 9\nhopz = 1\n[node]\nrelay = 'yes'\n");
  assert.equal(code, 78, stderr);
  for (const told of [/client\.hopz/, /client\.hops in/, /node\.relay in/]) assert.match(stderr, told);
  const policy = await check(t, "[client]\nselect = 'contry=us'\n[node]\npolicy = ['reject mial']\n");
  for (const told of [/did you mean country/, /"mial" is no set/]) assert.match(policy.stderr, told);
});

test("mistakes of form hide no others, nor the first rule, table or column that is wrong the next", async (t) => {
  const text = `[client]
hops = 9
listen = "0.0.0.0:1080"
select = "contry=us"
weights = [0, 0, 0, 0]
[[client.limits]]
user = "anne"
[node]
hours = ["9-17", "8-8"]
metrics = "0.0.0.0:9464"
policy = ["reject mial", "accept *:443", "acept *:80"]
bind-egress = ["192.0.2.1", "192.0.2.2"]
[[node.blocklists]]
from = "a.txt"
refresh-hours = 0
[[node.blocklists]]
name = "b"
url = "b.txt"
`;
  const { code, stderr } = await check(t, text);
  assert.equal(code, 78, stderr);
  for (const told of [
    /line 2: client\.hops in/,
    /line 3: anybody who reaches 0\.0\.0\.0:1080/,
    /line 4: .*did you mean country/,
    /must not all be 0/,
    /no listener has a user called "anne"/,
    /not "9-17"/,
    /not "8-8"/,
    /node\.metrics: 0\.0\.0\.0:9464/,
    /line 11: rule 1 of the policy/,
    /rule 3 of the policy/,
    /192\.0\.2\.2 is a second address/,
    /no known key node\.blocklists\.from; the nearest is node\.blocklists\.source/,
    /line 13: name in table 1 of node\.blocklists/,
    /refresh-hours in table 1/,
    /no known key node\.blocklists\.url; the nearest is node\.blocklists\.source/,
  ])
    assert.match(stderr, told);
  assert.doesNotMatch(stderr, /source in table/, "the key is there by another name");
  const follows = await check(t, "[client]\nusers = [1]\n[[client.limits]]\nuser = 'anne'\nopen-streams = 1\n");
  assert.match(follows.stderr, /client\.users in/);
  assert.doesNotMatch(follows.stderr, /anne/, "what follows of another mistake is none");
});
