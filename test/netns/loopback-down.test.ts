import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { type TestContext, test } from "node:test";
import { inTime } from "../support/in-time.ts";
import { runByway, startByway } from "../support/run-byway.ts";
import { noNamespaces } from "../support/two-namespaces.ts";

const skip = noNamespaces() ?? false;

/** A namespace as the kernel makes it: its loopback interface is down. */
function downNamespace(t: TestContext): readonly string[] {
  const name = `byway-${process.pid}-down`;
  execFileSync("ip", ["netns", "add", name]);
  t.after(() => execFileSync("ip", ["netns", "delete", name]));
  return ["ip", "netns", "exec", name];
}

test("while the loopback interface is down, the demo ends and the client warns, with the remedy", {
  skip,
}, async (t) => {
  const within = downNamespace(t);
  const demo = await inTime(runByway(t, ["demo", "--nodes", "3"], { within }), "the end of the demo", 20_000);
  assert.deepEqual([demo.code, demo.stdout], [69, ""]);
  assert.match(
    demo.stderr,
    /^byway: this machine cannot connect to itself at 127\.0\.0\.1 \(\w+\) \(ERR_LOOPBACK\)\n {2}.*ip link set lo up/,
  );

  const up = startByway(t, ["up"], { within });
  await inTime(up.firstLine, "the client's first line", 20_000);
  up.child.kill("SIGTERM");
  const { stderr } = await inTime(up.finished, "the end of the client", 20_000);
  assert.match(stderr, /"code":"ERR_LOOPBACK".*ip link set lo up.*programs on this machine cannot reach the proxy/);
});
