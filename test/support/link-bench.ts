import type { Duplex } from "node:stream";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import { systemRandom } from "../../src/core/random.ts";
import type { ByteBudget } from "../../src/flow/byte-budget.ts";
import { createCertificate } from "../../src/identity/certificate.ts";
import { generateIdentity, type Identity } from "../../src/identity/identity.ts";
import type { Link } from "../../src/link/link.ts";
import { LinkServer, type LinkServices } from "../../src/link/link-server.ts";
import { openLink } from "../../src/link/open-link.ts";
import type { TlsChoice } from "../../src/link/tls-profile.ts";
import type { Transport } from "../../src/link/transport.ts";
import { roomyBudget } from "./roomy-budget.ts";

/** A served link end and how to reach it. */
export interface ServedLink extends AsyncDisposable {
  readonly identity: Identity;
  readonly server: LinkServer;
  readonly address: HostPort;
  dial(): Promise<Duplex>;
  open(expected?: Identity, choice?: TlsChoice): Promise<Link>;
}

/** Serves links with `services`, within `budget`, over `transport` at a free loopback port; both ends go by `clock`. */
export async function serveLink(
  transport: Transport,
  services: Partial<LinkServices>,
  choice: TlsChoice = {},
  budget: ByteBudget = roomyBudget(),
  clock: Clock = systemClock,
): Promise<ServedLink> {
  const identity = generateIdentity();
  const certificate = await createCertificate(identity, systemClock, systemRandom);
  const server = new LinkServer(
    { clock, logger: silentLogger, budget, services: { describe: () => ({ v: 1 }), ...services } },
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
