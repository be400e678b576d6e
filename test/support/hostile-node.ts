import type { Duplex } from "node:stream";
import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import { systemRandom } from "../../src/core/random.ts";
import { createCertificate } from "../../src/identity/certificate.ts";
import { generateIdentity, type Identity } from "../../src/identity/identity.ts";
import { type PeerId, parsePeerId } from "../../src/identity/peer-id.ts";
import { LinkServer } from "../../src/link/link-server.ts";
import { PublicPort } from "../../src/link/public-port.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import { createOverlay } from "../../src/overlay/create-overlay.ts";
import type { Overlay, OverlayAsker } from "../../src/overlay/overlay.ts";
import { signAdvertisement } from "../../src/peers/signed-advertisement.ts";
import type { Advertisement } from "../../src/wire/advertisement.ts";
import { encodeDirectoryAnswer, encodeDirectoryRequest } from "../../src/wire/directory-message.ts";
import { type BenchServices, requestsOf } from "./link-bench.ts";
import { roomyBudget } from "./roomy-budget.ts";

/** A link that came to a hostile node: at which of its ports, and from where. */
export interface SeenLink {
  readonly tag: number;
  readonly from: string;
}

/** A node that says to each what it likes, and serves links at several ports, so that it knows who was told which. */
export interface HostileNode {
  readonly identity: Identity;
  readonly overlay: Overlay;
  readonly links: readonly SeenLink[];
  /** Its ports, the public one first. */
  readonly endpoints: readonly HostPort[];
  /** Its advertisement with one of its ports; `ahead` makes its number so many ms higher than the time. */
  advertisement(tag: number, ahead?: number): Uint8Array;
  /** Joins through a peer and tells it the public advertisement. */
  join(address: string): Promise<void>;
  /** Tells every peer that it is connected to the public advertisement. */
  announce(): Promise<void>;
}

/** What a hostile node does. */
export interface HostileNodeOptions {
  readonly host: string;
  readonly network: string;
  readonly roles: Advertisement["roles"];
  /** How many ports it has beside the public one. */
  readonly tags?: number;
  /** Serves the requests on the links at one port. */
  readonly services: (tag: number) => BenchServices;
  /** What it answers to somebody who asks for nodes. */
  readonly answer: (asker: OverlayAsker) => readonly Uint8Array[];
}

/** Starts a hostile node in a local network; `cleanup` stops it. */
export async function hostileNode(cleanup: AsyncDisposableStack, options: HostileNodeOptions): Promise<HostileNode> {
  const { host, network, roles, tags = 0, services, answer } = options;
  const identity = generateIdentity();
  const certificate = await createCertificate(identity, systemClock, systemRandom);
  const links: SeenLink[] = [];
  const endpoints: HostPort[] = [];
  let overlay: Overlay | undefined;
  for (let tag = 0; tag <= tags; tag += 1) {
    const server = new LinkServer(
      {
        clock: systemClock,
        logger: silentLogger,
        budget: roomyBudget(),
        requests: requestsOf(services(tag)),
      },
      certificate,
    );
    const link = (raw: Duplex): void => {
      links.push({ tag, from: (raw as { remoteAddress?: string }).remoteAddress ?? "" });
      server.accept(raw);
    };
    const port = new PublicPort(
      { clock: systemClock },
      { link, overlay: (socket, remote) => overlay?.accept(socket, remote), notice: (socket) => socket.destroy() },
    );
    const listener = await new TcpTransport({ clock: systemClock }).listen({ host, port: 0 }, (raw) =>
      port.accept(raw),
    );
    endpoints.push(listener.address);
    cleanup.defer(async () => {
      const closed = listener.close();
      await Promise.all([port.stop(), server.stop()]);
      await closed;
    });
  }
  const advertisement = (tag: number, ahead = 0): Uint8Array => {
    const nowMs = systemClock.nowMs();
    const issuedAtSec = Math.floor(nowMs / 1000);
    return signAdvertisement(
      {
        v: 1,
        peer: identity.peerId,
        seq: Math.floor(nowMs) + ahead,
        issuedAtSec,
        expiresAtSec: issuedAtSec + 3_600,
        roles,
        endpoints: endpoints.slice(tag, tag + 1),
        protocols: ["tcp"],
        policy: { acceptedPorts: [{ first: 1, last: 65_535 }] },
        software: "byway/0.1.0",
      },
      identity,
    );
  };
  const made = await createOverlay(
    {
      identity,
      clock: systemClock,
      services: {
        answer: (asker) => encodeDirectoryAnswer({ envelopes: answer(asker) }),
        checkRecord: () => {},
        newestRecord: () => 0,
      },
    },
    {
      mode: "server",
      network,
      localNetwork: true,
      announce: [`/ip4/${host}/tcp/${String(endpoints[0]?.port)}`],
    },
  );
  overlay = made;
  await made.start();
  cleanup.defer(() => made.stop());
  const tell = async (peer: PeerId): Promise<void> => {
    await made.ask(peer, encodeDirectoryRequest({ self: advertisement(0), query: {}, limit: 0 })).catch(() => {});
  };
  return {
    identity,
    overlay: made,
    links,
    endpoints,
    advertisement,
    async join(address) {
      await tell(parsePeerId(await made.connect(address)));
    },
    async announce() {
      await Promise.all(made.connected().map(tell));
    },
  };
}
