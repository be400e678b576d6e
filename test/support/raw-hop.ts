import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { createServer, type TLSSocket } from "node:tls";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { systemRandom } from "../../src/core/random.ts";
import type { ByteBudget } from "../../src/flow/byte-budget.ts";
import { createCertificate } from "../../src/identity/certificate.ts";
import { generateIdentity } from "../../src/identity/identity.ts";
import type { Link } from "../../src/link/link.ts";
import { openLink } from "../../src/link/open-link.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import { serverTls } from "../../src/link/tls-profile.ts";
import { RawHttp2, settings } from "./raw-http2.ts";
import { roomyBudget } from "./roomy-budget.ts";

/** What a link to a raw hop may vary. */
export interface RawHopOptions {
  readonly host?: string;
  /** The hop's first SETTINGS. */
  readonly own?: Buffer;
  readonly clock?: Clock;
  readonly budget?: ByteBudget;
}

/** A link of ours to a hop of which the test speaks every frame. */
export async function meetRawHop(t: TestContext, options: RawHopOptions = {}): Promise<{ link: Link; hop: RawHttp2 }> {
  const { host = "127.0.0.1", own = settings(), clock = systemClock, budget = roomyBudget() } = options;
  const identity = generateIdentity();
  const { certPem, keyPem } = await createCertificate(identity, systemClock, systemRandom);
  const server = createServer(serverTls(certPem, keyPem, {}));
  const accepted = once(server, "secureConnection") as Promise<[TLSSocket]>;
  server.listen(0, host);
  await once(server, "listening");
  const endpoint = { host, port: (server.address() as AddressInfo).port };
  const raw = await new TcpTransport({ clock: systemClock }).dial(endpoint);
  const link = await openLink({ clock, budget }, raw, { peerId: identity.peerId });
  const hop = RawHttp2.serve((await accepted)[0], own);
  t.after(() => {
    link.destroy();
    hop.socket.destroy();
    server.close();
  });
  return { link, hop };
}
