import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeCertificate } from "../certificate.ts";
import { freePort, type Site, type Started } from "../site.ts";
import type { Peer } from "./peer.ts";

const HOST = "127.0.0.1";

async function startOne(site: Site, name: string, lines: readonly string[]): Promise<Started> {
  const file = join(site.folder, `${name}.conf`);
  const common = ["foreground = yes", "pid =", "syslog = no", "debug = err"];
  const sockets = ["l", "r", "a"].map((which) => `socket = ${which}:TCP_NODELAY=1`);
  const suite = ["sslVersion = TLSv1.3", "ciphersuites = TLS_AES_256_GCM_SHA384"];
  writeFileSync(file, [...common, ...sockets, `[${name}]`, ...suite, ...lines, ""].join("\n"));
  return site.start("stunnel4", [file]);
}

/** A pair of stunnels: TCP in, TLS 1.3 between them, TCP out to the source. */
export const stunnel: Peer = {
  name: "stunnel pair",
  programs: { stunnel4: "stunnel4" },
  async start(site, { source }) {
    const { cert, key } = await writeCertificate(site);
    const [server, client] = [await freePort(HOST), await freePort(HOST)];
    const far = await startOne(site, "far", [
      `accept = ${HOST}:${server}`,
      `connect = ${source.host}:${source.port}`,
      `cert = ${cert}`,
      `key = ${key}`,
    ]);
    await site.listening(far, { host: HOST, port: server });
    const near = await startOne(site, "near", [
      "client = yes",
      `accept = ${HOST}:${client}`,
      `connect = ${HOST}:${server}`,
      `CAfile = ${cert}`,
      "verifyPeer = yes",
    ]);
    await site.listening(near, { host: HOST, port: client });
    return [
      {
        name: "stunnel pair",
        hops: 1,
        rival: true,
        remark: "TLS 1.3 AES-256-GCM, a fixed target: no SOCKS exchange, one handshake a stream",
        vias: [`direct:${HOST}:${client}`],
        inside: [],
        target: source,
        pids: [far.pid, near.pid],
      },
    ];
  },
};
