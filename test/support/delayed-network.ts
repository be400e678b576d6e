import { createClient } from "../../src/client/client.ts";
import type { Clock } from "../../src/core/clock.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import { generateIdentity } from "../../src/identity/identity.ts";
import { type BywayNode, createNode } from "../../src/node/node.ts";
import { type DelayLine, type DelayLineOptions, type LineDirection, startDelayLine } from "./delay-line.ts";

/** Three nodes that are reached over a delay line each, and a client with its proxy. */
export interface DelayedNetwork extends AsyncDisposable {
  readonly proxy: HostPort;
  /** Peer ids of the nodes. */
  readonly peerIds: readonly string[];
  /** The line of each node. */
  readonly lines: readonly DelayLine[];
  stall(direction?: LineDirection): void;
  resume(direction?: LineDirection): void;
}

/** Starts the network in this process; each node advertises the near end of its line. */
export async function startDelayedNetwork(
  options: Omit<DelayLineOptions, "listen" | "target" | "clock"> & {
    readonly targets: readonly HostPort[];
    /** The client's; the lines and nodes have the system's. */
    readonly clientClock?: Clock;
  },
): Promise<DelayedNetwork> {
  await using starting = new AsyncDisposableStack();
  const lines: DelayLine[] = [];
  const nodes: BywayNode[] = [];
  for (const host of ["127.10.0.1", "127.20.0.1", "127.30.0.1"]) {
    let target: HostPort = { host, port: 0 };
    const line = await startDelayLine({ ...options, listen: { host, port: 0 }, target: () => target });
    starting.defer(() => line.stop());
    const node = await createNode({
      identity: generateIdentity(),
      listen: { host, port: 0 },
      advertise: line.address,
      roles: ["relay", "exit"],
      bindEgress: [host],
      allowTargets: options.targets,
      policy: ["accept *:*"],
      dnsServers: ["127.53.0.2:53"],
      localNetwork: true,
    });
    target = node.address;
    starting.defer(() => node.stop());
    lines.push(line);
    nodes.push(node);
  }
  const client = await createClient({
    listen: { host: "127.0.0.1", port: 0 },
    peers: () => nodes.map((node) => node.known()),
    localNetwork: true,
    ...(options.clientClock === undefined ? {} : { clock: options.clientClock }),
  });
  starting.defer(() => client.stop());
  if (client.address === undefined) throw new Error("the client has no proxy");
  const all = starting.move();
  return {
    proxy: client.address,
    peerIds: nodes.map(({ peerId }) => peerId),
    lines,
    stall: (direction) => {
      for (const line of lines) line.stall(direction);
    },
    resume: (direction) => {
      for (const line of lines) line.resume(direction);
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
