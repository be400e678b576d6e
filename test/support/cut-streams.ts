import { once } from "node:events";
import net, { type Socket } from "node:net";
import { systemClock } from "../../src/core/clock.ts";
import { systemCode } from "../../src/core/errors.ts";
import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import { askSocks } from "./socks-client.ts";

/** How an app uses the proxy. */
export type Way = "CONNECT" | "SOCKS" | "plain HTTP";
export const WAYS: readonly Way[] = ["CONNECT", "SOCKS", "plain HTTP"];

const PART = "a part of the body";
const DOWNLOAD = "GET / HTTP/1.0\r\n\r\n";
const UPLOAD = `PUT / HTTP/1.0\r\n\r\n${PART}`;

/** How a stream that was open was seen to end: `end` for FIN, else a system code such as ECONNRESET. */
export interface SeenEnd {
  /** Which stream, at which end. */
  readonly what: string;
  readonly ending: string;
}

/** A target that answers with a part of a body without a length, takes a part of one, and never ends anything. */
export interface OpenTarget extends AsyncDisposable {
  readonly address: HostPort;
  /** How each of its connections ended, in the order in which they came. */
  readonly endings: readonly Promise<string>[];
}

/** Starts one at a free port of `host`. */
export async function startOpenTarget(host: string): Promise<OpenTarget> {
  const endings: Promise<string>[] = [];
  const sockets = new Set<Socket>();
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    endings.push(endingOf(socket));
    socket.once("data", () => socket.write(`HTTP/1.0 200 OK\r\n\r\n${PART}`));
  });
  server.listen(0, host);
  await once(server, "listening");
  return {
    address: { host, port: (server.address() as net.AddressInfo).port },
    endings,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/**
 * Opens a download and an upload by each way, lets `cut` happen in the midst of them, and tells how each end was seen: by the
 * apps, and by the target where `isTargetTold`. Rejects when one of them is still open after `withinMs`.
 */
export async function cutInMidStream(
  site: { readonly proxy: HostPort; readonly target: OpenTarget },
  userName: string,
  cut: () => void,
  { withinMs = 20_000, isTargetTold = true }: { readonly withinMs?: number; readonly isTargetTold?: boolean } = {},
): Promise<readonly SeenEnd[]> {
  const { proxy, target } = site;
  const before = target.endings.length;
  const apps = await Promise.all(
    WAYS.flatMap((way) =>
      [DOWNLOAD, UPLOAD].map(async (request) => {
        const socket = await open(way, proxy, userName, target.address, request);
        const ending = endingOf(socket);
        return { what: `the app, ${request === UPLOAD ? "upload" : "download"} by ${way}, ${userName}`, ending };
      }),
    ),
  );
  cut();
  const targets = target.endings.slice(before).map((ending) => ({ what: `the target, ${userName}`, ending }));
  const watched = [...apps, ...(isTargetTold ? targets : [])];
  return Promise.all(watched.map(async ({ what, ending }) => ({ what, ending: await within(ending, what, withinMs) })));
}

async function open(way: Way, proxy: HostPort, userName: string, target: HostPort, request: string): Promise<Socket> {
  if (way === "SOCKS") {
    const { socket } = await askSocks(proxy, userName, "connect", target);
    return heardPart(socket, request);
  }
  const authority = formatHostPort(target);
  const credentials = Buffer.from(`${userName}:x`).toString("base64");
  const fields = `Host: ${authority}\r\nProxy-Authorization: Basic ${credentials}\r\n`;
  const socket = net.connect({ ...proxy, allowHalfOpen: true, noDelay: true });
  await once(socket, "connect");
  if (way === "CONNECT") {
    await heard(socket, `CONNECT ${authority} HTTP/1.1\r\n${fields}\r\n`, "\r\n\r\n");
    return heardPart(socket, request);
  }
  const [head = "", body = ""] = request.split("\r\n\r\n");
  // A body in HTTP/1.0 has a length, of which only a part is sent.
  const length = body === "" ? "" : `Content-Length: ${2 * body.length}\r\n`;
  return heardPart(socket, `${head.replace(" /", ` http://${authority}/`)}\r\n${fields}${length}\r\n${body}`);
}

function heardPart(socket: Socket, request: string): Promise<Socket> {
  return heard(socket, request, PART);
}

/** Sends `request` and resolves when `answer` has come. */
function heard(socket: Socket, request: string, answer: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let text = "";
    const over = (): void => reject(new Error(`the proxy hung up after ${JSON.stringify(text)}`));
    const onData = (chunk: Buffer): void => {
      text += chunk.toString("latin1");
      if (!text.includes(answer)) return;
      socket.off("data", onData).off("close", over);
      resolve(socket);
    };
    socket
      .on("error", () => {})
      .on("data", onData)
      .once("close", over);
    socket.resume();
    socket.write(request);
  });
}

function endingOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once("end", () => resolve("end")).once("error", (error) => resolve(systemCode(error)));
    socket.once("close", () => resolve("close"));
    socket.resume();
  });
}

async function within(ending: Promise<string>, what: string, ms: number): Promise<string> {
  const late = Promise.withResolvers<never>();
  const timer = systemClock.after(ms, () => late.reject(new Error(`${what}: still open after ${ms} ms`)));
  try {
    return await Promise.race([ending, late.promise]);
  } finally {
    timer.cancel();
  }
}
