import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setPriority } from "node:os";
import { argv } from "node:process";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { formatHostPort } from "../../src/core/network-address.ts";
import { clientTls } from "../../src/link/tls-profile.ts";
import { parseAuthority } from "../../src/wire/authority.ts";
import { connectRequest, FLAG, FRAME, fields, frame, RawHttp2, reset } from "./raw-http2.ts";

// A flood of a node, in a process of its own. Run as a child: `flood.ts KIND HOST:PORT COUNT LANES NETWORKS SECONDS [NICE]`.
// It acts COUNT times in all and LANES at a time, from addresses in NETWORKS networks 127.60.n.0/24, for SECONDS at most,
// sends how that went as a message, and ends.

/** Ways to flood. */
export const FLOODS = ["silent", "half", "handshakes", "resets", "refusals"] as const;

/** One way to flood. */
export type FloodKind = (typeof FLOODS)[number];

/** What became of a flood. */
export interface FloodOutcome {
  readonly kind: FloodKind;
  /** Connections that were opened or tried; on links, requests sent. */
  readonly acts: number;
  /** Those that the node answered: with the first flight of TLS, or with a whole handshake. */
  readonly answered: number;
  /** Connections that stood until this end let go of them. */
  readonly held: number;
  /** Links, or connections, that the node reset or ended. */
  readonly ended: number;
  readonly seconds: number;
}

/** How long a connection that got through is held. */
const HOLD_MS = 3_000;
/** How long one is waited for. */
const CONNECT_MS = 10_000;
/** How long the node has to end a link that asked for too much. */
const ANSWER_MS = 20_000;
const BATCH = 50;
const PROHIBITED = "10.0.0.1:80";
const CANCEL = 8;

async function flood(kind: FloodKind, numbers: readonly number[], to: { host: string; port: number }): Promise<void> {
  const [count = 0, lanes = 1, networks = 1, seconds = 1, priority] = numbers;
  if (priority !== undefined) setPriority(priority);
  const hello = await clientHello();
  let [acts, answered, held, ended] = [0, 0, 0, 0];
  const startedMs = performance.now();
  const goesOn = (): boolean => acts < count && performance.now() - startedMs < seconds * 1000;
  const localAddress = (): string => `127.60.${acts % networks}.${1 + (Math.floor(acts / networks) % 250)}`;

  const raw = async (): Promise<void> => {
    const socket = connect({ ...to, localAddress: localAddress() });
    acts += 1;
    if (kind === "half") socket.write(hello);
    if (await hold(socket)) answered += 1;
    if (socket.destroyed) ended += 1;
    else if (!socket.connecting) held += 1;
    socket.resetAndDestroy();
  };
  const whole = async (): Promise<void> => {
    const socket = connectTls({ ...clientTls({}), ...to, ...{ localAddress: localAddress() } });
    acts += 1;
    const closed = new Promise<boolean>((resolve) => socket.on("error", () => {}).once("close", () => resolve(false)));
    if (await Promise.race([once(socket, "secureConnect").then(() => true), closed])) answered += 1;
    else ended += 1;
    socket.destroy();
  };
  const onOneLink = async (): Promise<void> => {
    using link = await RawHttp2.connect(to);
    const over = once(link.socket, "close");
    for (let id = 1; !link.over && goesOn(); id += 2 * BATCH) {
      const batch = Array.from({ length: BATCH }, (_, n) => request(kind, id + 2 * n));
      acts += BATCH;
      const written = new Promise((resolve) => link.socket.write(Buffer.concat(batch), () => setImmediate(resolve)));
      await Promise.race([written, over]);
    }
    // What was sent may be on its way still.
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([over, new Promise((resolve) => (timer = setTimeout(resolve, ANSWER_MS)))]);
    clearTimeout(timer);
    answered += link.frames.filter(({ type }) => type === FRAME.headers).length;
    if (link.over) ended += 1;
  };
  const act = kind === "handshakes" ? whole : kind === "silent" || kind === "half" ? raw : onOneLink;
  const lane = async (): Promise<void> => {
    while (goesOn()) await act().catch(() => {});
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const outcome: FloodOutcome = { kind, acts, answered, held, ended, seconds: (performance.now() - startedMs) / 1000 };
  process.send?.(outcome, () => process.disconnect?.());
}

function request(kind: FloodKind, id: number): Uint8Array {
  if (kind === "resets") return Buffer.concat([connectRequest(id, PROHIBITED), reset(id, CANCEL)]);
  const block = fields([":method", "CONNECT"], [":authority", PROHIBITED]);
  return frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, id, block);
}

/** Waits until the connection is ended, or was held long enough once it stood; says whether anything came. */
async function hold(socket: Socket): Promise<boolean> {
  let heard = false;
  await new Promise<void>((resolve) => {
    let timer = setTimeout(resolve, CONNECT_MS);
    socket.once("connect", () => {
      clearTimeout(timer);
      timer = setTimeout(resolve, HOLD_MS);
    });
    socket.on("error", () => {}).on("data", () => (heard = true));
    socket.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
  return heard;
}

/** The first flight of a link's handshake, which anyone can send again and again at no cost. */
async function clientHello(): Promise<Buffer> {
  return new Promise((resolve) => {
    const wire = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        resolve(chunk);
        done();
      },
    });
    connectTls({ ...clientTls({}), socket: wire }).on("error", () => {});
  });
}

const [, , kind, address, ...rest] = argv;
if (import.meta.main && address !== undefined) {
  const known = FLOODS.find((name) => name === kind);
  if (known === undefined) throw new Error(`no such flood: ${kind} at ${formatHostPort(parseAuthority(address))}`);
  await flood(known, rest.map(Number), parseAuthority(address));
}
