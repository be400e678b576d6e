import type { TestContext } from "node:test";
import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import { type BywayNode, createClient, createNode, generateIdentity, type NodeOptions } from "../../src/index.ts";
import { curl } from "./run-program.ts";

/** What an exit in this process is asked through a client of its own. */
export interface OperatedExit {
  readonly node: BywayNode;
  /** Where the client takes apps. */
  readonly proxy: HostPort;
  /** What curl prints for these arguments through the client. */
  readonly ask: (...args: readonly string[]) => Promise<string>;
  /** The status that each URL gets, in a row; each is asked for by a CONNECT of its own. */
  readonly statuses: (...urls: readonly string[]) => Promise<string>;
  /** How many refusals of a kind there were. */
  readonly refused: (by: string) => number;
}

/** Starts an exit on loopback, and a client that knows no other; both end with the test. */
export async function startOperatedExit(t: TestContext, options: Partial<NodeOptions>): Promise<OperatedExit> {
  const node = await createNode({
    identity: generateIdentity(),
    listen: { host: "127.0.0.1", port: 0 },
    roles: ["exit"],
    // Of all that is not on the machine itself: what a test opens there, it names.
    policy: ["accept *:*"],
    localNetwork: true,
    ...options,
  });
  t.after(() => node.stop());
  const client = await createClient({
    listen: { host: "127.0.0.1", port: 0 },
    peers: () => [node.known()],
    spareCircuits: 0,
    localNetwork: true,
  });
  t.after(() => client.stop());
  const proxy = client.address as HostPort;
  const ask = async (...args: readonly string[]): Promise<string> =>
    (await curl(["-x", `http://${formatHostPort(proxy)}`, ...args])).stdout;
  return {
    node,
    proxy,
    ask,
    async statuses(...urls) {
      const each = urls.flatMap((url) => ["-o", "/dev/null", url]);
      return (await ask("-p", "-H", "connection: close", "-w", "%{http_connect} ", ...each)).trim();
    },
    refused: (by) => node.operations.status().refusals.find((refusal) => refusal.by === by)?.count ?? 0,
  };
}
