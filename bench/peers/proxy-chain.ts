import { execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { freePort } from "../site.ts";
import type { Peer } from "./peer.ts";

const HOST = "127.0.0.1";
const SERVER = fileURLToPath(new URL("proxy-chain-server.ts", import.meta.url));

/** proxy-chain, the common HTTP proxy for Node programs. It encrypts nothing. */
export const proxyChain: Peer = {
  name: "proxy-chain",
  programs: {},
  async start(site, { source }) {
    const port = await freePort(HOST);
    const started = await site.start(execPath, [SERVER, String(port)], true);
    return [
      {
        name: "proxy-chain",
        hops: 1,
        rival: false,
        remark: "HTTP CONNECT on Node, encrypts nothing, one process: no rival",
        vias: [`http:${HOST}:${port}`],
        inside: [],
        target: source,
        pids: [started.pid],
      },
    ];
  },
};
