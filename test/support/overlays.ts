import { createHash } from "node:crypto";
import { createServer, type LookupFunction, type Server, type Socket } from "node:net";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { BywayError } from "../../src/core/errors.ts";
import { generateIdentity, type Identity } from "../../src/identity/identity.ts";
import { createOverlay } from "../../src/overlay/create-overlay.ts";
import { toLibp2p } from "../../src/overlay/libp2p-identity.ts";
import type { Overlay, OverlayServices } from "../../src/overlay/overlay.ts";

/** A record of tests: a number and whose it is. Higher is newer, 0 is never valid. */
export function testRecord(identity: Identity, number: number): Uint8Array {
  const text = `${number}/${identity.peerId}`;
  return new Uint8Array(Buffer.from(`${text}/${createHash("sha256").update(`secret ${text}`).digest("hex")}`));
}

function numberOf(record: Uint8Array): number {
  return Number.parseInt(Buffer.from(record).toString("latin1"), 10);
}

/** Services for records of tests; a request is answered by itself, turned round. */
export const testServices: OverlayServices = {
  answer: (_asker, request) => Uint8Array.from(request).reverse(),
  checkRecord(peerId, envelope) {
    const [number = "", peer = "", sum] = Buffer.from(envelope).toString("latin1").split("/");
    const right = createHash("sha256").update(`secret ${number}/${peer}`).digest("hex");
    if (sum !== right || peer !== peerId || number === "0") {
      throw new BywayError("ERR_ADVERTISEMENT_SIGNATURE", "not a valid test record");
    }
  },
  newestRecord: (records) =>
    records.reduce((best, one, at) => (numberOf(one) > numberOf(records[best] ?? one) ? at : best), 0),
};

/** An overlay on a TCP port of this machine, or without one. */
export interface TestPeer extends AsyncDisposable {
  readonly identity: Identity;
  readonly overlay: Overlay;
  /** Whole multiaddr; "" without a port. */
  readonly address: string;
  /** Multiaddr without peer id; "" without a port. */
  readonly where: string;
  readonly port: number;
  /** Sockets that were accepted, to look at. */
  readonly sockets: ReadonlySet<Socket>;
}

/** Starts a node's overlay on 127.x, port 0, or a client's where no host is given. */
export async function startTestPeer(
  options: {
    host?: string;
    /** Any free one by default. */
    port?: number;
    /** Looks up names; the system's by default. */
    lookup?: LookupFunction;
    services?: Partial<OverlayServices>;
    network?: string;
    clock?: Clock;
    announce?: string;
    localNetwork?: boolean;
    /** Where those who dial it seem to come from, as behind a router; else where they do. Undefined turns them away. */
    seesOthersAt?: () => string | undefined;
  } = {},
): Promise<TestPeer> {
  const identity = generateIdentity();
  const sockets = new Set<Socket>();
  const { host, network = "byway" } = options;
  let overlay: Overlay | undefined;
  let server: Server | undefined;
  let port = 0;
  if (host !== undefined) {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      const { remoteAddress = "", remotePort: port = 0 } = socket;
      const host = options.seesOthersAt === undefined ? remoteAddress : options.seesOthersAt();
      if (host === undefined) socket.on("error", () => {}).destroy();
      else overlay?.accept(socket, { host, port });
    });
    const listening = Promise.withResolvers<void>();
    server.listen(options.port ?? 0, host, listening.resolve);
    await listening.promise;
    const address = server.address();
    port = typeof address === "object" && address !== null ? address.port : 0;
  }
  const where = host === undefined ? "" : `/ip4/${host}/tcp/${port}`;
  overlay = await createOverlay(
    {
      identity,
      clock: options.clock ?? systemClock,
      services: { ...testServices, ...options.services },
      ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
    },
    {
      mode: host === undefined ? "client" : "server",
      network,
      localNetwork: options.localNetwork ?? true,
      announce: host === undefined ? [] : [options.announce ?? where],
    },
  );
  await overlay.start();
  const started = overlay;
  return {
    identity,
    overlay,
    where,
    address: where === "" ? "" : `${where}/p2p/${toLibp2p(identity.peerId)}`,
    port,
    sockets,
    async [Symbol.asyncDispose]() {
      await started.stop();
      const closed = Promise.withResolvers<void>();
      if (server === undefined) closed.resolve();
      else server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}
