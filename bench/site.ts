import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { HostPort } from "../src/index.ts";

const run = promisify(execFile);
const GRACE_MS = 3000;
const READY_MS = 15_000;
const KEPT_CHARS = 2000;

/** A process that a site started, and the last it said. */
export interface Started {
  readonly pid: number;
  readonly child: ChildProcess;
  /** The end of what it wrote on both outputs, for the reason when it fails. */
  readonly said: () => string;
}

/**
 * What the benchmark put on this machine: one temporary folder, processes, and whatever else it was told how to undo.
 * Disposing takes all of it back, the latest first. A part is a site of its own that goes with the whole or before it.
 */
export class Site implements AsyncDisposable {
  /** A folder that only this user can read. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly #undo = new AsyncDisposableStack();

  constructor(signal: AbortSignal, folder: string = mkdtempSync(join(tmpdir(), "byway-bench-"))) {
    this.signal = signal;
    this.folder = folder;
    this.#undo.defer(() => rmSync(folder, { recursive: true, force: true }));
  }

  /** A site below this one. Dispose it early to take only its own things back. */
  part(name: string): Site {
    const folder = join(this.folder, name);
    mkdirSync(folder, { mode: 0o700 });
    return this.#undo.use(new Site(this.signal, folder));
  }

  /** Has `undo` run when the site is disposed, before what was deferred earlier. */
  defer(undo: () => Promise<void> | void): void {
    this.#undo.defer(undo);
  }

  /** Starts a process that lives as long as the site. Its first line on standard output is awaited when `line` is true. */
  async start(command: string, args: readonly string[], line = false): Promise<Started & { readonly line: string }> {
    this.signal.throwIfAborted();
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], cwd: this.folder });
    const gone = new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", () => resolve());
    });
    let said = "";
    const keep = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-KEPT_CHARS);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    this.#undo.defer(() => end(child, gone));
    await once(child, "spawn");
    const pid = child.pid ?? 0;
    if (!line) return { pid, child, said: () => said, line: "" };
    const first = once(createInterface(child.stdout), "line") as Promise<[string]>;
    const [text] = await Promise.race([
      first,
      gone.then(() => Promise.reject(new Error(`${command}: ${said.trim()}`))),
    ]);
    return { pid, child, said: () => said, line: text };
  }

  /** Runs a command to its end and gives its standard output. */
  async run(command: string, args: readonly string[]): Promise<string> {
    const { stdout } = await run(command, args, { signal: this.signal, maxBuffer: 1 << 24 });
    return stdout;
  }

  /** Settles once a process accepts connections, or rejects with what it said when it ended or took too long. */
  async listening(started: Started, at: HostPort): Promise<void> {
    await this.until(started, () => accepts(at), READY_MS);
  }

  /** Settles once `holds` does, or rejects with what the process said when it ended or `withinMs` went by. */
  async until(started: Started, holds: () => Promise<boolean>, withinMs: number): Promise<void> {
    const lastMs = performance.now() + withinMs;
    while (!(await holds())) {
      if (started.child.exitCode !== null || performance.now() > lastMs) {
        const what = started.child.exitCode === null ? "was not ready in time" : "ended";
        throw new Error(`${started.child.spawnfile} ${what}: ${started.said().trim().slice(-300)}`);
      }
      await sleep(50, undefined, { signal: this.signal });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo.disposeAsync();
  }
}

async function end(child: ChildProcess, gone: Promise<void>): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const enough = new AbortController();
  const patience = sleep(GRACE_MS, undefined, { signal: enough.signal }).then(
    () => child.kill("SIGKILL"),
    () => false,
  );
  await gone;
  enough.abort();
  await patience;
}

function accepts(at: HostPort): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(at);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** A port of `host` that was free a moment ago, for programs that cannot choose one themselves. */
export async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error(`no port at ${host}`);
  return address.port;
}
