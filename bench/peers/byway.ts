import { join } from "node:path";
import { execPath } from "node:process";
import { fileURLToPath } from "node:url";
import type { HostPort } from "../../src/index.ts";
import { OWN_LOAD } from "../own-load.ts";
import { freePort, type Site } from "../site.ts";
import type { Contender, Peer } from "./peer.ts";

const LAUNCHER = fileURLToPath(new URL("../../bin/byway.cjs", import.meta.url));

/** Nodes and a client, each a process as users start it. */
export interface BywayNetwork {
  readonly proxy: HostPort;
  readonly clientPid: number;
  /** Each with its peer id, to name it in a user name. */
  readonly nodes: readonly { readonly pid: number; readonly peerId: string }[];
}

/** How many nodes a network has, three at most, and over how many of them its client goes unless asked otherwise. */
export interface BywayShape {
  readonly nodes: number;
  readonly hops: number;
  /** More flags for the nodes. */
  readonly settings?: readonly string[];
}

async function byway(site: Site, args: readonly string[]): Promise<{ readonly pid: number; readonly line: string }> {
  return site.start(execPath, [LAUNCHER, ...args, "--json", "--log-level", "error"], true);
}

/**
 * Starts nodes on networks of their own and a client that knows them. Only `source` can be reached through them. What
 * no peer does is left out, too: they bind no address to dial from.
 */
export async function startByway(site: Site, source: HostPort, shape: BywayShape): Promise<BywayNetwork> {
  const nodes: { readonly pid: number; readonly peerId: string }[] = [];
  const peers: string[] = [];
  for (let index = 1; index <= shape.nodes; index += 1) {
    const host = `127.${index * 10}.0.1`;
    const file = join(site.folder, `${index}.peers`);
    const { pid, line } = await byway(site, [
      "node",
      "--relay",
      "--exit",
      ...OWN_LOAD,
      ...(shape.settings ?? []),
      ...["--data", join(site.folder, `node-${index}`), "--listen", `${host}:${await freePort(host)}`],
      ...["--allow-target", `${source.host}:${source.port}`, "--policy", "accept *:*"],
      ...["--advertisement-file", file, "--local-network"],
    ]);
    nodes.push({ pid, peerId: (JSON.parse(line) as { readonly peerId: string }).peerId });
    peers.push("--peers", file);
  }
  const proxy = { host: "127.0.0.1", port: await freePort("127.0.0.1") };
  const client = await byway(site, [
    ...["up", "--hops", String(shape.hops), "--data", join(site.folder, "client")],
    // The rivals have one server, and one way to it.
    ...["--rotation", "circuit"],
    ...["--listen", `${proxy.host}:${proxy.port}`, "--local-network", ...peers],
  ]);
  return { proxy, clientPid: client.pid, nodes };
}

async function contend(site: Site, source: HostPort, hops: 1 | 3): Promise<Contender> {
  const { proxy, clientPid, nodes } = await startByway(site, source, { nodes: hops, hops });
  const those = hops === 1 ? "a client and a node" : "a client and three nodes";
  return {
    name: `Byway, ${hops === 1 ? "1 hop" : "3 hops"}`,
    hops,
    rival: false,
    remark: `TLS 1.3 with post-quantum key exchange, HTTP/2, ${those}`,
    vias: [`socks5:${proxy.host}:${proxy.port}`],
    inside: [],
    target: source,
    pids: [clientPid, ...nodes.map(({ pid }) => pid)],
  };
}

/** Byway itself, at one hop and at three: two networks that know nothing of each other, so each row counts its own. */
export const bywayPeer: Peer = {
  name: "Byway",
  programs: {},
  async start(site, { source }) {
    return [await contend(site.part("1-hop"), source, 1), await contend(site.part("3-hops"), source, 3)];
  },
};
