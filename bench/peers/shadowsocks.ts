import { freePort } from "../site.ts";
import type { Peer } from "./peer.ts";

const HOST = "127.0.0.1";

/** shadowsocks-libev, the C implementation: ss-local and ss-server with aes-256-gcm. */
export const shadowsocks: Peer = {
  name: "shadowsocks-libev",
  programs: { "ss-server": "shadowsocks-libev", "ss-local": "shadowsocks-libev" },
  async start(site, { source }) {
    const [server, local] = [await freePort(HOST), await freePort(HOST)];
    const common = ["-s", HOST, "-p", String(server), "-k", "bench", "-m", "aes-256-gcm", "--no-delay"];
    const serverProcess = await site.start("ss-server", common);
    await site.listening(serverProcess, { host: HOST, port: server });
    const localProcess = await site.start("ss-local", [...common, "-b", HOST, "-l", String(local)]);
    await site.listening(localProcess, { host: HOST, port: local });
    return [
      {
        name: "shadowsocks-libev",
        hops: 1,
        rival: true,
        remark: "aes-256-gcm, a pre-shared key and no handshake",
        vias: [`socks5:${HOST}:${local}`],
        inside: [],
        target: source,
        pids: [serverProcess.pid, localProcess.pid],
      },
    ];
  },
};
