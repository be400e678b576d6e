import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath } from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { formatHostPort, type HostPort } from "../src/core/network-address.ts";
import { parseAuthority } from "../src/wire/authority.ts";
import { OWN_LOAD } from "./own-load.ts";

const LAUNCHER = fileURLToPath(new URL("../bin/byway.cjs", import.meta.url));
/** How long a process may take to end before it is killed. */
const END_MS = 10_000;

/** A process of a measured network. */
export interface Started {
  readonly name: string;
  readonly pid: number;
  /** Where it listens. */
  readonly address: HostPort;
  /** Ends it; killed when it takes too long. Idempotent. */
  stop(): Promise<void>;
}

/** How a node is started. */
export interface NodePlan {
  readonly host: string;
  /** Where others reach it; where it listens by default. */
  readonly advertise?: HostPort;
  readonly allowTargets: readonly HostPort[];
}

/** Processes of Byway and beside it, and a folder for their files; all of it goes with `stop`. */
export class Processes implements AsyncDisposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), "byway-bench-"));
  readonly #children: ChildProcess[] = [];
  readonly #peers: string[] = [];
  #stopped: Promise<void> | undefined;

  /** Starts `byway node`, relay and exit. */
  startNode(name: string, plan: NodePlan): Promise<Started> {
    const file = join(this.folder, `${name}.peers`);
    this.#peers.push("--peers", file);
    return this.#byway(name, [
      ...[
        "node",
        "--relay",
        "--exit",
        ...OWN_LOAD,
        "--listen",
        `${plan.host}:0`,
        "--bind-egress",
        plan.host,
        "--advertisement-file",
        file,
      ],
      ...(plan.advertise === undefined ? [] : ["--advertise", formatHostPort(plan.advertise)]),
      ...plan.allowTargets.flatMap((target) => ["--allow-target", formatHostPort(target)]),
      ...["--policy", "accept *:*"],
    ]);
  }

  /** Starts `byway up` with all nodes that were started before. */
  startClient(name = "client"): Promise<Started> {
    return this.#byway(name, ["up", "--listen", "127.0.0.1:0", ...this.#peers]);
  }

  /** Starts a module of this folder that sends `{ address }` once it listens; returns the process too, to talk to. */
  async startModule(file: string, args: readonly string[] = []): Promise<Started & { readonly child: ChildProcess }> {
    const child = fork(fileURLToPath(new URL(file, import.meta.url)), args);
    this.#children.push(child);
    const [{ address }] = (await once(child, "message")) as [{ readonly address: HostPort }];
    return { name: file, pid: child.pid ?? 0, address, child, stop: () => end(child) };
  }

  /** Ends all processes and removes the folder. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #byway(name: string, args: readonly string[]): Promise<Started> {
    const own = ["--data", join(this.folder, name), "--local-network", "--json", "--log-level", "warn"];
    const child = spawn(execPath, [LAUNCHER, ...args, ...own], { stdio: ["ignore", "pipe", "inherit"] });
    this.#children.push(child);
    const [line] = (await Promise.race([
      once(createInterface(child.stdout), "line"),
      once(child, "exit").then(([code]) => Promise.reject(new Error(`${name} ended with ${String(code)}`))),
    ])) as [string];
    const { address } = JSON.parse(line) as { readonly address: string };
    return { name, pid: child.pid ?? 0, address: parseAuthority(address), stop: () => end(child) };
  }

  async #end(): Promise<void> {
    for (const child of this.#children.toReversed()) await end(child);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), END_MS);
  await gone;
  clearTimeout(late);
}
