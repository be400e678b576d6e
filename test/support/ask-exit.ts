import { systemClock } from "../../src/core/clock.ts";
import { toBywayError } from "../../src/core/errors.ts";
import { generateIdentity } from "../../src/identity/identity.ts";
import { parsePeerId } from "../../src/identity/peer-id.ts";
import { openLink } from "../../src/link/open-link.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import { parseAuthority } from "../../src/wire/authority.ts";
import { formatConnectUdpPath } from "../../src/wire/connect-udp-path.ts";
import { formatHopAuthority } from "../../src/wire/hop-authority.ts";
import { advertisedNode } from "./advertised-node.ts";
import { roomyBudget } from "./roomy-budget.ts";

/*
 * Asks a node over a link of its own, past all that a client would refuse: `ask-exit.ts host:port peer way=target…`, where
 * the way is `tcp`, `udp` or `hop`. Prints a JSON array: "accepted", or the code of each refusal. With `--hold` last it then
 * waits until the node has ended all of them.
 */
const [, , place = "", peer = "", ...rest] = process.argv;
const holds = rest.at(-1) === "--hold";
const asks = holds ? rest.slice(0, -1) : rest;
const components = { clock: systemClock, budget: roomyBudget() };
const raw = await new TcpTransport(components).dial(parseAuthority(place));
const link = await openLink(components, raw, { peerId: parsePeerId(peer) });

function request(ask: string): Parameters<typeof link.open>[0] {
  const [way, target = ""] = ask.split("=");
  if (way === "tcp") return { headers: { ":method": "CONNECT", ":authority": target }, toward: "target" };
  if (way === "udp") {
    const udp = {
      ":protocol": "connect-udp",
      ":scheme": "https",
      ":path": formatConnectUdpPath(parseAuthority(target)),
    };
    const headers = { ":method": "CONNECT", ":authority": "byway.alt", "capsule-protocol": "?1", ...udp };
    return { headers, toward: "target" };
  }
  const identity = generateIdentity();
  const { envelope } = advertisedNode({ identity, atMs: Date.now(), endpoints: [parseAuthority(target)] });
  return {
    headers: {
      ":method": "CONNECT",
      ":authority": formatHopAuthority(identity.peerId),
      "byway-advertisement": Buffer.from(envelope).toString("base64url"),
    },
    toward: "hop",
  };
}

const outcomes: string[] = [];
const ends: Promise<unknown>[] = [];
for (const ask of asks) {
  const { stream, accepted } = link.open(request(ask));
  stream.on("error", () => {}).resume();
  ends.push(new Promise((resolve) => stream.once("close", resolve)));
  outcomes.push(
    await accepted.then(
      () => "accepted",
      (error: unknown) => toBywayError(error).code,
    ),
  );
  if (!holds) stream.destroy();
}
process.stdout.write(`${JSON.stringify(outcomes)}\n`);
await Promise.all(ends);
link.destroy();
