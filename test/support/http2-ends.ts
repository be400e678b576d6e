import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TestContext } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import { Http2Session, type SessionOptions } from "../../src/link/http2/session.ts";
import { SocketWire } from "../../src/link/http2/socket-wire.ts";
import { StreamDuplex } from "../../src/link/http2/stream-duplex.ts";
import { type Counts, countingWatch } from "./frame-peer.ts";
import { roomyBudget } from "./roomy-budget.ts";

/** Two ends of a TCP connection. */
export async function socketPair(t: TestContext): Promise<readonly [Socket, Socket]> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const near = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [far] = await accepted;
  server.close();
  t.after(() => {
    near.destroy();
    far.destroy();
  });
  return [near, far];
}

/** A session of ours on a socket. */
export interface OurEnd {
  readonly session: Http2Session;
  readonly counts: Counts;
  /** What the session said to its user. */
  readonly heard: string[];
  readonly closed: Promise<void>;
  /** Sends a request; `head` has what came as heads of its answer. */
  open(fields: readonly string[], isLast?: boolean): { readonly stream: StreamDuplex; readonly heads: string[] };
}

const budget = roomyBudget();

/** Runs a session of ours on `socket`; requests that come go to `serve`. */
export function ourEnd(
  socket: Duplex,
  options: Partial<SessionOptions> & Pick<SessionOptions, "role">,
  serve?: (stream: StreamDuplex, fields: readonly string[]) => void,
): OurEnd {
  const wire = new SocketWire(socket);
  const { counts, watch } = countingWatch();
  const heard: string[] = [];
  const closed = Promise.withResolvers<void>();
  const session = new Http2Session(
    {
      clock: systemClock,
      wire,
      watch,
      events: {
        onRequest(stream, fields) {
          if (serve === undefined || fields === undefined) return;
          const open = (owner: StreamDuplex): typeof stream => {
            stream.owner = owner;
            return stream;
          };
          serve(new StreamDuplex({ budget }, (owner) => open(owner as StreamDuplex)), fields);
        },
        onSettings: () => heard.push("settings"),
        onGoaway: (code) => heard.push(`goaway ${code}`),
        onBroken: (error) => heard.push(`broken: ${error.message}`),
        onClosed: closed.resolve,
      },
    },
    { initialWindowBytes: 1 << 20, connectionWindowBytes: 1 << 26, maxConcurrentStreams: 1_024, ...options },
  );
  wire.attach(session);
  return {
    session,
    counts,
    heard,
    closed: closed.promise,
    open(fields, isLast = false) {
      const heads: string[] = [];
      const head = {
        onHead(list: readonly string[] | undefined, isInterim: boolean): void {
          heads.push(`${isInterim ? "interim " : ""}${list?.join(" ")}`);
        },
      };
      return { stream: new StreamDuplex({ budget }, (owner) => session.request(fields, isLast, owner), head), heads };
    },
  };
}

/** The fields of a CONNECT. */
export const CONNECT: readonly string[] = [":method", "CONNECT", ":authority", "target.example:80"];
