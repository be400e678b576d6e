import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { formatHostPort, type HostPort } from "../src/core/network-address.ts";
import { encodeSocks5Datagram } from "../src/wire/socks5-datagram.ts";
import { askSocks, socksOpening } from "../test/support/socks-client.ts";

/** What the load of a soak is told. */
export interface SoakTargets {
  readonly proxy: HostPort;
  /** A `bulk-source.ts`. */
  readonly source: HostPort;
  /** Nothing listens here, and the exits may try it. */
  readonly refusing: HostPort;
  /** Answers each datagram with itself. */
  readonly echo: HostPort;
  /** User names of the proxy. */
  readonly users: readonly string[];
}

/**
 * One way in which an app uses a stream. Resolves with the bytes that came when it went as it must, rejects otherwise.
 * `stopping` cuts waits short.
 */
export type SoakWay = (targets: SoakTargets, user: string, stopping: AbortSignal) => Promise<number>;

const SMALL_BYTES = 100;
const LARGE_BYTES = 1_000_000;
/** No way may take longer: what hangs is an error, not a wait. */
const PATIENCE_MS = 60_000;
const SHORTEST_IDLE_MS = 5_000;
const IDLE_SPREAD_MS = 40_000;
const DATAGRAMS = 10;
const DATAGRAM_BYTES = 500;
const RESEND_MS = 500;
const PROHIBITED: HostPort = { host: "10.0.0.1", port: 80 };

/** All ways, by the name under which they are counted. */
export const SOAK_WAYS: Readonly<Record<string, SoakWay>> = {
  "small, SOCKS5": (targets, user) => {
    const opening = Buffer.concat([socksOpening(user, "connect", targets.source), get(SMALL_BYTES)]);
    return readToEnd(dial(targets.proxy), opening, SMALL_BYTES);
  },
  "small, CONNECT": (targets, user) => {
    const to = formatHostPort(targets.source);
    const head = `CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n${authorization(user)}\r\n`;
    return readToEnd(dial(targets.proxy), Buffer.concat([Buffer.from(head), get(SMALL_BYTES)]), SMALL_BYTES);
  },
  "small, plain HTTP": (targets, user) => {
    const to = formatHostPort(targets.source);
    const head = `GET http://${to}/${SMALL_BYTES} HTTP/1.1\r\nHost: ${to}\r\nConnection: close\r\n${authorization(user)}\r\n`;
    return readToEnd(dial(targets.proxy), Buffer.from(head), SMALL_BYTES);
  },
  "reset by the app in mid-stream": async (targets, user) => {
    const { socket } = await askSocks(targets.proxy, user, "connect", targets.source);
    socket.write(get(LARGE_BYTES));
    const [chunk] = (await inTime(once(socket.resume(), "data"))) as [Buffer];
    socket.resetAndDestroy();
    return chunk.length;
  },
  "reset by the app before the answer": async (targets, user) => {
    const socket = dial(targets.proxy);
    await inTime(once(socket, "connect"));
    await new Promise((resolve) => socket.write(socksOpening(user, "connect", targets.source), resolve));
    socket.resetAndDestroy();
    return 0;
  },
  "reset by the target": async (targets, user) => {
    const { socket } = await askSocks(targets.proxy, user, "connect", targets.source);
    let ended = false;
    let bytes = 0;
    socket.on("end", () => {
      ended = true;
      socket.destroy();
    });
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.resume().write("GET /reset HTTP/1.1\r\n\r\n");
    await inTime(closed);
    if (ended) throw new Error("a reset looked like an end");
    return bytes;
  },
  "target refuses": (targets, user) => refused(targets.proxy, user, targets.refusing, 5),
  "target prohibited": (targets, user) => refused(targets.proxy, user, PROHIBITED, 2),
  "UDP association": async (targets, user) => {
    const { socket, bound } = await askSocks(targets.proxy, user, "udp-associate", { host: "0.0.0.0", port: 0 });
    const app = createSocket("udp4");
    let answers = 0;
    try {
      const enough = new Promise<void>((resolve) => {
        app.on("message", () => {
          answers += 1;
          if (answers >= DATAGRAMS) resolve();
        });
      });
      const datagram = encodeSocks5Datagram(targets.echo, Buffer.alloc(DATAGRAM_BYTES, "byway"));
      const send = (): void => {
        for (let n = 0; n < DATAGRAMS; n += 1) app.send(datagram, bound.port, bound.host);
      };
      send();
      // UDP may lose some.
      const again = setInterval(send, RESEND_MS);
      await inTime(enough).finally(() => clearInterval(again));
      return answers * DATAGRAM_BYTES;
    } finally {
      app.close();
      socket.destroy();
    }
  },
  "idle for a while": async (targets, user, stopping) => {
    const { socket } = await askSocks(targets.proxy, user, "connect", targets.source);
    socket.on("error", () => {});
    await rest(SHORTEST_IDLE_MS + Math.random() * IDLE_SPREAD_MS, stopping);
    return readToEnd(socket, get(SMALL_BYTES), SMALL_BYTES);
  },
};

/** Waits `ms`, or until `stopping` aborts. */
export function rest(ms: number, stopping: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stopping.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (stopping.aborted) done();
    else stopping.addEventListener("abort", done);
  });
}

function get(bytes: number): Buffer {
  return Buffer.from(`GET /${bytes} HTTP/1.1\r\n\r\n`);
}

function authorization(user: string): string {
  return `Proxy-Authorization: Basic ${Buffer.from(`${user}:x`).toString("base64")}\r\n`;
}

function dial(to: HostPort): Socket {
  return connect({ ...to, noDelay: true });
}

async function refused(proxy: HostPort, user: string, target: HostPort, reply: number): Promise<number> {
  try {
    const { socket } = await inTime(askSocks(proxy, user, "connect", target));
    socket.destroy();
  } catch (error) {
    if ((error as Error).message === `SOCKS reply ${reply}`) return 0;
    throw error;
  }
  throw new Error("was not refused");
}

/** Sends `opening` and reads to the end, which must come in order and after `bytes` at least. */
function readToEnd(socket: Socket, opening: Uint8Array, bytes: number): Promise<number> {
  let heard = 0;
  let ended = false;
  const over = new Promise<number>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.length;
    });
    socket.on("end", () => {
      ended = true;
      socket.end();
    });
    socket.on("close", () => {
      if (ended && heard > bytes) resolve(heard);
      else reject(new Error(ended ? `ended after ${heard} bytes` : "closed without an end"));
    });
  });
  socket.resume().write(opening);
  return inTime(over).finally(() => socket.destroy());
}

function inTime<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("hangs")), PATIENCE_MS);
    work.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}
