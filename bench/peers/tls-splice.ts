import { execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { writeCertificate } from "../certificate.ts";
import { freePort } from "../site.ts";
import type { Peer } from "./peer.ts";

const HOST = "127.0.0.1";
const END = fileURLToPath(new URL("splice-end.ts", import.meta.url));

/** Two small Node programs that do no more than TLS: what Byway's runtime can do at best without HTTP/2 and SOCKS. */
export const tlsSplice: Peer = {
  name: "node:tls splice",
  programs: {},
  async start(site, { source }) {
    const { cert, key } = await writeCertificate(site);
    const [server, client] = [await freePort(HOST), await freePort(HOST)];
    const far = await site.start(
      execPath,
      [END, "far", String(server), source.host, String(source.port), cert, key],
      true,
    );
    const near = await site.start(execPath, [END, "near", String(client), HOST, String(server), cert, key], true);
    return [
      {
        name: "node:tls splice",
        hops: 1,
        rival: false,
        remark: "TLS 1.3 AES-256-GCM and pipe(), a fixed target: the ceiling of Byway's own runtime",
        vias: [`direct:${HOST}:${client}`],
        inside: [],
        target: source,
        pids: [far.pid, near.pid],
      },
    ];
  },
};
