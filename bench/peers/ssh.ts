import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { getuid } from "node:process";
import { findProgram } from "../load-program.ts";
import { freePort } from "../site.ts";
import type { Peer } from "./peer.ts";

const HOST = "127.0.0.1";
const PRIVSEP_FOLDER = "/run/sshd";

/** OpenSSH's `ssh -D` to an sshd of our own, with keys that live as long as the run. */
export const ssh: Peer = {
  name: "ssh -D",
  programs: { ssh: "openssh-client", "ssh-keygen": "openssh-client", sshd: "openssh-server" },
  async start(site, { source }) {
    // sshd of root insists on this folder, which its service would have made.
    if (getuid?.() === 0 && !existsSync(PRIVSEP_FOLDER)) {
      mkdirSync(PRIVSEP_FOLDER, { mode: 0o755 });
      site.defer(() => rmdirSync(PRIVSEP_FOLDER));
    }
    const [server, local] = [await freePort(HOST), await freePort(HOST)];
    const path = (name: string): string => join(site.folder, name);
    for (const name of ["host", "user"])
      await site.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path(name)]);
    const lines = [
      `ListenAddress ${HOST}`,
      `Port ${server}`,
      `HostKey ${path("host")}`,
      `AuthorizedKeysFile ${path("user.pub")}`,
      "PermitRootLogin prohibit-password",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "StrictModes no",
      "UsePAM no",
      "PidFile none",
      "UseDNS no",
      "AllowTcpForwarding yes",
      "Ciphers aes256-gcm@openssh.com",
    ];
    writeFileSync(path("sshd_config"), `${lines.join("\n")}\n`);
    const daemon = await site.start(findProgram("sshd") ?? "sshd", ["-D", "-e", "-f", path("sshd_config")]);
    await site.listening(daemon, { host: HOST, port: server });
    const options = {
      StrictHostKeyChecking: "no",
      UserKnownHostsFile: "/dev/null",
      GlobalKnownHostsFile: "/dev/null",
      IdentitiesOnly: "yes",
      BatchMode: "yes",
      Compression: "no",
      ExitOnForwardFailure: "yes",
      LogLevel: "ERROR",
    };
    const client = await site.start("ssh", [
      ...["-F", "none", "-N", "-i", path("user"), "-p", String(server), "-c", "aes256-gcm@openssh.com"],
      ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
      ...["-D", `${HOST}:${local}`, `${userInfo().username}@${HOST}`],
    ]);
    await site.listening(client, { host: HOST, port: local });
    return [
      {
        name: "ssh -D",
        hops: 1,
        rival: true,
        remark: "aes256-gcm@openssh.com, all streams in one connection",
        vias: [`socks5:${HOST}:${local}`],
        inside: [],
        target: source,
        pids: [daemon.pid, client.pid],
      },
    ];
  },
};
