import { join } from "node:path";
import type { TestContext } from "node:test";
import { OWN_LOAD } from "../../bench/own-load.ts";
import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import { parseAuthority } from "../../src/wire/authority.ts";
import { socketsOf } from "./processes.ts";
import { startByway, temporaryDirectory } from "./run-byway.ts";

/** A process of Byway. */
export interface BywayProcess {
  readonly address: HostPort;
  /** Sockets that it holds, listening ones among them. */
  sockets(): number;
  /** Stops it with SIGSTOP: its sockets stay, and it says nothing any more. */
  pause(): void;
  /** Sends it any signal. */
  signal(name: NodeJS.Signals): void;
  /** Ends it with SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

/** A node in a process of its own. */
export interface NodeProcess extends BywayProcess {
  readonly advertisementFile: string;
}

/** How a node is started. */
export interface NodeProcessOptions {
  readonly host: string;
  readonly roles: string;
  readonly country: string;
  readonly allowTargets: readonly HostPort[];
}

/** Starts `byway node`; it is killed when the test ends. */
export async function startNodeProcess(test: TestContext, options: NodeProcessOptions): Promise<NodeProcess> {
  const advertisementFile = join(temporaryDirectory(test), "advertisement");
  const started = await start(test, [
    ...[
      "node",
      ...OWN_LOAD,
      "--json",
      "--unlisted",
      "--local-network",
      "--listen",
      `${options.host}:0`,
      "--bind-egress",
      options.host,
    ],
    ...[
      ...options.roles.split(",").map((role) => `--${role}`),
      "--country",
      options.country,
      "--policy",
      "accept *:*",
      "--advertisement-file",
      advertisementFile,
    ],
    // As many streams at once as a test likes.
    ...["streams", "link-streams", "target-streams"].flatMap((limit) => [`--${limit}-per-second`, "10000"]),
    ...options.allowTargets.flatMap((target) => ["--allow-target", formatHostPort(target)]),
  ]);
  return { ...started, advertisementFile };
}

/** Starts `byway up` with the peers of `nodes`, holding no socket that nobody asked for; it is killed when the test ends. */
export function startClientProcess(test: TestContext, nodes: readonly NodeProcess[]): Promise<BywayProcess> {
  const peers = nodes.flatMap((node) => ["--peers", node.advertisementFile]);
  return start(test, [
    "up",
    "--json",
    "--local-network",
    "--listen",
    "127.0.0.1:0",
    "--spare-circuits",
    "0",
    "--rotation",
    "circuit",
    ...peers,
  ]);
}

async function start(test: TestContext, args: readonly string[]): Promise<BywayProcess> {
  const { child, firstLine, finished } = startByway(test, args);
  finished.catch(() => {});
  const { address } = JSON.parse(await firstLine) as { readonly address: string };
  return {
    address: parseAuthority(address),
    sockets: () => socketsOf(child.pid ?? 0),
    pause: () => void child.kill("SIGSTOP"),
    signal: (name) => void child.kill(name),
    async kill() {
      child.kill("SIGKILL");
      await finished;
    },
  };
}
