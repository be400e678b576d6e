import { createServer, type Socket } from "node:net";
import { argv } from "node:process";
import { createServer as createTlsServer } from "node:tls";
import { systemClock } from "../src/core/clock.ts";
import { createTargetCertificate } from "../src/testnet/target-certificate.ts";

// A cheap HTTP server: `GET /<n>` is answered with n bytes, `GET /reset` with some and a reset, a PUT is read to its end
// and answered then.
// Run as a child process: `bulk-source.ts HOST [tls]`; sends `{ address }` when it listens.

const CHUNK = Buffer.alloc(256 * 1024, "byway");
const [, , host = "127.0.0.1", secure] = argv;

function send(socket: Socket, total: number): void {
  let left = total;
  socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${left}\r\nconnection: close\r\n\r\n`);
  const more = (): void => {
    while (left > 0) {
      const part = left >= CHUNK.length ? CHUNK : CHUNK.subarray(0, left);
      left -= part.length;
      if (!socket.write(part)) {
        socket.once("drain", more);
        return;
      }
    }
    socket.end();
  };
  more();
}

function take(socket: Socket, total: number, first: number): void {
  let left = total - first;
  const done = (): unknown => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  if (left <= 0) done();
  socket.on("data", (chunk) => {
    left -= chunk.length;
    if (left <= 0) done();
  });
}

function serve(socket: Socket): void {
  socket.on("error", () => {});
  let head = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    socket.off("data", onData);
    const text = head.toString("latin1", 0, end);
    if (text.startsWith("GET /reset ")) {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\npart", () => socket.resetAndDestroy());
    } else if (text.startsWith("GET")) {
      socket.resume();
      send(socket, Number(/^GET \/(\d+)/.exec(text)?.[1] ?? 0));
    } else take(socket, Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0), head.length - end - 4);
  };
  socket.on("data", onData);
}

const certificate = secure === "tls" ? await createTargetCertificate(systemClock, [host]) : undefined;
const server =
  certificate === undefined
    ? createServer({ noDelay: true }, serve)
    : createTlsServer({ cert: certificate.certPem, key: certificate.keyPem, noDelay: true }, serve);
server.listen({ host, port: 0, backlog: 1_024 }, () => process.send?.({ address: { host, port: portOf() } }));

function portOf(): number {
  const address = server.address();
  return address === null || typeof address === "string" ? 0 : address.port;
}
