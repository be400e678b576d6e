import { join } from "node:path";
import { execPath } from "node:process";
import { fileURLToPath } from "node:url";
import type { HostPort } from "../../src/index.ts";
import { freePort, type Site } from "../site.ts";
import type { Peer } from "./peer.ts";

const LAUNCHER = fileURLToPath(new URL("../../bin/byway.cjs", import.meta.url));

/** Three nodes and a client, each a process as users start it. */
export interface BywayNetwork {
  readonly proxy: HostPort;
  readonly clientPid: number;
  /** Each with its peer id, to name it in a user name. */
  readonly nodes: readonly { readonly pid: number; readonly peerId: string }[];
}

async function byway(site: Site, args: readonly string[]): Promise<{ readonly pid: number; readonly line: string }> {
  return site.start(execPath, [LAUNCHER, ...args, "--json", "--log-level", "error"], true);
}

/** Starts three nodes on networks of their own and a client that knows them. Only `source` can be reached through them. */
export async function startByway(site: Site, source: HostPort): Promise<BywayNetwork> {
  const nodes: { readonly pid: number; readonly peerId: string }[] = [];
  const peers: string[] = [];
  for (const index of [1, 2, 3]) {
    const host = `127.${index * 10}.0.1`;
    const file = join(site.folder, `${index}.peers`);
    const { pid, line } = await byway(site, [
      "node",
      ...["--data", join(site.folder, `node-${index}`), "--listen", `${host}:${await freePort(host)}`],
      ...["--bind-egress", host, "--allow-target", `${source.host}:${source.port}`],
      ...["--advertisement-file", file, "--local-network"],
    ]);
    nodes.push({ pid, peerId: (JSON.parse(line) as { readonly peerId: string }).peerId });
    peers.push("--peers", file);
  }
  const proxy = { host: "127.0.0.1", port: await freePort("127.0.0.1") };
  const listen = ["--listen", `${proxy.host}:${proxy.port}`];
  const data = ["--data", join(site.folder, "client")];
  const client = await byway(site, ["up", ...data, ...listen, "--local-network", ...peers]);
  return { proxy, clientPid: client.pid, nodes };
}

/** Byway itself, at one hop and at three, through one and the same client. */
export const bywayPeer: Peer = {
  name: "Byway",
  programs: {},
  async start(site, { source }) {
    const { proxy, clientPid, nodes } = await startByway(site, source);
    return ([1, 3] as const).map((hops) => ({
      name: `Byway, ${hops === 1 ? "1 hop" : "3 hops"}`,
      hops,
      rival: false,
      remark: "TLS 1.3 with post-quantum key exchange, HTTP/2, a client and three nodes",
      vias: [`socks5:${proxy.host}:${proxy.port}:hops-${hops}`],
      inside: [],
      target: source,
      pids: [clientPid, ...nodes.map(({ pid }) => pid)],
    }));
  },
};
