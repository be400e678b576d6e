import { once } from "node:events";
import type { Readable } from "node:stream";
import { systemClock } from "../src/core/clock.ts";
import { silentLogger } from "../src/core/logger.ts";
import { ByteBudget } from "../src/flow/byte-budget.ts";
import { parsePeerId } from "../src/identity/peer-id.ts";
import { openLink } from "../src/link/open-link.ts";
import { TcpTransport } from "../src/link/tcp-transport.ts";
import { parseAuthority } from "../src/wire/authority.ts";

/** A download from `authority` without end, over a link of its own to the exit at `address`; settles once it flows. */
export async function endlessDownload(address: string, peerId: string, authority: string): Promise<Readable> {
  const components = { clock: systemClock, budget: new ByteBudget({ clock: systemClock, logger: silentLogger }) };
  const raw = await new TcpTransport(components).dial(parseAuthority(address));
  const link = await openLink(components, raw, { peerId: parsePeerId(peerId) });
  const { stream } = link.open({ headers: { ":method": "CONNECT", ":authority": authority }, toward: "target" });
  stream.write(`GET /${Number.MAX_SAFE_INTEGER} HTTP/1.1\r\n\r\n`);
  await once(stream, "data");
  return stream;
}
