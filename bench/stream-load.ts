import { connect } from "node:net";
import { argv } from "node:process";
import { encodeSocks5Credentials, encodeSocks5Greeting, encodeSocks5Request } from "../src/wire/socks5-client.ts";

// Opens TOTAL streams, WIDTH at a time, through a SOCKS5 proxy, each with one small request, and prints streams a second.
// Run as `node bench/stream-load.ts PROXY_PORT USER TARGET_HOST TARGET_PORT TOTAL WIDTH`.

const [, , proxyPort = "", user = "", host = "", port = "", total = "3000", width = "32"] = argv;

// All three messages and the request at once: the proxy takes optimistic data, so that only Byway's own round trips count.
const opening = Buffer.concat([
  encodeSocks5Greeting([2]),
  encodeSocks5Credentials({ user, password: "x" }),
  encodeSocks5Request("connect", { host, port: Number(port) }),
  Buffer.from(`GET /100 HTTP/1.1\r\nhost: ${host}\r\n\r\n`),
]);

function one(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port: Number(proxyPort), noDelay: true });
    let bytes = 0;
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      bytes += chunk.length;
    });
    socket.on("end", () => socket.end());
    socket.on("close", () => (bytes > 100 ? resolve() : reject(new Error(`a stream brought ${bytes} bytes`))));
    socket.write(opening);
  });
}

let left = Number(total);
const startMs = performance.now();
await Promise.all(
  Array.from({ length: Number(width) }, async () => {
    while (left-- > 0) await one();
  }),
);
process.stdout.write(`${(Number(total) / ((performance.now() - startMs) / 1000)).toFixed(0)}\n`);
