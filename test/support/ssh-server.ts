import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { withoutPrograms } from "./run-program.ts";

/** How each line of SSH's own begins (RFC 4253, section 4.2). */
export const SSH = "SSH-";

/** Where OpenSSH looks, as root, for the empty directory of its unprivileged part; a boot makes it. */
const UNPRIVILEGED = "/run/sshd";

/** Debian's OpenSSH, one process for each connection, with keys of its own. */
export interface SshServer {
  /** Settings for `ssh -F`, with which it logs in. They send the variable `ROW`. */
  readonly settings: string;
  /** Serves a connection whose first bytes are read. */
  serve(socket: Socket, first: Buffer): void;
  /** Addresses of the clients that logged in with this value of `ROW`. */
  sources(row: string): readonly string[];
}

/** Makes the keys in `directory`. Commands of clients run in `served`, which is their home. Undefined without OpenSSH's programs. */
export function createSshServer(directory: string, served: string): SshServer | undefined {
  if (withoutPrograms("ssh", "sshd", "ssh-keygen") !== false) return undefined;
  const { username, uid } = userInfo();
  if (uid === 0) mkdirSync(UNPRIVILEGED, { recursive: true, mode: 0o755 });
  mkdirSync(directory);
  const own = (name: string): string => join(directory, name);
  for (const name of ["host", "user"]) {
    const { status, stderr } = spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", own(name)]);
    if (status !== 0) throw new Error(`ssh-keygen: ${stderr}`);
  }
  copyFileSync(own("user.pub"), own("authorized"));
  writeFileSync(own("known"), `* ${readFileSync(own("host.pub"), "utf8")}`);
  writeFileSync(
    own("client.conf"),
    `BatchMode yes
IdentityFile ${own("user")}
IdentitiesOnly yes
SendEnv ROW
User ${username}
UserKnownHostsFile ${own("known")}
`,
  );
  writeFileSync(
    own("server.conf"),
    `AcceptEnv ROW
AuthorizedKeysFile ${own("authorized")}
HostKey ${own("host")}
PasswordAuthentication no
StrictModes no
Subsystem sftp /usr/lib/openssh/sftp-server
UsePAM no
`,
  );
  const addresses: string[] = [];
  const rowFile = (connection: number): string => own(`row-${connection}`);
  return {
    settings: own("client.conf"),
    serve(socket, first) {
      const connection = addresses.push(socket.remoteAddress ?? "") - 1;
      // The row is written before the command says anything, so whoever has its bytes finds the row.
      const command = `printf %s "$ROW" >'${rowFile(connection)}'; export HOME='${served}'; cd; eval "$SSH_ORIGINAL_COMMAND"`;
      const args = ["-i", "-e", "-f", own("server.conf"), "-o", `ForceCommand=${command}`];
      // OpenSSH starts itself anew, and so wants to know its whole path.
      const program = (process.env.PATH ?? "").split(":").map((folder) => join(folder, "sshd"));
      const server = spawn(program.find(existsSync) ?? "sshd", args, { stdio: ["pipe", "pipe", "ignore"] });
      server.on("error", () => socket.destroy());
      server.on("close", () => socket.destroySoon());
      socket.on("close", () => server.kill());
      server.stdin.on("error", () => {});
      server.stdin.write(first);
      socket.pipe(server.stdin);
      server.stdout.pipe(socket);
    },
    sources: (row) => addresses.filter((_, at) => existsSync(rowFile(at)) && readFileSync(rowFile(at), "utf8") === row),
  };
}
