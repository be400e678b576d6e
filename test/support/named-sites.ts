import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, type NetConnectOpts, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createSecureContext } from "node:tls";
import { systemClock } from "../../src/core/clock.ts";
import { createTargetCertificate } from "../../src/testnet/target-certificate.ts";

/** Where a server of two sites listens: `ok.example`, and `blocked.example` with all names below it. */
export interface NamedSites {
  readonly name: string;
  readonly plain: NetConnectOpts;
  readonly tls: NetConnectOpts;
  /** Plain, behind a balancer that says where connections come from; absent where the server knows none. */
  readonly behindBalancer?: NetConnectOpts;
}

/** In every plain answer of the site that is to be refused. */
const BLOCKED = "SITE-BLOCKED";
/** Certificates are encrypted, so the site that is to be refused has a longer one. */
const LONG_ANSWER = 4_000;

/** Whether an answer, to plain bytes or to a hello, is of the site that is to be refused. */
export function isOfBlockedSite(answer: Buffer): boolean {
  return answer.includes(BLOCKED) || (answer[0] === 0x16 && answer.length > LONG_ANSWER);
}

/** Opens a connection to a server of sites; errors show as its end. */
export function connectTo(where: NetConnectOpts): Socket {
  return connect({ ...where, allowHalfOpen: true }).on("error", () => {});
}

async function certificates() {
  const many = Array.from({ length: 200 }, (_, index) => `a-name-that-makes-it-long-${index}.blocked.example`);
  return {
    ok: await createTargetCertificate(systemClock, ["ok.example"]),
    blocked: await createTargetCertificate(systemClock, ["blocked.example", "*.blocked.example", ...many]),
  };
}

/** A folder that is gone after the test. */
function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "byway-sites-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Starts nginx on sockets in a folder of its own. */
export async function startNginxSites(t: TestContext): Promise<NamedSites> {
  const path = folder(t);
  for (const [name, { certPem, keyPem }] of Object.entries(await certificates())) {
    writeFileSync(join(path, `${name}.pem`), `${certPem}\n${keyPem}`);
  }
  const site = (name: string, isDefault: boolean): string => `
    server {
      listen unix:${path}/plain ${isDefault ? "default_server" : ""};
      listen unix:${path}/balanced proxy_protocol ${isDefault ? "default_server" : ""};
      listen unix:${path}/tls ssl ${isDefault ? "default_server" : ""};
      server_name ${name}.example ${isDefault ? "" : `*.${name}.example`};
      ssl_certificate ${path}/${name}.pem;
      ssl_certificate_key ${path}/${name}.pem;
      location / { return 200 "SITE-${name.toUpperCase()}\\n"; }
    }`;
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  writeFileSync(
    join(path, "nginx.conf"),
    `daemon off; pid ${path}/pid; worker_processes 1; ${process.getuid?.() === 0 ? "user root;" : ""}
     events { worker_connections 256; }
     http {
       access_log off; server_tokens off; ssl_early_data on;
       ${temporary.map((kind) => `${kind}_temp_path ${path}/${kind};`).join(" ")}
       ${site("ok", true)} ${site("blocked", false)}
     }`,
  );
  const child = spawn("nginx", ["-c", join(path, "nginx.conf"), "-e", join(path, "error.log")], { stdio: "inherit" });
  t.after(() => ended(child));
  const all = ["plain", "balanced", "tls"].map((name) => join(path, name));
  await answering(child, all);
  const [plain = "", balanced = "", tls = ""] = all;
  return { name: "nginx", plain: { path: plain }, tls: { path: tls }, behindBalancer: { path: balanced } };
}

/** Starts Node's own servers. */
export async function startNodeSites(t: TestContext): Promise<NamedSites> {
  const path = folder(t);
  const answer = ({ headers }: IncomingMessage, response: ServerResponse): void => {
    const host = String(headers.host ?? "")
      .replace(/:.*$/, "")
      .toLowerCase()
      .replace(/\.$/, "");
    const isBlocked = host === "blocked.example" || host.endsWith(".blocked.example");
    response.end(isBlocked ? `${BLOCKED}\n` : "SITE-OK\n");
  };
  const { ok, blocked } = await certificates();
  const secure = createHttpsServer(
    {
      cert: ok.certPem,
      key: ok.keyPem,
      SNICallback: (name, done) => {
        const { certPem: cert, keyPem: key } = /(^|\.)blocked\.example$/.test(name) ? blocked : ok;
        done(null, createSecureContext({ cert, key }));
      },
    },
    answer,
  ).on("tlsClientError", () => {});
  const [plain, tls] = [join(path, "plain"), join(path, "tls")];
  for (const [server, at] of [
    [createHttpServer({ requireHostHeader: false }, answer), plain],
    [secure, tls],
  ] as const) {
    server.listen(at);
    await once(server, "listening");
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
  }
  return { name: "Node", plain: { path: plain }, tls: { path: tls } };
}

/** Starts a program that says the ports at which it serves plainly and over TLS, as two numbers in its first line. */
export async function startSitesProgram(
  t: TestContext,
  name: string,
  command: readonly [string, ...string[]],
): Promise<NamedSites> {
  const [program, ...args] = command;
  const path = folder(t);
  for (const [site, { certPem, keyPem }] of Object.entries(await certificates())) {
    writeFileSync(join(path, `${site}.pem`), `${certPem}\n${keyPem}`);
  }
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"], cwd: path });
  t.after(() => ended(child));
  const [line] = await once(child.stdout, "data");
  const [plain = 0, tls = 0] = String(line).trim().split(" ").map(Number);
  const at = (port: number): NetConnectOpts =>
    ({ host: "127.0.0.1", port }) satisfies Partial<AddressInfo> & { host: string };
  return { name, plain: at(plain), tls: at(tls) };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill();
  await exit;
}

/** Waits until the program takes connections at all these sockets. */
async function answering(child: ChildProcess, paths: readonly string[]): Promise<void> {
  const isUp = (path: string): Promise<boolean> =>
    new Promise((resolve) => {
      if (!existsSync(path)) return resolve(false);
      const socket = connect(path, () => resolve(true)).on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
  for (const path of paths) {
    while (!(await isUp(path))) {
      if (child.exitCode !== null) throw new Error(`${child.spawnfile} has ended by itself`);
      await new Promise(setImmediate);
    }
  }
}
