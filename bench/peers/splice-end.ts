import { readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { argv } from "node:process";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";

// One end of a plain node:tls splice: `node splice-end.ts near|far PORT TARGET_HOST TARGET_PORT CERT KEY`.
// The near end takes TCP and dials TLS, the far end takes TLS and dials TCP; no more is in between than pipe().

const [, , side = "", port = "", host = "", targetPort = "", cert = "", key = ""] = argv;
const target = { host, port: Number(targetPort), noDelay: true };
const profile = { minVersion: "TLSv1.3", ciphers: "TLS_AES_256_GCM_SHA384" } as const;

function join(one: Socket, other: Socket): void {
  one.on("error", () => other.destroy());
  other.on("error", () => one.destroy());
  one.pipe(other).pipe(one);
}

const near = (socket: Socket): void =>
  join(socket, connectTls({ ...target, ...profile, ca: readFileSync(cert), checkServerIdentity: () => undefined }));
const far = (socket: Socket): void => join(socket, connect(target));
const options = { noDelay: true, allowHalfOpen: true };
const server =
  side === "near"
    ? createServer(options, near)
    : createTlsServer({ ...options, ...profile, cert: readFileSync(cert), key: readFileSync(key) }, far);
server.listen(Number(port), "127.0.0.1", () => console.log("ready"));
