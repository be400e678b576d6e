import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { argv, exit, stdin } from "node:process";
import { encodeSocks5Credentials, encodeSocks5Greeting, encodeSocks5Request } from "../src/wire/socks5-client.ts";

// What load.c does, for machines without a compiler: the same words, the same line of JSON. It costs far more, so the
// report marks a run with it.

const [, , how = "", host = "", port = "0", path = "/", total = "1", width = "1", ...vias] = argv;
const PAGE = Buffer.alloc(1 << 20, "byway\n");
const target = { host, port: Number(port) };
const request = Buffer.from(`GET ${path} HTTP/1.1\r\nhost: ${host}:${port}\r\n\r\n`);

function answer(socket: Socket, head: string): void {
  if (head.startsWith("GET /idle")) {
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    return;
  }
  let left = Number(/^GET \/(\d+)/.exec(head)?.[1] ?? 0);
  socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${left}\r\nconnection: close\r\n\r\n`);
  const send = (): void => {
    while (left > 0) {
      const part = left >= PAGE.length ? PAGE : PAGE.subarray(0, left);
      left -= part.length;
      if (!socket.write(part)) {
        socket.once("drain", send);
        return;
      }
    }
    socket.end();
  };
  send();
}

function serve(): void {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    socket.once("data", (head) => answer(socket, head.toString("latin1")));
    socket.on("end", () => socket.end());
  });
  server.listen(Number(port), host, 4096, () => console.log("ready"));
}

/** Bytes of a socket in pieces of known size, until the body, which is only counted. */
class Reader {
  readonly socket: Socket;
  #kept: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};
  #over: Error | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#kept = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
      this.#wake();
    });
    const end = (error: Error): void => {
      this.#over ??= error;
      this.#wake();
    };
    socket.on("error", end);
    socket.on("end", () => end(new Error("ended before its answer")));
  }

  /** Takes as many bytes as `size` says of what is there; it says undefined for "not yet". */
  async take(size: (kept: Buffer) => number | undefined): Promise<Buffer> {
    for (;;) {
      const count = size(this.#kept);
      if (count !== undefined && count <= this.#kept.length) {
        const taken = this.#kept.subarray(0, count);
        this.#kept = this.#kept.subarray(count);
        return taken;
      }
      if (this.#over !== undefined) throw this.#over;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Counts what is left until the end. */
  async count(): Promise<number> {
    let bytes = this.#kept.length;
    this.socket.removeAllListeners("data");
    this.socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    if (this.#over === undefined) await once(this.socket, "end");
    return bytes;
  }
}

const twoBytes = (): number => 2;
const wholeHead = (kept: Buffer): number | undefined => {
  const end = kept.indexOf("\r\n\r\n");
  return end === -1 ? undefined : end + 4;
};
const wholeReply = (kept: Buffer): number | undefined => {
  if (kept.length < 5) return undefined;
  return kept[3] === 1 ? 10 : kept[3] === 4 ? 22 : 7 + (kept[4] ?? 0);
};

function expect(holds: boolean): void {
  if (!holds) throw new Error("refused");
}

async function throughSocks(reader: Reader, user: string | undefined, isOptimistic: boolean): Promise<void> {
  const greeting = encodeSocks5Greeting([user === undefined ? 0 : 2]);
  const credentials = user === undefined ? [] : [encodeSocks5Credentials({ user, password: "x" })];
  const ask = encodeSocks5Request("connect", target);
  if (isOptimistic) reader.socket.write(Buffer.concat([greeting, ...credentials, ask, request]));
  const say = (message: Uint8Array): unknown => isOptimistic || reader.socket.write(message);
  say(greeting);
  expect((await reader.take(twoBytes))[1] !== 255);
  for (const message of credentials) {
    say(message);
    expect((await reader.take(twoBytes))[1] === 0);
  }
  say(ask);
  expect((await reader.take(wholeReply))[1] === 0);
  say(request);
}

async function one(via: string): Promise<number> {
  const [kind = "", viaHost = "", viaPort = "", user] = via.split(":");
  const socket = connect({ host: viaHost, port: Number(viaPort), noDelay: true });
  const reader = new Reader(socket);
  if (kind.startsWith("socks5")) await throughSocks(reader, user, kind === "socks5-optimistic");
  else {
    if (kind === "http") {
      socket.write(`CONNECT ${host}:${port} HTTP/1.1\r\nhost: ${host}:${port}\r\n\r\n`);
      expect((await reader.take(wholeHead)).toString("latin1", 8, 12) === " 200");
    }
    socket.write(request);
  }
  const head = (await reader.take(wholeHead)).toString("latin1");
  expect(head.startsWith(" 200", 8));
  if (how === "hold") return 0;
  const bytes = await reader.count();
  socket.destroy();
  if (bytes !== Number(/content-length: (\d+)/.exec(head)?.[1])) throw new Error("cut short");
  return bytes;
}

async function load(): Promise<void> {
  let [begun, failed, bytes, failure] = [0, 0, 0, ""];
  const timesMs: number[] = [];
  const startMs = performance.now();
  const next = async (): Promise<void> => {
    while (begun < Number(total)) {
      const via = vias[begun % vias.length] ?? "";
      begun += 1;
      const fromMs = performance.now();
      try {
        const brought = await one(via); // Not "+=" across an await, which would lose what others add meanwhile.
        bytes += brought;
        timesMs.push(performance.now() - fromMs);
      } catch (error) {
        failed += 1;
        failure ||= error instanceof Error ? error.message : String(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Number(width) }, next));
  const seconds = (performance.now() - startMs) / 1000;
  timesMs.sort((a, b) => a - b);
  const at = (share: number): number => timesMs[Math.floor(share * (timesMs.length - 1))] ?? 0;
  const times = { p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) };
  console.log(JSON.stringify({ streams: timesMs.length, failed, bytes, seconds, ...times, failure }));
  if (how === "hold") await once(stdin.resume(), "end");
  exit();
}

if (how === "source") serve();
else await load();
