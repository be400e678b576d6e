import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
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
  ["an unknown parameter", "[client]\nselect = 'contry=us'", /client\.select: the parameter "contry" is unknown/],
  ["a contradiction", "[client]\nselect = 'preset=private, hops=1'", /needs two hops/],
  ["weights of nothing", "[client]\nweights = [0, 0, 0, 0]", /must not all be 0/],
  ["an address twice", "[[client.listeners]]\nlisten = '127.0.0.1:1080'", /127\.0\.0\.1:1080 is listened at twice/],
  ["a limit of nobody", `[client]\nusers = ['ann:x']\n${LIMIT}`, /no listener has a user called "anne"/],
] as const) {
  test(`config check finds what up would refuse: ${name}`, async (t) => {
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
