import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** The processes that `pid` has started and that live; Linux only. */
export function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

/** Whether a process lives (a dead one that nobody has waited for does not); Linux only. */
export function lives(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** How many sockets a process holds, listening ones among them; Linux only. */
export function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((descriptor) => {
    try {
      return readlinkSync(join(folder, descriptor)).startsWith("socket:");
    } catch {
      return false;
    }
  }).length;
}

/** An IP socket of a process. */
export interface IpSocket {
  readonly protocol: "tcp" | "tcp6" | "udp" | "udp6";
  readonly port: number;
}

const TCP_ESTABLISHED = "01";
const TCP_LISTEN = "0A";

/** Where a process takes what others send it: its listening TCP sockets, and its UDP sockets; Linux only. */
export function openPortsOf(pid: number): readonly IpSocket[] {
  return ipSocketsOf(pid)
    .filter(({ protocol, state }) => protocol.startsWith("udp") || state === TCP_LISTEN)
    .map(({ protocol, port }) => ({ protocol, port }));
}

/** How many TCP connections a process has to `port`; Linux only. */
export function connectionsTo(pid: number, port: number): number {
  return ipSocketsOf(pid).filter(({ state, farPort }) => state === TCP_ESTABLISHED && farPort === port).length;
}

/** The rows of proc_net_tcp(5) that belong to descriptors of `pid`. */
function ipSocketsOf(pid: number): readonly (IpSocket & { readonly state: string; readonly farPort: number })[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).map((descriptor) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1];
      } catch {
        return undefined;
      }
    }),
  );
  const portOf = (address: string): number => Number.parseInt(address.split(":")[1] ?? "", 16);
  return (["tcp", "tcp6", "udp", "udp6"] as const).flatMap((protocol) =>
    readFileSync(`/proc/${pid}/net/${protocol}`, "utf8")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , , , , , , , inode]) => inode !== undefined && inodes.has(inode))
      .map(([, near = "", far = "", state = ""]) => ({ protocol, port: portOf(near), state, farPort: portOf(far) })),
  );
}

/** Bytes of memory that a process has resident; Linux only. */
export function processMemory(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}
