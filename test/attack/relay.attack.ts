import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { RELAY_LIMITS } from "../../src/relay/limits.ts";
import { startByway, temporaryDirectory } from "../support/run-byway.ts";
import { NODE_ADDRESS, noNamespaces, TARGET_ADDRESS, twoNamespaces } from "../support/two-namespaces.ts";

const skip = noNamespaces() ?? false;
const run = promisify(execFile);
const ATTACKER = fileURLToPath(new URL("relay-attacker.ts", import.meta.url));

/** Two relays, one at each end of a line, and what an attacker beside the second one finds out in a mode. */
async function attack(t: TestContext, mode: string): Promise<unknown> {
  const { atNode, atTarget, nodeLine } = twoNamespaces(t);
  const within = (namespace: readonly string[], ...command: readonly string[]): void => {
    const [enter = "", ...entering] = namespace;
    execFileSync(enter, [...entering, ...command]);
  };
  // All of a network is at the far end, so that there is something to scan.
  within(atNode, "ip", "route", "add", "51.20.0.0/16", "dev", nodeLine);
  within(atTarget, "ip", "route", "add", "local", "51.20.0.0/16", "dev", "lo");
  const directory = temporaryDirectory(t);
  const shown: string[] = [];
  for (const [host, namespace] of [
    [NODE_ADDRESS, atNode],
    [TARGET_ADDRESS, atTarget],
  ] as const) {
    const file = join(directory, host);
    const settings = ["--relay", "--unlisted", "--contact", "abuse@example.org", "--advertisement-file", file];
    const listen = ["--listen", `${host}:4433`, "--data", join(directory, `data-${host}`)];
    await startByway(t, ["node", "--json", ...settings, ...listen], { within: namespace }).firstLine;
    shown.push(readFileSync(file, "utf8").trim());
  }
  const [enter = "", ...entering] = atTarget;
  const { stdout } = await run(enter, [...entering, process.execPath, ATTACKER, mode, ...shown]);
  return JSON.parse(stdout);
}

test("a scanner is told nothing, and takes the same time whatever is there", { skip }, async (t) => {
  const answers = (await attack(t, "scan")) as readonly { said: string; ms: number }[];
  assert.equal(answers.length, 5);
  for (const { said, ms } of answers) {
    assert.equal(said, 'ERR_HOP_UNREACHABLE the relay says: "the next hop did not prove itself"');
    assert.ok(ms >= RELAY_LIMITS.unknownProofMs.value - 5, `${ms} ms`);
  }
});

test("a flood of strange hops becomes a few connections, however many links ask", { skip }, async (t) => {
  const [ofOne = 0, ofAll = 0] = (await attack(t, "flood")) as readonly number[];
  t.diagnostic(`${ofOne} connections for 200 requests of one link, ${ofAll} for 2,200 of eleven`);
  assert.ok(ofOne <= RELAY_LIMITS.unprovenBurstOfLink.value);
  const minutes = 5;
  const { unprovenBurstOfNetwork, unprovenPerMinuteOfNetwork } = RELAY_LIMITS;
  assert.ok(ofAll <= unprovenBurstOfNetwork.value + minutes * unprovenPerMinuteOfNetwork.value);
});

test("260 requests that are reset at once shut no honest client out", { skip }, async (t) => {
  assert.equal(await attack(t, "starve"), "carried");
});

test("links nested over two relays come to an end", { skip }, async (t) => {
  const { depth } = (await attack(t, "nest")) as { readonly depth: number };
  t.diagnostic(`nested ${depth} deep`);
  // Each of the two carries `returning` streams back, beside those of the first round.
  assert.ok(depth <= 2 * RELAY_LIMITS.returning.value + 2, `nested ${depth} deep`);
});
