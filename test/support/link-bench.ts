import type { Duplex } from "node:stream";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import { systemRandom } from "../../src/core/random.ts";
import type { ByteBudget } from "../../src/flow/byte-budget.ts";
import type { LinkPace } from "../../src/flow/line-pace-link.ts";
import { createCertificate } from "../../src/identity/certificate.ts";
import { generateIdentity, type Identity } from "../../src/identity/identity.ts";
import { type BandwidthService, bandwidthRequests } from "../../src/link/bandwidth-service.ts";
import { documentRequest } from "../../src/link/document-request.ts";
import type { Link } from "../../src/link/link.ts";
import { LinkServer } from "../../src/link/link-server.ts";
import { openLink } from "../../src/link/open-link.ts";
import type { RequestRow, ServeRequest } from "../../src/link/request-table.ts";
import type { TlsChoice } from "../../src/link/tls-profile.ts";
import type { Transport } from "../../src/link/transport.ts";
import { roomyBudget } from "./roomy-budget.ts";

/** A served link end and how to reach it. */
export interface LinkBench extends AsyncDisposable {
  readonly identity: Identity;
  readonly server: LinkServer;
  readonly address: HostPort;
  dial(): Promise<Duplex>;
  open(expected?: Identity, choice?: TlsChoice): Promise<Link>;
}

/** What a bench serves: a node without a service lacks its row. */
export interface BenchServices {
  /** Makes the pace of each link. */
  readonly openPace?: (() => LinkPace) | undefined;
  readonly connectTarget?: ServeRequest | undefined;
  readonly connectUdp?: ServeRequest | undefined;
  readonly connectHop?: ServeRequest | undefined;
  readonly describe?: (() => unknown) | undefined;
  readonly bandwidth?: Pick<BandwidthService, "send" | "take"> | undefined;
}

/** The table of requests for `services`. */
export function requestsOf(services: BenchServices): readonly RequestRow[] {
  const { connectTarget, connectUdp, connectHop, describe = () => ({ v: 1 }), bandwidth } = services;
  return [
    documentRequest(describe),
    ...(connectTarget === undefined ? [] : [{ method: "CONNECT", to: "target", serve: connectTarget } as const]),
    ...(connectUdp === undefined ? [] : [{ method: "CONNECT", protocol: "connect-udp", serve: connectUdp } as const]),
    ...(connectHop === undefined ? [] : [{ method: "CONNECT", to: "hop", serve: connectHop } as const]),
    ...(bandwidth === undefined ? [] : bandwidthRequests(bandwidth)),
  ];
}

/** Serves links with `services`, within `budget`, over `transport` at a free loopback port; both ends go by `clock`. */
export async function serveLink(
  transport: Transport,
  services: BenchServices,
  choice: TlsChoice = {},
  budget: ByteBudget = roomyBudget(),
  clock: Clock = systemClock,
): Promise<LinkBench> {
  const identity = generateIdentity();
  const certificate = await createCertificate(identity, systemClock, systemRandom);
  const server = new LinkServer(
    { clock, logger: silentLogger, budget, openPace: services.openPace, requests: requestsOf(services) },
    { ...certificate, ...choice },
  );
  const listener = await transport.listen({ host: "127.0.0.1", port: 0 }, (raw) => server.accept(raw));
  const dial = (): Promise<Duplex> => transport.dial(listener.address);
  return {
    identity,
    server,
    address: listener.address,
    dial,
    open: async (expected = identity, clientChoice = {}) =>
      openLink({ clock, budget: roomyBudget() }, await dial(), { peerId: expected.peerId, ...clientChoice }),
    async [Symbol.asyncDispose]() {
      const closed = listener.close();
      await server.stop();
      await closed;
    },
  };
}
