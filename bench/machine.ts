import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { version } from "node:process";
import { promisify } from "node:util";
import { findProgram } from "./load-program.ts";
import type { Machine } from "./results.ts";

const run = promisify(execFile);

const VERSION_OF: Readonly<Record<string, readonly [string, ...string[]]>> = {
  "shadowsocks-libev": ["ss-server", "-h"],
  stunnel: ["stunnel4", "-version"],
  OpenSSH: ["ssh", "-V"],
  Tor: ["tor", "--version"],
  "wireguard-go": ["wireguard-go", "--version"],
};

async function versionOf([program, ...args]: readonly [string, ...string[]]): Promise<string | undefined> {
  if (findProgram(program) === undefined) return undefined;
  const said = await run(program, args).catch((error: { readonly stdout?: string; readonly stderr?: string }) => error);
  return /\d+\.\d+[\w.]*/.exec(`${said.stdout ?? ""}${said.stderr ?? ""}`)?.[0]?.replace(/\.$/, "");
}

/** What this machine is, and the versions of the peers on it. */
export async function describeMachine(): Promise<Machine> {
  const versions: Record<string, string> = {};
  for (const [name, command] of Object.entries(VERSION_OF)) {
    const found = await versionOf(command);
    if (found !== undefined) versions[name] = found;
  }
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: release(),
    node: version,
    congestionControl: readFileSync("/proc/sys/net/ipv4/tcp_congestion_control", "utf8").trim(),
    loadBefore: loadavg()[0] ?? Number.NaN,
    versions,
  };
}

/** The commit that is measured, with a plus when files differ from it. */
export async function commitHere(folder: string): Promise<string> {
  try {
    const { stdout } = await run("git", ["describe", "--always", "--abbrev=10", "--exclude=*", "--dirty=+"], {
      cwd: folder,
    });
    return stdout.trim();
  } catch {
    return "unknown";
  }
}
