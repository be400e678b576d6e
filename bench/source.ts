import { createServer } from "node:net";
import { argv } from "node:process";

// A cheap source: answers `GET /<n>` with n bytes and closes. Run as `node bench/source.ts ADDRESS PORT`.

const CHUNK = Buffer.alloc(256 * 1024, "byway");
const [, , host = "127.0.0.1", port = "0"] = argv;

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => {});
  socket.once("data", (head) => {
    let left = Number(/^GET \/(\d+)/.exec(head.toString("latin1"))?.[1] ?? 0);
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${left}\r\nconnection: close\r\n\r\n`);
    const send = (): void => {
      while (left > 0) {
        const part = left >= CHUNK.length ? CHUNK : CHUNK.subarray(0, left);
        left -= part.length;
        if (!socket.write(part)) {
          socket.once("drain", send);
          return;
        }
      }
      socket.end();
    };
    send();
  });
});
server.listen(Number(port), host, () => process.send?.("ready"));
