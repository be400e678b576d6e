import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { OLD_NODE } from "./support/old-node.ts";
import { childrenOf, lives } from "./support/processes.ts";
import { until } from "./support/proxy-fixture.ts";
import { LAUNCHER, runByway, startByway, temporaryDirectory } from "./support/run-byway.ts";

const skip = OLD_NODE === undefined ? "every node on the PATH is 26 or newer" : false;

const MANIFEST = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly runtime: { readonly works: string; readonly tried: string; readonly below: string };
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

/** The launcher in a package of its own, with a command line of the test's choice. */
function launcherOf(context: TestContext, entry: string, source: string, hasRuntime = true): string {
  const root = temporaryDirectory(context);
  mkdirSync(join(root, "bin"));
  mkdirSync(join(root, entry, ".."), { recursive: true });
  cpSync(LAUNCHER, join(root, "bin", "byway.cjs"));
  writeFileSync(join(root, "package.json"), JSON.stringify({ type: "module", runtime: MANIFEST.runtime }));
  writeFileSync(join(root, entry), source);
  if (hasRuntime) symlinkSync(fileURLToPath(new URL("../node_modules", import.meta.url)), join(root, "node_modules"));
  return join(root, "bin", "byway.cjs");
}

const REPORT = 'console.log(JSON.stringify([process.versions.node.split(".")[0], ...process.argv.slice(2)]));';

test("what runs for long gets a bound on its young heap, still in the launcher's own process", async (t) => {
  const launcher = launcherOf(t, "src/cli/main.ts", "console.log(JSON.stringify([process.pid, process.execArgv]));");
  const { child, finished } = startByway(t, ["--json", "up"], { launcher });
  const { stdout } = await finished;
  const flags = process.platform === "win32" ? [] : ["--max-semi-space-size=4"];
  assert.deepEqual(JSON.parse(stdout), [child.pid, flags]);
  const brief = startByway(t, ["keys"], { launcher });
  assert.deepEqual(JSON.parse((await brief.finished).stdout), [brief.child.pid, []]);
});

test("under Node 26 the command line runs in the launcher's own process", async (t) => {
  const launcher = launcherOf(t, "src/cli/main.ts", "console.log(process.pid);");
  const { child, finished } = startByway(t, [], { launcher });
  assert.equal((await finished).stdout, `${child.pid}\n`);
});

test("under an older Node it runs in the installed runtime", { skip }, async (t) => {
  const launcher = launcherOf(t, "src/cli/main.ts", REPORT);
  const result = await runByway(t, ["a b", "--c"], { launcher, node: OLD_NODE ?? "" });
  assert.deepEqual(result, { code: 0, signal: null, stdout: '["26","a b","--c"]\n', stderr: "" });
});

test("a package without sources runs what was compiled", async (t) => {
  for (const node of [process.execPath, ...(OLD_NODE === undefined ? [] : [OLD_NODE])]) {
    const launcher = launcherOf(t, "dist/cli/main.js", REPORT);
    assert.equal((await runByway(t, [], { launcher, node })).stdout, '["26"]\n');
  }
});

/** What makes a Node claim to be `version`, in the launcher only, and what it then runs tell which Node it is. */
function claiming(context: TestContext, version: string): Readonly<Record<string, string>> {
  const path = join(temporaryDirectory(context), "claim.cjs");
  writeFileSync(
    path,
    `if (String(process.argv[1]).endsWith("byway.cjs"))
      Object.defineProperty(process, "versions", { value: { ...process.versions, node: ${JSON.stringify(version)} } });`,
  );
  return { NODE_OPTIONS: `--require ${path}` };
}

/** Which process runs the command line: the launcher's own or another one, and which Node is in it. */
const WHERE = "console.log(JSON.stringify([process.pid, process.execPath]));";

const { works, tried, below } = MANIFEST.runtime;
const previous = (version: string): string => {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return minor > 0 ? `${major}.${minor - 1}.99` : `${major - 1}.99.99`;
};

for (const version of [tried, "26.10.1", "26.99.0", previous(below), `${tried}-rc.1`])
  test(`Node ${version} is one that was tried: the command line runs in it`, async (t) => {
    for (const hasRuntime of [true, false]) {
      const launcher = launcherOf(t, "src/cli/main.ts", WHERE, hasRuntime);
      const { child, finished } = startByway(t, [], { launcher, environment: claiming(t, version) });
      const { stdout, stderr } = await finished;
      assert.deepEqual([JSON.parse(stdout), stderr], [[child.pid, process.execPath], ""]);
    }
  });

for (const version of ["26.0.0", "26.4.0", "26.5.0", previous(tried), below, "27.1.0", "30.0.0", "20.20.2"])
  test(`Node ${version} was not tried: the command line runs in the runtime that npm brings`, async (t) => {
    const launcher = launcherOf(t, "src/cli/main.ts", WHERE);
    const { child, finished } = startByway(t, [], { launcher, environment: claiming(t, version) });
    const { stdout, stderr } = await finished;
    const [pid, path] = JSON.parse(stdout) as [number, string];
    assert.notEqual(pid, child.pid);
    assert.match(path, /node_modules/);
    assert.equal(stderr, "");
  });

for (const version of ["26.0.0", "26.4.0", previous(works), "20.20.2"])
  test(`Node ${version} does not work: without another runtime it says so and ends with 69`, async (t) => {
    const launcher = launcherOf(t, "src/cli/main.ts", WHERE, false);
    const { code, stdout, stderr } = await runByway(t, [], { launcher, environment: claiming(t, version) });
    assert.deepEqual([code, stdout], [69, ""]);
    assert.match(
      stderr,
      /^byway: Byway does not work with Node [0-9.]+, and the package node-\S+ .*\n {2}Install a Node from /,
    );
    assert.ok(stderr.includes(version));
  });

for (const version of [works, previous(tried), below, "30.0.0"])
  test(`Node ${version} may work: without another runtime it warns, once, and runs`, async (t) => {
    for (const words of [[], ["up"]]) {
      const launcher = launcherOf(t, "src/cli/main.ts", WHERE, false);
      const { child, finished } = startByway(t, words, { launcher, environment: claiming(t, version) });
      const { stdout, stderr } = await finished;
      assert.deepEqual(JSON.parse(stdout), [child.pid, process.execPath]);
      assert.match(
        stderr,
        /^byway: Byway was not tried with Node [0-9.]+, and .* not installed\n {2}Install a Node from .*\n$/,
      );
    }
  });

test("a runtime that npm installed for another program and that was not tried is none", async (t) => {
  const launcher = launcherOf(t, "src/cli/main.ts", WHERE, false);
  for (const name of Object.keys(MANIFEST.optionalDependencies).filter((one) => /^node-/.test(one))) {
    const home = join(launcher, "..", "..", "node_modules", name);
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), JSON.stringify({ name, version: "26.0.0" }));
  }
  const { code, stderr } = await runByway(t, [], { launcher, environment: claiming(t, "26.4.0") });
  assert.equal(code, 69);
  assert.match(stderr, /the package node-\S+ holds Node 26\.0\.0\n/);
});

test("every runtime that npm may bring was tried", () => {
  const pins = Object.entries(MANIFEST.optionalDependencies).filter(([name]) => /^node-/.test(name));
  assert.equal(pins.length, 5);
  for (const [name, pin] of pins) {
    const [major = 0, minor = 0] = pin.replace("^", "").split(".").map(Number);
    const [triedMajor = 0, triedMinor = 0] = tried.split(".").map(Number);
    assert.ok(pin.startsWith("^") && major === triedMajor && minor >= triedMinor, `${name} ${pin}`);
    assert.equal(below, `${major + 1}.0.0`);
  }
});

test("the exit code comes through", { skip }, async (t) => {
  const launcher = launcherOf(t, "src/cli/main.ts", "process.exitCode = 78;");
  assert.equal((await runByway(t, [], { launcher, node: OLD_NODE ?? "" })).code, 78);
});

test("a death by signal gives 128 and its number", { skip }, async (t) => {
  const launcher = launcherOf(t, "src/cli/main.ts", 'process.kill(process.pid, "SIGKILL");');
  assert.equal((await runByway(t, [], { launcher, node: OLD_NODE ?? "" })).code, 137);
});

test("without a runtime it says so and ends with 69", { skip }, async (t) => {
  const launcher = launcherOf(t, "src/cli/main.ts", REPORT, false);
  const result = await runByway(t, [], { launcher, node: OLD_NODE ?? "" });
  assert.equal(result.code, 69);
  assert.equal(result.stdout, "");
  assert.match(
    result.stderr,
    /^byway: Byway does not work with Node .*node-[a-z0-9-]+ .*is not installed\n {2}Install a Node from 26/,
  );
});

test("the real command line runs under an older Node", { skip }, async (t) => {
  const [fromOld, fromNew] = await Promise.all([
    runByway(t, ["--help"], { node: OLD_NODE ?? "" }),
    runByway(t, ["--help"]),
  ]);
  assert.deepEqual(fromOld, fromNew);
  assert.equal((await runByway(t, ["up", "--hops", "9"], { node: OLD_NODE ?? "" })).code, 64);
});

test("workers run under an older Node too, and end when the launcher is killed", {
  skip: skip || (existsSync("/proc/self/task") ? false : "this system has no /proc"),
}, async (t) => {
  const args = ["node", "--json", "--exit", "--local-network", "--listen", "127.0.0.1:0", "--workers", "2"];
  const { child, firstLine } = startByway(t, args, { node: OLD_NODE ?? "" });
  await firstLine;
  const [node = 0] = childrenOf(child.pid ?? 0);
  const workers = childrenOf(node);
  assert.equal(workers.length, 2);
  child.kill("SIGKILL");
  await until(() => ![node, ...workers].some(lives));
});

/** Says when it is ready and what it is asked; ends when it has heard of one SIGINT by the ways in `ways`. */
function listener(ways: readonly string[]): string {
  const module = pathToFileURL(fileURLToPath(new URL("../src/cli/stop-signals.ts", import.meta.url))).href;
  return `
    import { watchStopSignals } from ${JSON.stringify(module)};
    const calls: string[] = [];
    watchStopSignals(process, (signal) => calls.push("first " + signal), (signal) => calls.push("second " + signal));
    const wanted = new Set(${JSON.stringify(ways)});
    const keepAlive = setInterval(() => {}, 1000);
    for (const way of ["SIGINT", "message", "disconnect"]) process.on(way, () => {
      wanted.delete(way);
      if (wanted.size > 0) return;
      console.log(calls.join());
      process.exit(0);
    });
    process.on("disconnect", () => process.exit(1));
    console.log("ready");
  `;
}

test("a Ctrl-C, which a terminal sends to both processes, is one request", { skip }, async (t) => {
  const launcher = launcherOf(t, "src/cli/main.ts", listener(["SIGINT", "message"]));
  const { child, finished, firstLine } = startByway(t, [], { launcher, node: OLD_NODE ?? "", isGroup: true });
  await firstLine;
  process.kill(-(child.pid ?? 0), "SIGINT");
  assert.equal((await finished).stdout, "ready\nfirst SIGINT\n");
});

test("a signal to the launcher alone reaches the command", { skip }, async (t) => {
  const launcher = launcherOf(t, "src/cli/main.ts", listener(["message"]));
  const { child, finished, firstLine } = startByway(t, [], { launcher, node: OLD_NODE ?? "" });
  await firstLine;
  child.kill("SIGINT");
  assert.equal((await finished).stdout, "ready\nfirst SIGINT\n");
});

test("signals are handled before anything else is loaded, for pid 1 of a container", () => {
  const script = `
    const Module = require("node:module");
    const load = Module._load;
    Module._load = function (name, ...rest) {
      if (name !== "node:child_process") return load.call(this, name, ...rest);
      console.log(["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => process.listenerCount(signal)).join());
      process.kill(process.pid, "SIGHUP");
      process.kill(process.pid, "SIGTERM");
      setInterval(() => {}, 1_000);
      throw new Error("loaded");
    };
    try { require(${JSON.stringify(LAUNCHER)}); } catch {}
  `;
  const { status, stdout } = spawnSync(process.execPath, ["-e", script], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 20_000,
  });
  assert.deepEqual([stdout, status], ["1,1,1\n", 143]);
});

test("when the launcher is killed the command is asked to stop", { skip }, async (t) => {
  const launcher = launcherOf(t, "src/cli/main.ts", listener(["disconnect"]));
  const { child, finished, firstLine } = startByway(t, [], { launcher, node: OLD_NODE ?? "" });
  await firstLine;
  child.kill("SIGKILL");
  assert.equal((await finished).stdout, "ready\nfirst SIGHUP\n");
});
