import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runByway, startByway, temporaryDirectory } from "../../../test/support/run-byway.ts";

const ADDRESS = "/ip4/9.9.9.9/tcp/4433/p2p/12D3KooWHsPeiUTcumnsSBbUSgKXFqjahhGuJVguAswY3JWPPvR2";

test("a network file is checked, kept and shown, and what is known of it is nothing yet", async (t) => {
  const data = temporaryDirectory(t);
  const file = join(data, "ours.toml");
  const use = (): ReturnType<typeof runByway> => runByway(t, ["--json", "network", "use", file, "--data", data]);
  writeFileSync(file, `name = "ours"\nprotocol = 2\nbootstrap = ["${ADDRESS}"]\n`);
  assert.match((await use()).stderr, /must have protocol = 1/);
  writeFileSync(file, `name = "ours"\nprotocol = 1\nbootstrap = ["${ADDRESS}"]\n`);
  assert.equal((await use()).code, 0);
  const shown = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { stdout, stderr, code } = await runByway(t, ["--json", ...args, "--data", data]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^[^\n]+\n$/);
    assert.equal(stderr, "");
    return JSON.parse(stdout);
  };
  const path = join(data, "network.toml");
  const network = { name: "ours", bootstrap: [ADDRESS], localNetwork: false, trustAnchors: [], path };
  assert.deepEqual(await shown("network", "show"), network);
  assert.deepEqual(await shown("peers"), { network: "ours", known: 0, peers: [] });
  const { network: name, peers, completeness, state } = await shown("network", "stats");
  assert.deepEqual({ name, peers, completeness, state }, { name: "ours", peers: 0, completeness: null, state: null });
});

test("an unlisted node says so when nobody could be told where it is", async (t) => {
  const data = temporaryDirectory(t);
  const args = ["node", "--listen", "127.0.0.1:0", "--local-network", "--unlisted", "--data", data];
  const warnings = async (...more: string[]): Promise<string> => {
    const { child, finished, firstLine } = startByway(t, [...args, ...more]);
    await firstLine;
    child.kill("SIGTERM");
    return (await finished).stderr;
  };
  assert.match(await warnings(), /nobody can find this node.*--advertisement-file/);
  assert.equal(await warnings("--advertisement-file", join(data, "advertisement")), "");
});
