import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { LAUNCHER, runByway, startByway, temporaryDirectory } from "../../test/support/run-byway.ts";
import { parsePeerId } from "../identity/peer-id.ts";

async function occupy(context: TestContext, host: string, port = 0): Promise<string> {
  const server: Server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  context.after(() => server.close());
  return `${host}:${(server.address() as AddressInfo).port}`;
}

function write(context: TestContext, name: string, text: string): string {
  const path = join(temporaryDirectory(context), name);
  writeFileSync(path, text);
  return path;
}

test("--version and --help are results", async (t) => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  assert.deepEqual(await runByway(t, ["--version"]), { code: 0, signal: null, stdout: `${version}\n`, stderr: "" });
  const help = await runByway(t, ["node", "--help"]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /--allow-target <host:port>/);
  assert.match(help.stdout, /--json/);
  assert.equal(help.stderr, "");
});

for (const [args, code, message] of [
  [["--verison"], 64, /unknown option '--verison'.*--version/],
  [["up", "--listn", "x"], 64, /unknown option '--listn'.*--listen/],
  [["upp"], 64, /unknown command 'upp'.*up/],
  [["config", "shwo"], 64, /unknown command 'shwo'.*show/],
  [["up", "too-much"], 64, /too many arguments/],
  [[], 64, /no command was named/],
  [["up", "--hops", "9"], 64, /--hops must be a whole number from 1 to 5/],
  [["up", "--listen", "1080"], 64, /--listen must be an IP address and port/],
  [["up", "--log-level", "loud"], 64, /--log-level must be one of debug/],
  [["node"], 64, /--listen ip:port/],
  [["node", "--listen", "127.0.0.1:0", "--advertise", "8.8.4.4:0"], 64, /--advertise must be .* port from 1 to 65535/],
  [["node", "--listen", "127.0.0.1:0", "--log", "loud"], 64, /--log must be one of required, best-effort, off/],
  [["demo", "--nodes", "2"], 64, /--nodes must be a whole number from 3 to 100/],
  [["demo", "--log-level", "loud"], 64, /--log-level must be one of debug/],
  [["demo", "--once", "--network-file", "x"], 64, /--network-file and --once cannot be combined/],
  [["up", "--bootstrap", "/ip4/9.9.9.9/tcp/1"], 64, /--bootstrap must be an address such as/],
  [["up", "--network-file", "/does/not/exist"], 78, /ERR_NETWORK_FILE/],
  [["network", "use", "/does/not/exist"], 78, /cannot be read \(ENOENT\).*ERR_NETWORK_FILE/],
  [["peers", "--country", "germany"], 64, /country codes of two letters/],
  [["peers", "--city", "Recife,,Pune"], 64, /names of at most 64 bytes/],
  [["peers", "show", "abcdef"], 69, /ERR_PEER_UNKNOWN/],
  [["up", "--listen", "0.0.0.0:0"], 78, /ERR_CONFIG_EXPOSED/],
  [["up", "--config", "/does/not/exist.toml"], 78, /exist\.toml cannot be read \(ENOENT\)/],
  [["up", "--data", "/dev/null/x"], 77, /\/dev\/null\/x cannot be used \(ENOTDIR\)/],
  [["node", "--listen", "127.0.0.1:0", "--data", "/dev/null/x"], 77, /ERR_DATA_DIRECTORY/],
  [["up", "--listen", "127.0.0.1:0", "--peers", "/does/not/exist"], 69, /ERR_PEER_FILE/],
] as const) {
  test(`byway ${args.join(" ")} ends with ${code}`, async (t) => {
    const result = await runByway(t, args);
    assert.match(result.stderr, message);
    assert.match(result.stderr, /\n {2}[A-Z].*\.\n$/, "the remedy is missing");
    assert.equal(result.stdout, "");
    assert.equal(result.code, code);
  });
}

for (const [text, message] of [
  ["client = [\n", /byway\.toml:\d+:\d+ is not TOML/],
  ["[client]\nlistn = '127.0.0.1:1'\n", /no known key client\.listn; the nearest is client\.listen/],
  ["[client]\nhops = 'three'\n", /client\.hops in .*byway\.toml must be a whole number/],
] as const) {
  test(`a configuration file with ${JSON.stringify(text)} ends with 78`, async (t) => {
    const result = await runByway(t, ["config", "check", "--config", write(t, "byway.toml", text)]);
    assert.match(result.stderr, message);
    assert.equal(result.code, 78);
  });
}

test("a configuration file in another encoding ends with 78 and says which one to use", async (t) => {
  const path = write(t, "byway.toml", "");
  // UTF-16, as some editors and shells of Windows write it, then Latin-1.
  for (const bytes of [Buffer.from("\ufefflog-level = 'info'\n", "utf16le"), Buffer.from("# caf\xe9\n", "latin1")]) {
    writeFileSync(path, bytes);
    const result = await runByway(t, ["config", "check", "--config", path]);
    assert.match(result.stderr, /byway\.toml is not UTF-8: save it again with that encoding \(ERR_CONFIG_FILE\)/);
    assert.equal(result.code, 78);
  }
});

test("a home that is no directory, as a service's user has, holds no configuration and names HOME for the data", async (t) => {
  const home = write(t, "home", "");
  const result = await runByway(t, ["up", "--listen", "127.0.0.1:0"], { environment: { HOME: home } });
  assert.match(
    result.stderr,
    /data directory .* cannot be used \(E[A-Z]+\); .* HOME: .* --data \(ERR_DATA_DIRECTORY\)/,
  );
  assert.equal(result.code, 77);
});

test("a peers file that holds no advertisement ends with 69", async (t) => {
  const peers = write(t, "peers", "this is no advertisement\n");
  const result = await runByway(t, ["up", "--listen", "127.0.0.1:0", "--peers", peers]);
  assert.match(result.stderr, /ERR_(PEER_FILE|ADVERTISEMENT_MALFORMED)/);
  assert.equal(result.code, 69);
});

test("a port in use ends with 69 and names it", async (t) => {
  const taken = await occupy(t, "127.0.0.1");
  for (const args of [
    ["up", "--listen", taken],
    ["node", "--local-network", "--listen", taken],
    ["demo", "--listen", taken],
  ]) {
    const result = await runByway(t, args);
    assert.match(result.stderr, /ERR_LISTEN_IN_USE/);
    assert.ok(result.stderr.includes(taken), result.stderr);
    assert.equal(result.code, 69);
  }
});

test("with --json an error is one JSON line", async (t) => {
  const result = await runByway(t, ["up", "--hops", "9", "--json"]);
  assert.equal(result.stdout, "");
  const { error } = JSON.parse(result.stderr) as { error: { code: string; remedy: string } };
  assert.equal(error.code, "ERR_USAGE_ARGUMENT");
  assert.match(error.remedy, /byway --help/);
  assert.equal(result.code, 64);
});

test("a reader that goes away is no error", async (t) => {
  const { child, finished } = startByway(t, ["config", "show"]);
  child.stdout?.destroy();
  const { code, stderr } = await finished;
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
});

test("a result that a full disk loses is told", { skip: !existsSync("/dev/full") && "no /dev/full" }, (t) => {
  const run = (redirection: string): ReturnType<typeof spawnSync> =>
    spawnSync("/bin/sh", ["-c", `exec "$0" "$1" config show ${redirection}`, process.execPath, LAUNCHER], {
      encoding: "utf8",
      env: { HOME: temporaryDirectory(t) },
    });
  const lost = run(">/dev/full");
  assert.equal(lost.status, 69);
  assert.match(String(lost.stderr), /the result cannot be written \(ENOSPC\) \(ERR_OUTPUT\)/);
  const unlogged = run("2>/dev/full");
  assert.equal(unlogged.status, 0);
  assert.match(String(unlogged.stdout), /client\.listen/);
});

test("a reader that goes away does not end what runs", async (t) => {
  const { child, finished } = startByway(t, ["demo", "--nodes", "3", "--listen", "127.0.0.1:0"]);
  child.stdout?.destroy();
  await new Promise<void>((resolve) => {
    child.stderr?.on("data", (text: string) => text.includes("Ctrl-C") && resolve());
    child.on("close", () => resolve());
  });
  child.kill("SIGTERM");
  const { code, stderr } = await finished;
  assert.equal(code, 143, stderr);
});

test("config init writes a file that config check accepts, once", async (t) => {
  const environment = { XDG_CONFIG_HOME: temporaryDirectory(t) };
  const path = join(environment.XDG_CONFIG_HOME, "byway", "byway.toml");
  const made = await runByway(t, ["config", "init"], { environment });
  assert.equal(made.stdout, `${path}\n`);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal((await runByway(t, ["config", "check"], { environment })).stdout, `${path} is good.\n`);
  const again = await runByway(t, ["config", "init"], { environment });
  assert.match(again.stderr, /exists already and was not changed/);
  assert.equal(again.code, 78);
});

test("config show tells each value and where it came from, and no secret", async (t) => {
  const config = write(t, "byway.toml", '[client]\nusers = ["alice:secret"]\nhops = 2\n');
  const options = { environment: { BYWAY_CONFIG: config, BYWAY_NODE_COUNTRY: "DE" } };
  const text = await runByway(t, ["config", "show", "--log-level", "warn"], options);
  assert.match(text.stdout, /^client\.hops +2 +\(file .*byway\.toml\)$/m);
  assert.match(text.stdout, /^node\.country +"de" +\(environment BYWAY_NODE_COUNTRY\)$/m);
  assert.match(text.stdout, /^log-level +"warn" +\(flag --log-level\)$/m);
  assert.match(text.stdout, /^client\.users +"\[scrubbed\]"/m);
  const json = await runByway(t, ["config", "show", "--json"], options);
  const shown = JSON.parse(json.stdout) as Record<string, unknown>;
  assert.deepEqual(shown["client.hops"], { value: 2, origin: "file", source: config });
  assert.ok(!`${text.stdout}${json.stdout}`.includes("secret"));
});

test("an unknown variable is warned of with the nearest", async (t) => {
  const { code, stderr } = await runByway(t, ["config", "check"], { environment: { BYWAY_DATTA: "x" } });
  assert.match(stderr, /BYWAY_DATTA.*BYWAY_DATA/);
  assert.equal(code, 0);
});

test("up that knows no way into the network warns that nothing will work", async (t) => {
  const { child, finished, firstLine } = startByway(t, ["up", "--listen", "127.0.0.1:0"]);
  await firstLine;
  child.kill("SIGTERM");
  assert.match((await finished).stderr, /no way into the network is known.*--bootstrap/);
});

test("keys makes a key that only its owner can read, and shows the same id again", async (t) => {
  const data = join(temporaryDirectory(t), "new");
  const first = JSON.parse((await runByway(t, ["keys", "--data", data, "--json"])).stdout);
  assert.match(first.peerId, /^k51[a-z0-9]{59}$/);
  assert.equal(statSync(first.keyFile).mode & 0o777, 0o600);
  assert.equal(statSync(data).mode & 0o777, 0o700);
  const again = await runByway(t, ["keys", "--data", data]);
  assert.ok(again.stdout.includes(first.peerId));
  // Bootstrap addresses have the other spelling of the same id.
  assert.equal(parsePeerId(first.libp2pPeerId), first.peerId);
  assert.match(again.stdout, new RegExp(`^in addresses +${first.libp2pPeerId}$`, "m"));
  assert.ok(again.stdout.includes(first.keyFile));
});

test("a shell evaluates what env prints", async (t) => {
  const config = write(t, "byway.toml", '[client]\nusers = ["alice:it\'s $HOME"]\n');
  const { stdout } = await runByway(t, ["env", "--listen", "[::1]:2080", "--config", config]);
  const script = `${stdout}\nprintf '%s\\n' "$http_proxy" "$ALL_PROXY" "$NODE_USE_ENV_PROXY"`;
  const read = execFileSync("/bin/sh", ["-c", script], { encoding: "utf8", env: {} });
  assert.equal(read, "http://alice:it's%20%24HOME@[::1]:2080\nhttp://alice:it's%20%24HOME@[::1]:2080\n1\n");
});

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  test(`up tells when it is ready and ends with ${code} on ${signal}`, async (t) => {
    const { child, finished, firstLine } = startByway(t, ["up", "--listen", "127.0.0.1:0", "--json"]);
    const { ready, address } = JSON.parse(await firstLine);
    assert.equal(ready, true);
    assert.match(address, /^127\.0\.0\.1:[1-9]\d*$/);
    child.kill(signal);
    assert.equal((await finished).code, code);
  });
}

test("without a terminal SIGHUP has a node read its lists again, and ends nothing", async (t) => {
  const list = write(t, "list.txt", "bad.example\n");
  const config = write(
    t,
    "byway.toml",
    `[node]\nunlisted = true\nexit = true\n[[node.blocklists]]\nname = "own"\nsource = "${list}"\n`,
  );
  const advertisement = join(temporaryDirectory(t), "advertisement");
  const args = [
    "--listen",
    "127.0.0.1:0",
    "--config",
    config,
    "--advertisement-file",
    advertisement,
    "--local-network",
  ];
  const { child, finished, firstLine } = startByway(t, ["node", ...args, "--contact", "a@b.example"]);
  await firstLine;
  const told = new Promise<void>((resolve) => {
    let text = "";
    child.stderr?.on("data", (more) => {
      text += more;
      if (text.includes("SIGHUP: read again")) resolve();
    });
  });
  child.kill("SIGHUP");
  await told;
  child.kill("SIGTERM");
  assert.equal((await finished).code, 143);
});

test("without a home directory everything runs that names its places, and says what to name", async (t) => {
  const home = { HOME: "" };
  const run = (...args: readonly string[]) => runByway(t, args, { environment: home });
  assert.equal((await run("--version")).code, 0);
  assert.equal((await run("keys", "--data", temporaryDirectory(t))).code, 0);
  const { code, stderr } = await run("keys");
  assert.equal(code, 78);
  assert.match(stderr, /no home directory is known to keep data in: name a directory with --data \(ERR_CONFIG_VALUE\)/);
});

test("node tells when it is ready, writes its advertisement, and stops", async (t) => {
  const directory = temporaryDirectory(t);
  const advertisement = join(directory, "advertisement");
  const args = ["node", "--data", join(directory, "data"), "--listen", "127.0.0.1:0", "--local-network", "--json"];
  const { child, finished, firstLine } = startByway(t, [
    ...args,
    "--advertisement-file",
    advertisement,
    "--country",
    "DE",
  ]);
  const { ready, address, peerId } = JSON.parse(await firstLine);
  assert.equal(ready, true);
  assert.match(address, /^127\.0\.0\.1:[1-9]\d*$/);
  assert.match(peerId, /^k51/);
  assert.ok(statSync(advertisement).size > 0);
  const client = startByway(t, [
    "up",
    "--listen",
    "127.0.0.1:0",
    "--local-network",
    "--peers",
    advertisement,
    "--json",
  ]);
  assert.equal(JSON.parse(await client.firstLine).ready, true);
  child.kill("SIGTERM");
  client.child.kill("SIGTERM");
  assert.equal((await finished).code, 143);
  assert.equal((await client.finished).code, 143);
});

test("demo --once shows what the target saw by 1 and by 3 hops over HTTP and HTTPS", async (t) => {
  const { code, stdout, stderr } = await runByway(t, [
    "demo",
    "--once",
    "--nodes",
    "4",
    "--listen",
    "127.0.0.1:0",
    "--json",
  ]);
  assert.equal(code, 0, stderr);
  const { results } = JSON.parse(stdout) as {
    results: {
      hops: number;
      secure: boolean;
      route: { peerId: string }[];
      saw: { sourceAddress: string; tls?: object };
      timings: { ms: number }[];
    }[];
  };
  assert.deepEqual(
    results.map(({ hops, secure }) => [hops, secure]),
    [
      [1, false],
      [1, true],
      [3, false],
      [3, true],
    ],
  );
  for (const { hops, route, secure, saw, timings } of results) {
    assert.equal(route.length, hops);
    assert.match(saw.sourceAddress, /^127\./);
    assert.equal(saw.tls !== undefined, secure);
    assert.ok(timings.length > 0);
  }
});

test("demo takes a free port when the usual one is taken, prints lines to copy, and they work", async (t) => {
  await occupy(t, "127.0.0.1", 1080).catch((error: NodeJS.ErrnoException) => assert.equal(error.code, "EADDRINUSE"));
  const { child, finished, outputUntil } = startByway(t, ["demo", "--nodes", "3"]);
  const printed = await outputUntil(/\(-k, .*\n/);
  const lines = printed.split("\n").filter((line) => line.startsWith("  curl "));
  assert.equal(lines.length, 5);
  for (const line of lines) {
    assert.match(
      execFileSync("/bin/sh", ["-c", line.replace("curl", "curl -sS")], { encoding: "utf8" }),
      /sourceAddress/,
    );
  }
  const slip = (lines[1] ?? "").replace("country-de", "contry-de").replace("curl", "curl -sS");
  const refused = spawnSync("/bin/sh", ["-c", slip], { encoding: "utf8" });
  assert.match(refused.stderr, /User was rejected/);
  child.kill("SIGINT");
  const { code, stderr } = await finished;
  assert.match(stderr, /info +a user name was refused .*did you mean country/);
  assert.match(stderr, /Another program has 127\.0\.0\.1:1080, so write the address above in its place\./);
  assert.equal(stderr.split("Starting target").length, 2, "the network was started twice");
  assert.equal(code, 130);
});

test("demo ends without an error when the reader of its messages goes away", { timeout: 40_000 }, async (t) => {
  const { child, finished } = startByway(t, ["demo", "--nodes", "3", "--listen", "127.0.0.1:0"]);
  child.stderr?.destroy();
  assert.equal((await finished).code, 0);
});

test("a data directory that is there is used as it is", async (t) => {
  const data = join(temporaryDirectory(t), "data");
  mkdirSync(data, { mode: 0o755 });
  assert.equal((await runByway(t, ["keys", "--data", data])).code, 0);
  assert.equal(statSync(data).mode & 0o777, 0o755);
});

test("a network file cannot send commands to the terminal that its fault is shown on", async (t) => {
  const file = write(t, "net.toml", '"a\\u001b[31m" = 1\n');
  const { code, stderr } = await runByway(t, ["network", "show", "--network-file", file]);
  assert.equal(code, 78);
  assert.match(stderr, /no known key a\\x1b\[31m;/);
});
