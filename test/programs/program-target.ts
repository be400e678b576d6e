import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { WebSocketServer } from "ws";
import { systemClock } from "../../src/core/clock.ts";
import { createTargetCertificate } from "../../src/testnet/target-certificate.ts";
import { createGitServer } from "../support/git-server.ts";
import { sha256 } from "../support/origin.ts";
import { OriginServers } from "../support/origin-servers.ts";
import { SSH, type SshServer } from "../support/ssh-server.ts";
import { DNS_ADDRESS, dnsAnswer } from "./dns-answer.ts";
import { createGrpcServer, HTTP2 } from "./grpc-target.ts";
import type { TargetKind } from "./program-row.ts";
import { answerSvn } from "./svn-answers.ts";

/** What programs fetch, and from where each of them came. */
export interface ProgramTarget extends AsyncDisposable {
  readonly ports: Readonly<Record<TargetKind, number>>;
  /** PEM. */
  readonly certificate: string;
  /** SHA-256 of the bodies, in hex: of what everybody gets, of the sound file and of the list of references. */
  readonly digests: readonly string[];
  /** Whether a request of a row showed the target what is meant for the proxy. */
  wasToldName(id: string): boolean;
  /** Addresses that requests of a row came from. */
  sources(id: string): ReadonlySet<string>;
}

/** More that the target has, by path; where a file names others it needs the target's origin. */
export type TargetFiles = ReadonlyMap<string, (origin: string) => Buffer>;

/** What the target serves beside `payload`. */
export interface TargetParts {
  /** Has the Git repository `repo.git`. */
  readonly directory: string;
  readonly files: TargetFiles;
  readonly ssh: SshServer | undefined;
}

/** How each line of rsync's own begins (rsync 3, `clientserver.c`). */
const RSYNC = "@RSYNCD:";

/** How a Redis client asks for one value (RESP 2); the key is the row. */
const REDIS_GET = /^\*2\r\n\$3\r\nget\r\n\$\d+\r\n(\w+)\r\n$/i;

/** All rows' hosts are names below this one. */
export const SITE = "site.example";

/** A repository's references as Git's plain protocol has them, and as `git ls-remote` prints them. */
const REFS = Array.from(
  { length: 16_384 },
  (_, n) => `${sha256(Buffer.from([n & 255, n >> 8])).slice(0, 40)}\trefs/tags/${10_000 + n}\n`,
).join("");

/**
 * Starts a target at `ORIGIN_HOST` that tells rows apart by the first label of the host, on the raw port by the first
 * line. It answers every path with `payload`, but `/sound.wav`, the Git repository `/repo.git` of `directory`, the
 * references of one at `/`, and to paths of `files`. A WebSocket and a call of gRPC get `payload` as their one message, rsync a list of modules, a Redis
 * client the references,
 * and SSH a shell that knows its row by the variable `ROW`.
 */
export async function startProgramTarget(
  payload: Buffer,
  { directory, files, ssh }: TargetParts,
): Promise<ProgramTarget> {
  const seen = new Map<string, Set<string>>();
  const noteSource = (id: string, source: string): void => {
    const sources = seen.get(id) ?? new Set();
    seen.set(id, sources.add(source));
  };
  const note = (id: string, socket: Socket): void => noteSource(id, socket.remoteAddress ?? "");
  const told = new Set<string>();
  const git = createGitServer(directory);
  const sound = wav(payload);
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const id = String(request.headers.host).split(".")[0] ?? "";
    note(id, request.socket);
    if (request.headers["proxy-authorization"] !== undefined) told.add(id);
    if (answerSvn(request, response)) return;
    if (request.url?.startsWith("/repo.git") === true) git.emit("request", request, response);
    else if (request.url?.startsWith("/info/refs") === true) response.end(REFS);
    else if (files.has(request.url ?? "")) {
      // pip reads its index by this type alone.
      if (request.url?.startsWith("/simple/") === true) response.setHeader("content-type", "text/html");
      const scheme = request.socket instanceof TLSSocket ? "https" : "http";
      response.end(files.get(request.url ?? "")?.(`${scheme}://${request.headers.host}`));
    } else if (request.url?.startsWith("/apt/") === true) response.writeHead(404).end();
    else {
      const isSound = request.url === "/sound.wav";
      response.setHeader("content-type", isSound ? "audio/x-wav" : "application/octet-stream");
      response.setHeader("content-length", isSound ? sound.length : payload.length);
      response.end(request.method === "HEAD" ? undefined : isSound ? sound : payload);
    }
  };
  const { certPem, keyPem } = await createTargetCertificate(systemClock, [`*.${SITE}`]);
  const webSockets = new WebSocketServer({ noServer: true });
  const upgrade = (request: IncomingMessage, socket: Socket, head: Buffer): void => {
    const id = String(request.headers.host).split(".")[0] ?? "";
    note(id, request.socket);
    if (request.headers["proxy-authorization"] !== undefined) told.add(id);
    webSockets.handleUpgrade(request, socket, head, (connection) => {
      connection.send(payload);
      connection.close();
    });
  };
  const grpc = createGrpcServer(payload, (authority, source) => noteSource(authority.split(".")[0] ?? "", source));
  const raw = createTcpServer({ allowHalfOpen: true }, (socket) => {
    socket.once("data", (line: Buffer) => {
      const start = line.toString("latin1");
      if (start.startsWith(RSYNC)) return answerRsync(socket, (id) => note(id, socket));
      if (start.startsWith(HTTP2)) {
        socket.pause().unshift(line);
        return void grpc.emit("connection", socket);
      }
      if (start.startsWith(SSH) && ssh !== undefined) return ssh.serve(socket, line);
      const dns = dnsAnswer(line);
      if (dns !== undefined) {
        note(dns.name, socket);
        return void socket.end(dns.answer);
      }
      const key = REDIS_GET.exec(start)?.[1];
      if (key !== undefined) {
        note(key, socket);
        // redis-cli ends the line.
        return void socket.end(`$${REFS.length - 1}\r\n${REFS.slice(0, -1)}\r\n`);
      }
      note(start.trim(), socket);
      socket.end(payload);
    });
  });
  const servers: Readonly<Record<TargetKind, Server>> = {
    http: createServer(answer),
    https: createSecureServer({ cert: certPem, key: keyPem }, answer),
    raw,
  };
  const open = new OriginServers();
  const ports = { http: 0, https: 0, raw: 0 };
  for (const server of [servers.http, servers.https]) server.on("upgrade", upgrade);
  for (const kind of ["http", "https", "raw"] as const) ports[kind] = (await open.listen(servers[kind])).port;
  return {
    ports,
    certificate: certPem,
    digests: [
      payload,
      sound,
      Buffer.from(REFS),
      Buffer.from(`${DNS_ADDRESS}\n`),
      ...[...files.values()].map((file) => file("")),
    ].map(sha256),
    wasToldName: (id) => told.has(id),
    sources: (id) => new Set([...(seen.get(id) ?? []), ...(ssh?.sources(id) ?? [])]),
    [Symbol.asyncDispose]: () => open[Symbol.asyncDispose](),
  };
}

/** Answers a client of an rsync daemon after its first line: the second names the module, which is the row. */
function answerRsync(socket: Socket, note: (id: string) => void): void {
  socket.write(`${RSYNC} 31.0\n`);
  socket.once("data", (line: Buffer) => {
    note(line.toString("latin1").trim());
    socket.end(`${REFS}${RSYNC} EXIT\n`);
  });
}

/** `samples` as a sound file: 16-bit little-endian, one channel, 44,100 Hz. */
function wav(samples: Buffer): Buffer {
  const head = Buffer.alloc(44);
  head.write("RIFF", 0, "latin1");
  head.writeUInt32LE(36 + samples.length, 4);
  head.write("WAVEfmt ", 8, "latin1");
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(44_100, 24);
  head.writeUInt32LE(88_200, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36, "latin1");
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}
