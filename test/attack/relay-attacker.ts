import { once } from "node:events";
import { createServer } from "node:net";
import { systemClock } from "../../src/core/clock.ts";
import { BywayError, toBywayError } from "../../src/core/errors.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import { generateIdentity } from "../../src/identity/identity.ts";
import { parsePeerId } from "../../src/identity/peer-id.ts";
import type { Link } from "../../src/link/link.ts";
import { openLink } from "../../src/link/open-link.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import { signAdvertisement, verifyAdvertisement } from "../../src/peers/signed-advertisement.ts";
import { formatHopAuthority } from "../../src/wire/hop-authority.ts";
import { roomyBudget } from "../support/roomy-budget.ts";

// What a stranger does to relays, in a process of its own: `MODE ADVERTISEMENT…`, in base64url, of the relays. It prints one line of JSON.

const [mode = "", ...shown] = process.argv.slice(2);
const components = { clock: systemClock, budget: roomyBudget() };
const relays = shown.map((text) => {
  const envelope = Buffer.from(text, "base64url");
  const { peer, endpoints } = verifyAdvertisement(envelope);
  return { envelope, peerId: parsePeerId(peer), endpoint: endpoints[0] as HostPort };
});
const [first, second] = relays;
if (first === undefined || second === undefined) throw new Error("two advertisements are needed");

const dial = async (): Promise<Link> => {
  const raw = await new TcpTransport({ clock: systemClock }).dial(first.endpoint);
  return openLink(components, raw, { peerId: first.peerId, carrier: true });
};

/** A fresh key that says it is at `endpoint`. */
function stranger(endpoint: HostPort): { peerId: string; envelope: Uint8Array } {
  const identity = generateIdentity();
  const nowSec = Math.floor(systemClock.nowMs() / 1000);
  const envelope = signAdvertisement(
    {
      ...{ v: 1, peer: identity.peerId, seq: nowSec, issuedAtSec: nowSec, expiresAtSec: nowSec + 3_600 },
      ...{ roles: ["relay"], endpoints: [endpoint], protocols: [], policy: { acceptedPorts: [] }, software: "x/1" },
    },
    identity,
  );
  return { peerId: identity.peerId, envelope };
}

function ask(link: Link, { peerId, envelope }: { peerId: string; envelope: Uint8Array }) {
  const headers = {
    ":method": "CONNECT",
    ":authority": formatHopAuthority(parsePeerId(peerId)),
    "byway-advertisement": Buffer.from(envelope).toString("base64url"),
  };
  const { stream, accepted } = link.open({ headers, toward: "hop" });
  stream.on("error", () => {});
  const answer = accepted.then(() => "carried", toBywayError);
  return { stream, answer };
}

const textOf = (answer: string | BywayError): string =>
  answer instanceof BywayError ? `${answer.code} ${answer.message}` : answer;

/** What a relay says of a closed port, one that is silent, one with another protocol, mail, and its own; and after how long. */
async function scan(): Promise<unknown> {
  const talker = createServer((socket) => socket.on("error", () => {}).end("SSH-2.0-example\r\n"));
  const silent = createServer((socket) => socket.on("error", () => {}));
  talker.listen(4001, "51.20.2.1");
  silent.listen(4002, "51.20.3.1");
  await Promise.all([once(talker, "listening"), once(silent, "listening")]);
  const link = await dial();
  const places = [
    { host: "51.20.1.1", port: 9 },
    { host: "51.20.2.1", port: 4001 },
    { host: "51.20.3.1", port: 4002 },
    { host: "51.20.4.1", port: 25 },
    first?.endpoint as HostPort,
  ];
  const answers: unknown[] = [];
  for (const place of places) {
    const beganMs = systemClock.monotonicMs();
    const said = textOf(await ask(link, stranger(place)).answer);
    answers.push({ said, ms: systemClock.monotonicMs() - beganMs });
  }
  return answers;
}

/** How many connections one link, and then ten of them, make a relay open within some seconds. */
async function flood(): Promise<unknown> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on("error", () => {}).destroy();
  });
  server.listen(5000, "0.0.0.0");
  await once(server, "listening");
  const counts: number[] = [];
  for (const links of [1, 10]) {
    for (let l = 0; l < links; l += 1) {
      const link = await dial();
      const asks = Array.from({ length: 200 }, (_, n) =>
        ask(link, stranger({ host: `51.20.${20 + l + links}.${n + 1}`, port: 5000 })),
      );
      await Promise.all(asks.map(({ answer }) => answer));
      link.destroy();
    }
    counts.push(connections);
  }
  return counts;
}

/** 260 requests for a silent port that are reset at once; then what an honest request gets. */
async function starve(): Promise<unknown> {
  const silent = createServer((socket) => socket.on("error", () => {}));
  silent.listen(4000, "51.20.5.1");
  await once(silent, "listening");
  const evil = await dial();
  for (let n = 0; n < 260; n += 1) {
    const { stream, answer } = ask(evil, stranger({ host: "51.20.5.1", port: 4000 }));
    void answer;
    systemClock.after(5, () => stream.destroy());
  }
  await evil.ping();
  const honest = await dial();
  return textOf(await ask(honest, { peerId: second?.peerId ?? "", envelope: second?.envelope ?? Buffer.of() }).answer);
}

/** How many links may be nested over two relays by turns, and what the last refusal says. */
async function nest(): Promise<unknown> {
  let link = await dial();
  for (let depth = 1; depth < 40; depth += 1) {
    const next = relays[depth % 2] as (typeof relays)[number];
    const { stream, answer } = ask(link, next);
    const inner = openLink(components, stream, { peerId: next.peerId, carrier: true });
    inner.catch(() => {});
    const said = await answer;
    if (said !== "carried") return { depth, said: textOf(said) };
    link = await inner;
  }
  return { depth: 40 };
}

const modes: Readonly<Record<string, () => Promise<unknown>>> = { scan, flood, starve, nest };
process.stdout.write(`${JSON.stringify((await modes[mode]?.()) ?? null)}\n`, () => process.exit(0));
