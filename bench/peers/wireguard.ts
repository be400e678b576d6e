import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { getuid, pid as ownPid } from "node:process";
import { startSource } from "../load-program.ts";
import type { Site, Started } from "../site.ts";
import type { Peer } from "./peer.ts";

const PORT = 9099;
const WIREGUARD_PORT = 51820;

interface End {
  readonly namespace: string;
  readonly device: string;
  /** Its end of the wire between the two namespaces. */
  readonly veth: string;
  readonly outer: string;
  readonly inner: string;
}

// What a datagram of WireGuard's adds to a packet: IPv6 and UDP headers, its own header and tag.
const OVERHEAD_BYTES = 80;

function ends(mtu: number): readonly [End, End] {
  // An interface's name has 15 characters at most, and two pairs may run at once.
  const unique = `${ownPid}${mtu > 1500 ? "b" : "a"}`;
  const end = (side: string, last: number): End => ({
    namespace: `byway-bench-${unique}${side}`,
    device: `bwg${unique}${side}`,
    veth: `bwv${unique}${side}`,
    outer: `10.201.0.${last}`,
    inner: `10.202.0.${last}`,
  });
  return [end("c", 1), end("s", 2)];
}

async function startEnd(site: Site, end: End): Promise<Started> {
  const started = await site.start("ip", ["netns", "exec", end.namespace, "wireguard-go", "-f", end.device]);
  const isThere = (): Promise<boolean> =>
    site.run("ip", ["-n", end.namespace, "link", "show", end.device]).then(
      () => true,
      () => false,
    );
  await site.until(started, isThere, 10_000);
  return started;
}

async function keys(site: Site, name: string): Promise<{ readonly file: string; readonly publicKey: string }> {
  const file = join(site.folder, `${name}.key`);
  writeFileSync(file, await site.run("wg", ["genkey"]), { mode: 0o600 });
  const publicKey = await site.run("sh", ["-c", 'wg pubkey < "$1"', "sh", file]);
  return { file, publicKey: publicKey.trim() };
}

/**
 * Two wireguard-go in network namespaces of their own, with the source in the far one and the load in the near one.
 * `mtu` is of the packets inside, in bytes.
 */
export const wireguardPeer = (name: string, mtu: number, remark: string): Peer => ({
  name,
  programs: { "wireguard-go": "wireguard-go", wg: "wireguard-tools", ip: "iproute2" },
  obstacle: () => (getuid?.() === 0 ? undefined : "network namespaces need root"),
  async start(site, { load }) {
    const [near, far] = ends(mtu);
    for (const { namespace } of [near, far]) {
      await site.run("ip", ["netns", "add", namespace]);
      // Not by site.run, which an abort forbids.
      site.defer(() => new Promise((resolve) => execFile("ip", ["netns", "delete", namespace], () => resolve())));
    }
    const link = ["link", "add", near.veth, "netns", near.namespace, "type", "veth"];
    await site.run("ip", [...link, "peer", "name", far.veth, "netns", far.namespace]);
    const secret = { [near.namespace]: await keys(site, "near"), [far.namespace]: await keys(site, "far") };
    const pids: number[] = [];
    for (const [mine, other] of [
      [near, far],
      [far, near],
    ] as const) {
      const inside = (...args: string[]): Promise<string> => site.run("ip", ["-n", mine.namespace, ...args]);
      await inside("address", "add", `${mine.outer}/24`, "dev", mine.veth);
      await inside("link", "set", "lo", "up");
      await inside("link", "set", mine.veth, "mtu", String(mtu + OVERHEAD_BYTES), "up");
      pids.push((await startEnd(site, mine)).pid);
      await inside("address", "add", `${mine.inner}/24`, "dev", mine.device);
      const wg = ["netns", "exec", mine.namespace, "wg", "set", mine.device];
      const own = ["listen-port", String(WIREGUARD_PORT), "private-key", secret[mine.namespace]?.file ?? ""];
      const peer = ["peer", secret[other.namespace]?.publicKey ?? "", "allowed-ips", `${other.inner}/32`];
      await site.run("ip", [...wg, ...own, ...peer, "endpoint", `${other.outer}:${WIREGUARD_PORT}`]);
      await inside("link", "set", mine.device, "mtu", String(mtu), "up");
    }
    const target = { host: far.inner, port: PORT };
    await startSource(site, load, target, ["ip", "netns", "exec", far.namespace]);
    return [
      {
        name,
        hops: 1,
        rival: true,
        remark: `ChaCha20-Poly1305, carries packets, no SOCKS exchange; ${remark}`,
        vias: [`direct:${target.host}:${target.port}`],
        inside: ["ip", "netns", "exec", near.namespace],
        target,
        pids,
      },
    ];
  },
});
