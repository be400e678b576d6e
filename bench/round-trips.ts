import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import type { HostPort } from "../src/core/network-address.ts";
import { askSocks, socksOpening } from "../test/support/socks-client.ts";
import { startDelayedProcesses } from "./delayed-processes.ts";
import { median } from "./statistics.ts";

const TARGET_HOST = "127.200.0.1";

/** What a new stream costs until the first byte of the target's answer, in round trips between app and target. */
export interface RoundTripsRow {
  readonly hops: number;
  /** The first stream of a user, for which a circuit is built; no hop has met the next one before. */
  readonly cold: number;
  /** On a circuit that stands: the app sends all its bytes at once. */
  readonly early: number;
  /** On a circuit that stands: the app waits for the proxy's answer before it sends its own. */
  readonly waiting: number;
}

/** How round trips are measured. */
export interface RoundTripsOptions {
  readonly hops?: readonly number[];
  /** Of one link; there is no way between exit and target. */
  readonly linkRoundTripMs?: number;
  /** Streams of each kind; the median counts. */
  readonly streams?: number;
  /** Ends it early; it rejects then. */
  readonly signal?: AbortSignal;
}

/** Measures what new streams cost over links with delay, one hop and three by default. */
export async function measureRoundTrips(options: RoundTripsOptions = {}): Promise<readonly RoundTripsRow[]> {
  const { hops: depths = [1, 3], linkRoundTripMs = 100, streams = 9, signal } = options;
  await using cleanup = new AsyncDisposableStack();
  const target = await startEcho(cleanup);
  const network = cleanup.use(await startDelayedProcesses({ delayMs: linkRoundTripMs / 2 }, [target]));
  const rows: RoundTripsRow[] = [];
  for (const hops of depths) {
    const inRoundTrips = (ms: number): number => ms / (hops * linkRoundTripMs);
    const user = `hops-${hops}`;
    const cold = await firstByteMs(network.proxy, user, target);
    const early: number[] = [];
    const waiting: number[] = [];
    for (let stream = 0; stream < streams; stream += 1) {
      signal?.throwIfAborted();
      early.push(await firstByteMs(network.proxy, user, target));
      waiting.push(await firstByteAfterGrantMs(network.proxy, user, target));
    }
    rows.push({
      hops,
      cold: inRoundTrips(cold),
      early: inRoundTrips(median(early)),
      waiting: inRoundTrips(median(waiting)),
    });
  }
  return rows;
}

async function firstByteMs(proxy: HostPort, user: string, target: HostPort): Promise<number> {
  const startMs = performance.now();
  const socket = net.connect({ ...proxy, noDelay: true });
  socket.write(Buffer.concat([socksOpening(user, "connect", target), Buffer.from("question")]));
  let heard = "";
  while (!heard.endsWith("question")) {
    const [chunk] = (await once(socket, "data")) as [Buffer];
    heard += chunk.toString("latin1");
  }
  socket.destroy();
  return performance.now() - startMs;
}

async function firstByteAfterGrantMs(proxy: HostPort, user: string, target: HostPort): Promise<number> {
  const startMs = performance.now();
  const { socket } = await askSocks(proxy, user, "connect", target);
  socket.resume().write("question");
  await once(socket, "data");
  socket.destroy();
  return performance.now() - startMs;
}

async function startEcho(cleanup: AsyncDisposableStack): Promise<HostPort> {
  const server = net.createServer({ noDelay: true }, (socket) => socket.on("error", () => {}).pipe(socket));
  server.listen(0, TARGET_HOST);
  await once(server, "listening");
  cleanup.defer(() => void server.close());
  return { host: TARGET_HOST, port: (server.address() as AddressInfo).port };
}
