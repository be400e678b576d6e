import { once } from "node:events";
import { argv, cpuUsage } from "node:process";
import type { IncomingStream } from "../src/link/incoming-stream.ts";

// An exit in a process of its own, of nothing but a link and a splice, from the sources of any checkout.
//   pace-node.ts CHECKOUT none|look|<bytes per second> HOST PORT
// Sends `{ address, peerId }` when it listens; answers every message with the CPU seconds that it has used.

const [, , checkout = "", hold = "none", host = "", port = ""] = argv;

/** A module of the checkout, which has the types that ours has. */
async function from<M>(path: string): Promise<M> {
  return (await import(`${checkout}/${path}`)) as M;
}

const { systemClock } = await from<typeof import("../src/core/clock.ts")>("src/core/clock.ts");
const { tuneGarbageCollection } = await from<typeof import("../src/core/tune-garbage-collection.ts")>(
  "src/core/tune-garbage-collection.ts",
);
const { PooledSocket } = await from<typeof import("../src/flow/pooled-socket.ts")>("src/flow/pooled-socket.ts");
const { ReadPool } = await from<typeof import("../src/flow/read-pool.ts")>("src/flow/read-pool.ts");
const { splice } = await from<typeof import("../src/flow/splice.ts")>("src/flow/splice.ts");
const { TcpTransport } = await from<typeof import("../src/link/tcp-transport.ts")>("src/link/tcp-transport.ts");
const { roomyBudget } = await from<typeof import("../test/support/roomy-budget.ts")>("test/support/roomy-budget.ts");
const { serveLink } = await from<typeof import("../test/support/link-bench.ts")>("test/support/link-bench.ts");

async function holds() {
  if (hold === "none") return {};
  if (hold === "look") return { firstBytes: { look: () => "pass" as const } };
  const { LinePace } = await from<typeof import("../src/flow/line-pace.ts")>("src/flow/line-pace.ts");
  const bytesPerSecond = Number(hold);
  const line = new LinePace({ clock: systemClock }, { bytesPerSecond, linkBytesPerSecond: bytesPerSecond });
  return { openPace: () => line.openLink() };
}

tuneGarbageCollection(systemClock);
const pool = new ReadPool();
const { openPace, firstBytes } = await holds();
const served = await serveLink(new TcpTransport({ clock: systemClock }), {
  openPace,
  connectTarget: async (incoming: IncomingStream) => {
    const socket = PooledSocket.open(pool, { host, port: Number(port), allowHalfOpen: true, noDelay: true });
    await once(socket, "connect");
    await splice(
      { clock: systemClock, budget: roomyBudget(), pace: incoming.link.pace, firstBytes },
      incoming.accept(),
      socket,
    );
  },
});
const raw = await served.dial();
const { remoteAddress, remotePort } = raw as { remoteAddress?: string; remotePort?: number };
raw.destroy();
process.on("message", () => {
  const { user, system } = cpuUsage();
  process.send?.((user + system) / 1e6);
});
process.on("disconnect", () => process.exit());
process.send?.({ address: { host: remoteAddress, port: remotePort }, peerId: served.identity.peerId });
