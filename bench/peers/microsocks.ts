import { freePort } from "../site.ts";
import type { Peer } from "./peer.ts";

const HOST = "127.0.0.1";

/** microsocks, a thread for each connection: what a SOCKS proxy costs that encrypts nothing. */
export const microsocks: Peer = {
  name: "microsocks",
  programs: { microsocks: "microsocks" },
  async start(site, { source }) {
    const port = await freePort(HOST);
    const started = await site.start("microsocks", ["-i", HOST, "-p", String(port)]);
    await site.listening(started, { host: HOST, port });
    return [
      {
        name: "microsocks",
        hops: 1,
        rival: false,
        remark: "encrypts nothing, one process: a ceiling, no rival",
        vias: [`socks5:${HOST}:${port}`],
        inside: [],
        target: source,
        pids: [started.pid],
      },
    ];
  },
};
