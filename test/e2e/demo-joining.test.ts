import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runByway, startByway, temporaryDirectory } from "../support/run-byway.ts";
import { curl, withoutPrograms } from "../support/run-program.ts";

const skip =
  withoutPrograms("curl") || (existsSync("/proc/self/fd") ? false : "this system has no loopback but 127.0.0.1");

/** A line that the demo prints, as the words of a shell. */
function words(printed: string, pattern: RegExp): readonly string[] {
  const line = pattern.exec(printed)?.[1] ?? assert.fail(`no ${pattern} in ${printed}`);
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

test("what the demo prints for joining makes a node through which the line after it leaves", {
  skip,
  timeout: 60_000,
}, async (t) => {
  const networkFile = join(temporaryDirectory(t), "a demo.toml");
  const demo = startByway(t, ["demo", "--nodes", "3", "--listen", "127.0.0.1:0", "--network-file", networkFile], {
    environment: { npm_command: "exec" },
  });
  const printed = await demo.outputUntil(/joins with the first line[\s\S]*\n {2}curl .*\n/);
  const joined = startByway(t, [...words(printed, /^ {2}npx byway (node .*)$/m), "--json"]);
  const { peerId } = JSON.parse(await joined.firstLine) as { readonly peerId: string };
  const line = words(printed.slice(printed.indexOf("joins with")), /^ {2}curl (.*)$/m);
  const seen = async (): Promise<string> => {
    t.signal.throwIfAborted();
    return (await curl([...line])).stdout;
  };
  // It serves before the demo's client has heard of it.
  let answer = await seen();
  while (!answer.startsWith("{\n")) answer = await seen();
  assert.equal((JSON.parse(answer) as { readonly sourceAddress: string }).sourceAddress, "127.99.0.1");

  // No option names the network, whose name is not the usual one.
  const data = words(printed, /^ {2}npx byway (peers .*)$/m).at(-1) ?? "";
  const listed = await runByway(t, ["peers", "--json", "--data", data]);
  const { network, peers } = JSON.parse(listed.stdout) as {
    readonly network: string;
    readonly peers: readonly {
      readonly peer: string;
      readonly known: { readonly place: { readonly country: string } };
    }[];
  };
  assert.equal(network, "demo");
  assert.equal(peers.find(({ peer }) => peer === peerId)?.known.place.country, "se");
  const stats = await runByway(t, ["network", "stats", "--data", data]);
  assert.match(stats.stdout, /^network +demo$/m);
  assert.match(stats.stderr, /^This is the network demo, which ran here last; the settings name byway\.$/m);
});
