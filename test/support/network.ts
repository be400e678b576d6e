import type { Clock } from "../../src/core/clock.ts";
import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import { createTestnet, type Testnet, type TestnetOptions } from "../../src/testnet/testnet.ts";

/** A local network with a proxy. */
export interface Network extends AsyncDisposable {
  readonly testnet: Testnet;
  readonly proxy: HostPort;
  /** The proxy as programs take it; the user name asks for what `userName` says. */
  proxyUrl(scheme: string, userName: string): string;
}

/** Starts nodes, by default four in Germany, the United States, Japan and Brazil, and a client with its proxy. */
export async function startNetwork(options: {
  readonly targets: readonly HostPort[];
  /** How many nodes; default 4. */
  readonly nodes?: number;
  /** More of the client. */
  readonly client?: TestnetOptions["client"];
  /** `ip:port`; without one the exits must be given addresses. */
  readonly dnsServer?: string;
  readonly clock?: Clock;
  /** Let the client find its nodes by a directory. Default: it is given them, as starting a directory costs a second a node. */
  readonly withDirectory?: boolean;
}): Promise<Network> {
  const testnet = await createTestnet(options.nodes ?? 4, {
    listen: { host: "127.0.0.1", port: 0 },
    allowTargets: options.targets,
    // No test asks the name servers of the machine: this one answers nobody.
    dnsServers: [options.dnsServer ?? "127.53.0.2:53"],
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.client === undefined ? {} : { client: options.client }),
    withoutDirectory: options.withDirectory !== true,
  });
  const proxy = testnet.client.address;
  if (proxy === undefined) throw new Error("the client has no proxy");
  return {
    testnet,
    proxy,
    proxyUrl: (scheme, userName) => `${scheme}://${userName}:x@${formatHostPort(proxy)}`,
    [Symbol.asyncDispose]: () => testnet.stop(),
  };
}
