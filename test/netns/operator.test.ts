import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { NodeStatus } from "../../src/operation/node-status.ts";
import { runByway, startByway, temporaryDirectory } from "../support/run-byway.ts";
import { NODE_ADDRESS, noNamespaces, TARGET_ADDRESS, twoNamespaces } from "../support/two-namespaces.ts";

const skip = noNamespaces() ?? false;
const run = promisify(execFile);
const TARGET = fileURLToPath(new URL("../support/public-target.ts", import.meta.url));
const MBIT = 1_000_000;

/** What an operator writes, in the words of docs/operators.md. */
const CONFIGURATION = `
[node]
listen = "${NODE_ADDRESS}:4433"
exit = true
contact = "abuse@example.org"
dns-servers = ["${TARGET_ADDRESS}"]
unlisted = true
policy = ["reject mail", "reject p2p", "accept web-only"]
up-mbps = 20
down-mbps = 20
monthly-gb = 200
log = "required"

[[node.blocklists]]
name = "public"
source = "http://${TARGET_ADDRESS}/drop.txt"
`;

interface Operated {
  /** Runs `byway` as the operator, with the node's configuration and data. */
  readonly byway: (...args: readonly string[]) => ReturnType<typeof runByway>;
  /** Asks through a client for a URL: status and body, with an X before the status. */
  readonly curl: (url: string) => Promise<string>;
  readonly status: () => Promise<NodeStatus>;
}

/** A node as configured, a client beside it, and a web site on the other side of the line. */
async function operate(t: TestContext): Promise<Operated> {
  const { atNode, atTarget } = twoNamespaces(t);
  const [enter = "", ...entering] = atTarget;
  const target = spawn(enter, [...entering, process.execPath, TARGET, TARGET_ADDRESS], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => target.kill("SIGKILL"));
  await once(target.stdout, "data");

  const directory = temporaryDirectory(t);
  const configuration = join(directory, "byway.toml");
  const advertisement = join(directory, "advertisement");
  writeFileSync(configuration, CONFIGURATION);
  const own = ["--config", configuration, "--data", join(directory, "data")];
  const options = { within: atNode };
  const node = startByway(t, ["node", "--json", ...own, "--advertisement-file", advertisement], options);
  await node.firstLine;
  const up = ["up", "--json", "--listen", "127.0.0.1:0", "--peers", advertisement];
  const { address } = JSON.parse(await startByway(t, up, options).firstLine) as { readonly address: string };

  const byway = (...args: readonly string[]): ReturnType<typeof runByway> => runByway(t, [...args, ...own], options);
  return {
    byway,
    async curl(url) {
      const [program = "", ...rest] = [...atNode, "curl", "-q", "-sS", "-m", "30", "-w", "X%{http_code}", "-x"];
      const { stdout } = await run(program, [...rest, `http://${address}`, url], { maxBuffer: 64 * 1024 * 1024 });
      return stdout;
    },
    async status() {
      const { stdout, stderr } = await byway("node", "status", "--json");
      assert.notEqual(stdout, "", stderr);
      return JSON.parse(stdout) as NodeStatus;
    },
  };
}

test("one file sets policy, blocklist, speed and volume; curl meets each, and the log tells it", {
  skip,
}, async (t) => {
  const { byway, curl, status } = await operate(t);

  assert.equal(await curl("http://good.example/secret-path?secret=1"), "hello\nX200");

  const refused = await curl("http://good.example:8080/");
  assert.match(refused, /X403$/);
  assert.match(refused, /ERR_POLICY_PORT/);
  const tested = await byway("policy", "test", "good.example:8080");
  assert.equal(tested.code, 77);
  assert.match(tested.stdout, /no rule/);

  assert.match(await curl("http://listed.example/"), /ERR_POLICY_LISTED[\s\S]*X403$/);
  assert.match((await byway("policy", "test", "listed.example:80")).stdout, /public/);

  const bytes = 5_000_000;
  const startMs = performance.now();
  assert.equal((await curl(`http://bulk.example/bytes/${bytes}`)).length, bytes + "X200".length);
  const seconds = (performance.now() - startMs) / 1_000;
  assert.ok(seconds >= (0.95 * bytes * 8) / (20 * MBIT), `${bytes} bytes came in ${seconds} s`);

  // Bytes are counted once a second.
  let seen = await status();
  while (seen.traffic.month.sent < bytes) seen = await status();
  assert.equal(seen.serving.state, "serving");
  assert.equal(seen.traffic.monthlyCapBytes, 200e9);
  assert.ok(seen.traffic.month.received > bytes);
  assert.ok(seen.bytesPerSecond === (20 * MBIT) / 8);
  assert.deepEqual(
    seen.blocklists.map(({ name, state, entries }) => [name, state, entries]),
    [["public", "loaded", 2]],
  );
  const counts = new Map(seen.refusals.map(({ by, count }) => [by, count]));
  // Port 8080 was not even asked for: the exit's advertisement says that it is closed.
  assert.ok((counts.get("list public") ?? 0) >= 1, JSON.stringify(seen.refusals));

  const verified = await byway("log", "verify");
  assert.equal(verified.code, 0, verified.stderr);
  const exported = (await byway("log", "export", "--from", "1h")).stdout;
  assert.match(exported, /good\.example/);
  assert.match(exported, new RegExp(TARGET_ADDRESS.replaceAll(".", "\\.")));
  assert.doesNotMatch(exported, /secret/);
  assert.match(
    (await byway("node", "report", "--from", "1h", "--target", "good.example:80")).stdout,
    /abuse@example\.org/,
  );
});

test("an operator pauses a node, over a restart's length, and lets it go on", { skip }, async (t) => {
  const { byway, curl, status } = await operate(t);
  assert.match(await curl("http://good.example/"), /X200$/);
  assert.equal((await byway("node", "pause")).code, 0);
  assert.equal((await status()).serving.state, "paused");
  assert.match(await curl("http://good.example/"), /ERR_NODE_CLOSED[\s\S]*X503$/);
  assert.equal((await byway("node", "resume")).code, 0);
  assert.match(await curl("http://good.example/"), /X200$/);
});
