import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fixtureCsv } from "../../src/geo/fixture-geo.ts";
import type { NodeStatus } from "../../src/operation/node-status.ts";
import { parseAuthority } from "../../src/wire/authority.ts";
import { type RunResult, runByway, startByway, temporaryDirectory } from "../support/run-byway.ts";

/** A node of a process of its own, and what is asked of it by command. */
async function startNode(t: TestContext, ...more: readonly string[]) {
  const data = join(temporaryDirectory(t), "data");
  const args = ["node", "--json", "--local-network", "--data", data, "--listen", "127.0.0.1:0", ...more];
  const { finished, firstLine } = startByway(t, args);
  const ready = JSON.parse(await firstLine) as { address: string; peerId: string; metrics?: string };
  const ask = (...words: readonly string[]): Promise<RunResult> => runByway(t, ["node", ...words, "--data", data]);
  return { data, ready, finished, ask };
}

async function statusOf(node: { ask(...words: readonly string[]): Promise<RunResult> }): Promise<NodeStatus> {
  return JSON.parse((await node.ask("status", "--json")).stdout) as NodeStatus;
}

test("an operator asks a node, pauses it, lets it go on, and drains it", async (t) => {
  const node = await startNode(t, "--exit", "--contact", "abuse@example.org", "--metrics", "127.0.0.1:0");
  const { ready } = node;

  const asked = await node.ask("status");
  assert.equal(asked.code, 0);
  assert.match(asked.stdout, /^[^\n]*the node connects to targets[^\n]*\n\n/);
  assert.match(asked.stdout, new RegExp(`^node +${ready.peerId}$`, "m"));
  assert.match(asked.stdout, /^contact +abuse@example\.org$/m);
  const status = await statusOf(node);
  assert.equal(status.address, ready.address);
  assert.deepEqual(status.roles, ["exit"]);

  // Switches of the command line are in no file; the node tells them.
  const report = (await node.ask("report")).stdout;
  assert.match(report, /^Roles of the node that runs: exit\.$/m);
  assert.match(report, /^ {2}accept tor-reduced-exit$[\s\S]*abuse@example\.org/m);

  const figures = `http://${ready.metrics}`;
  assert.equal((await fetch(`${figures}/readyz`)).status, 200);
  assert.match(await (await fetch(`${figures}/metrics`)).text(), /^byway_node_serving_state\{state="serving"\} 1$/m);

  const paused = await node.ask("pause");
  assert.deepEqual([paused.code, paused.stdout], [0, "The node takes nothing new: it is paused.\n"]);
  const whilePaused = await node.ask("status");
  assert.equal(whilePaused.code, 75);
  assert.match(whilePaused.stdout, /WARN_PAUSED/);
  assert.equal(whilePaused.stderr, "");
  assert.equal((await fetch(`${figures}/readyz`)).status, 503);
  assert.equal((await node.ask("resume")).code, 0);
  assert.equal((await node.ask("status")).code, 0);

  const reloaded = await node.ask("reload", "--json");
  assert.deepEqual([reloaded.code, reloaded.stdout], [0, '{"blocklists":[]}\n']);

  const drained = await node.ask("drain");
  assert.deepEqual([drained.code, drained.stdout, drained.stderr], [0, "The node has stopped.\n", ""]);
  assert.equal((await node.finished).code, 0);
  const gone = await node.ask("status");
  assert.equal(gone.code, 69);
  assert.match(gone.stderr, /no byway node runs with the data directory \S+ \(ERR_CONTROL\)/);
  await assert.rejects(once(connect(parseAuthority(ready.address)), "connect"), { code: "ECONNREFUSED" });
});

test("a node that claims to be elsewhere is told so on standard error and in its status, also while it is unlisted", async (t) => {
  const geo = join(temporaryDirectory(t), "places.csv");
  writeFileSync(geo, fixtureCsv());
  const claims = ["--country", "se", "--advertise", "127.10.0.1:4433", "--geo-data", geo];
  const node = await startNode(t, "--unlisted", "--advertisement-file", `${geo}.advertisement`, ...claims);
  const { contradicted } = await statusOf(node);
  assert.deepEqual(contradicted, [{ claim: "country", claimed: "se", found: "de" }]);
  assert.match((await node.ask("status")).stdout, /^Warning WARN_PLACE_CONTRADICTED: [\s\S]*country de, not se/m);
  await node.ask("drain");
  assert.match((await node.finished).stderr, /address data contradicts what this node claims/);
});

test("an exit without one of its lists is closed and says so, until the list is there", async (t) => {
  const directory = temporaryDirectory(t);
  const [config, list] = [join(directory, "byway.toml"), join(directory, "list.txt")];
  writeFileSync(config, `[[node.blocklists]]\nname = "mine"\nsource = "${list}"\n`);
  const node = await startNode(t, "--exit", "--contact", "me", "--config", config);
  assert.equal((await node.ask("status")).code, 75);
  const closed = await statusOf(node);
  assert.deepEqual(closed.serving, { state: "closed", reason: "the blocklist mine was never loaded" });
  assert.equal(closed.load, 1);
  writeFileSync(list, "bad.example\n");
  assert.equal((await node.ask("reload")).code, 0);
  const open = await statusOf(node);
  assert.deepEqual([open.serving, open.load], [{ state: "serving" }, 0]);
});

test("a second node with the same data directory is refused, and the first goes on", async (t) => {
  const node = await startNode(t);
  const second = await node.ask("--listen", "127.0.0.1:0");
  assert.equal(second.code, 69);
  assert.match(second.stderr, /another byway node runs with the data directory \S+ \(ERR_CONTROL\)/);
  assert.deepEqual((await statusOf(node)).roles, ["bootstrap"]);
});

test("a node and a client run with one data directory", async (t) => {
  const node = await startNode(t);
  const { firstLine } = startByway(t, ["up", "--json", "--data", node.data, "--listen", "127.0.0.1:0"]);
  await firstLine;
  assert.ok(existsSync(join(node.data, "control.sock")) && existsSync(join(node.data, "node.sock")));
  assert.equal((await node.ask("status")).code, 0);
  assert.equal((await runByway(t, ["requests", "--data", node.data])).code, 0);
});

test("figures for others than this machine are refused", async (t) => {
  const data = join(temporaryDirectory(t), "data");
  const args = ["node", "--data", data, "--listen", "127.0.0.1:0", "--local-network", "--metrics", "0.0.0.0:0"];
  const { code, stderr } = await runByway(t, args);
  assert.equal(code, 78);
  assert.match(stderr, /ERR_CONFIG_EXPOSED/);
  assert.ok(!existsSync(join(data, "node.sock")));
});
