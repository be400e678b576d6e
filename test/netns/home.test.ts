import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { NodeStatus } from "../../src/operation/node-status.ts";
import {
  CAMERA,
  FORWARDED,
  HOME,
  type HomeNetwork,
  homeNetwork,
  INTERNET,
  INTERNET_V6,
  NAT64,
  WAN,
} from "../support/home-network.ts";
import { runByway, startByway, temporaryDirectory } from "../support/run-byway.ts";
import { noNamespaces } from "../support/two-namespaces.ts";

const skip = noNamespaces() ?? false;
const run = promisify(execFile);
const support = (name: string): string => fileURLToPath(new URL(`../support/${name}`, import.meta.url));

/** Far more than it takes to join through two peers, and less than a web server waits for a request. */
const LEARNING_MS = 50_000;

/** What a place said so far, and its first line. */
interface Place {
  readonly ready: unknown;
  readonly reached: readonly string[];
  /** Has it go on where it waits to be told. */
  readonly goOn: () => void;
}

async function startPlace(t: TestContext, within: readonly string[], name: string): Promise<Place> {
  const [program = "", ...rest] = [...within, process.execPath, support("home-place.ts"), name];
  const child = spawn(program, rest, { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const reached: string[] = [];
  const ready = await new Promise<unknown>((resolve, reject) => {
    child.once("exit", () => reject(new Error(`${name} ended`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const said = JSON.parse(line) as { readonly ready?: unknown; readonly reached?: string };
      if (said.reached === undefined) resolve(said.ready);
      else reached.push(said.reached);
    });
  });
  return { ready, reached, goOn: () => void child.stdin.write("\n") };
}

interface Exit {
  readonly network: HomeNetwork;
  readonly router: Place;
  readonly internet: Place;
  /** `--config` and `--data` of the exit. */
  readonly own: readonly string[];
  readonly advertisement: string;
  /** Asks over a link: outcomes in the order of `asks`. */
  readonly ask: (...asks: readonly string[]) => Promise<readonly string[]>;
  /** The same, and leaves what was accepted open: `ended` settles when the exit has ended all of it. */
  readonly hold: (
    ...asks: readonly string[]
  ) => Promise<{ readonly outcomes: readonly string[]; readonly ended: Promise<unknown> }>;
}

/** An exit at home, which the router forwards a port to. */
async function startExit(t: TestContext, advertise: string, more: (internet: Place) => string): Promise<Exit> {
  const network = homeNetwork(t);
  const { atHome, atRouter, atInternet } = network;
  const router = await startPlace(t, atRouter, "router");
  const internet = await startPlace(t, atInternet, "internet");
  const directory = temporaryDirectory(t);
  const configuration = join(directory, "byway.toml");
  const advertisement = join(directory, "advertisement");
  writeFileSync(
    configuration,
    `${more(internet)}
[node]
listen = "${HOME}:4433"
advertise = "${advertise}:4433"
exit = true
relay = true
contact = "abuse@example.org"
dns-servers = ["${INTERNET}"]
policy = ["reject mail", "accept *:*"]
unlisted = ${advertise === WAN}
`,
  );
  const own = ["--config", configuration, "--data", join(directory, "data")];
  const flags = ["--json", "--advertisement-file", advertisement];
  const workers = advertise === WAN ? [] : ["--workers", "2"];
  const node = startByway(t, ["node", ...own, ...flags, ...workers], { within: atHome });
  const { peerId } = JSON.parse(await node.firstLine) as { readonly peerId: string };
  const asking = [...atInternet, process.execPath, support("ask-exit.ts"), `${advertise}:4433`, peerId];
  return {
    ...{ network, router, internet, own, advertisement },
    async hold(...asks) {
      const [program = "", ...rest] = [...asking, ...asks, "--hold"];
      const child = spawn(program, rest, { stdio: ["ignore", "pipe", "inherit"] });
      t.after(() => child.kill("SIGKILL"));
      const ended = once(child, "exit", { signal: AbortSignal.timeout(LEARNING_MS) });
      ended.catch(() => {});
      const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
      return { outcomes: JSON.parse(line) as readonly string[], ended };
    },
    async ask(...asks) {
      const [program = "", ...rest] = [...asking, ...asks];
      return JSON.parse((await run(program, rest)).stdout) as readonly string[];
    },
  };
}

const CLOSED = "ERR_TARGET_PROHIBITED";

test("an exit behind a router opens neither the router nor the home, whichever way it is asked", {
  skip,
}, async (t) => {
  const { network, router, internet, own, advertisement, ask } = await startExit(t, WAN, () => "");
  const { atHome, atInternet } = network;
  const curlAt = async (within: readonly string[], ...args: readonly string[]): Promise<string> => {
    const [program = "", ...rest] = [...within, "curl", "-q", "-sS", "-m", "30", "-w", "X%{http_code}", ...args];
    return (await run(program, rest)).stdout;
  };
  // The home itself sees what it must not show.
  assert.equal(await curlAt(atHome, `http://${WAN}/`), "router\nX200");
  assert.equal(await curlAt(atHome, `http://[${CAMERA}]/`), "camera\nX200");
  assert.deepEqual(router.reached, ["router", "camera"]);

  const open = [`tcp=${INTERNET}:80`, "tcp=good.example:80", `tcp=[${INTERNET_V6}]:80`, `udp=${INTERNET}:5353`];
  assert.deepEqual(
    await ask(...open),
    open.map(() => "accepted"),
  );
  assert.deepEqual(await ask(`tcp=[${NAT64}${INTERNET}]:80`), ["accepted"]);
  const closed = [
    ...[`${WAN}:80`, `${WAN}:443`, `${WAN}:4433`, "0x2d010001:80", `[64:ff9b::${WAN}]:80`, "router.example:80"],
    ...[`[${NAT64}192.168.1.1]:80`, `[${NAT64}${WAN}]:80`, "rebound.example:80", "translated-router.example:80"],
    ...[`[${CAMERA}]:80`, "camera.example:80", "[2a00:45:1:33ff::1]:80", "192.168.1.1:80"],
  ];
  const asked = closed.flatMap((target) => [`tcp=${target}`, `udp=${target.replace(/:80$/, ":5353")}`]);
  assert.deepEqual(
    await ask(...asked),
    asked.map(() => CLOSED),
  );
  const hops = [`${WAN}:80`, `${WAN}:8443`, `[${CAMERA}]:80`, `[${NAT64}${WAN}]:80`, `[${NAT64}192.168.1.1]:80`];
  for (const outcome of await ask(...hops.map((hop) => `hop=${hop}`))) assert.notEqual(outcome, "accepted");

  const up = ["up", "--json", "--listen", "127.0.0.1:0", "--peers", advertisement];
  const client = startByway(t, up, { within: atInternet });
  const { address } = JSON.parse(await client.firstLine) as { readonly address: string };
  const curl = (...args: readonly string[]): Promise<string> => curlAt(atInternet, ...args);
  const proxy = ["-x", `http://${address}`];
  assert.equal(await curl(...proxy, "http://good.example/"), "site\nX200");
  assert.match(await curl(...proxy, `http://${WAN}/`), /ERR_TARGET_PROHIBITED[\s\S]*X403$/);
  assert.match(await curl(...proxy, "http://router.example/"), /ERR_TARGET_PROHIBITED[\s\S]*X403$/);
  assert.match(await curl(...proxy, "-L", "http://good.example/to-router"), /ERR_TARGET_PROHIBITED[\s\S]*X403$/);
  await assert.rejects(curl(...proxy, "-p", `http://${WAN}/`), /403/);
  await assert.rejects(curl("--socks5-hostname", address, "http://router.example/"));
  await assert.rejects(curl("--socks5", address, `http://${WAN}/`));

  for (const [target, code] of [
    [`${WAN}:80`, 77],
    ["translated-router.example:80", 77],
    ["rebound.example:80", 77],
    [`[${CAMERA}]:80`, 77],
    ["good.example:80", 0],
  ] as const) {
    const tested = await runByway(t, ["policy", "test", target, ...own], { within: atHome });
    assert.equal(tested.code, code, `${target}: ${tested.stdout}${tested.stderr}`);
  }
  assert.deepEqual(router.reached, ["router", "camera"]);
  assert.deepEqual(internet.reached, []);
});

test("an exit in worker processes learns from its peers where the router is, and closes that", { skip }, async (t) => {
  const bootstrap = (internet: Place): string => `bootstrap = ${JSON.stringify(internet.ready)}`;
  const { network, router, internet, own, ask, hold } = await startExit(t, FORWARDED, bootstrap);
  // Nobody has told it yet. What is opened now ends when it learns.
  const held = await hold(`tcp=${WAN}:80`, `udp=${WAN}:5353`);
  assert.deepEqual(held.outcomes, ["accepted", "accepted"]);
  internet.goOn();
  const byway = (...args: readonly string[]): ReturnType<typeof runByway> =>
    runByway(t, [...args, ...own], { within: network.atHome });
  let seen: readonly string[] = [];
  const untilMs = performance.now() + LEARNING_MS;
  while (seen.length === 0) {
    assert.ok(performance.now() < untilMs, "the node did not learn where its peers see it");
    const { stdout, stderr } = await byway("node", "status", "--json");
    assert.notEqual(stdout, "", stderr);
    seen = (JSON.parse(stdout) as NodeStatus).seenAddresses;
  }
  assert.deepEqual(seen, [WAN]);
  await held.ended;
  // Two links go to both workers.
  for (const _ of [1, 2]) {
    assert.deepEqual(await ask(`tcp=${WAN}:80`, `udp=${WAN}:5353`, `tcp=${INTERNET}:80`), [CLOSED, CLOSED, "accepted"]);
  }
  assert.equal((await byway("policy", "test", `${WAN}:80`)).code, 77);
  assert.equal((await byway("policy", "test", `${INTERNET}:80`)).code, 0);
  assert.deepEqual(router.reached, ["router"]);
});
