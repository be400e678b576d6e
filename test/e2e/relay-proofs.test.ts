import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import { BywayError, toBywayError } from "../../src/core/errors.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import { recordFields } from "../../src/egress/accountability/log-record.ts";
import { verifyLog } from "../../src/egress/accountability/verify-log.ts";
import { generateIdentity } from "../../src/identity/identity.ts";
import type { Link } from "../../src/link/link.ts";
import { openLink } from "../../src/link/open-link.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import { createNode } from "../../src/node/node.ts";
import { signAdvertisement } from "../../src/peers/signed-advertisement.ts";
import { RELAY_LIMITS } from "../../src/relay/limits.ts";
import { formatHopAuthority } from "../../src/wire/hop-authority.ts";
import { roomyBudget } from "../support/roomy-budget.ts";
import { temporaryDirectory } from "../support/run-byway.ts";

const components = { clock: systemClock, budget: roomyBudget() };

/** What a relay answers to a fresh key that says it is at `endpoint`. */
async function ask(link: Link, endpoint: HostPort): Promise<BywayError> {
  const identity = generateIdentity();
  const nowSec = Math.floor(systemClock.nowMs() / 1000);
  const shown = signAdvertisement(
    {
      ...{ v: 1, peer: identity.peerId, seq: 1, issuedAtSec: nowSec, expiresAtSec: nowSec + 3_600 },
      ...{ roles: ["relay"], endpoints: [endpoint], protocols: [], policy: { acceptedPorts: [] }, software: "x/1" },
    },
    identity,
  );
  const headers = {
    ":method": "CONNECT",
    ":authority": formatHopAuthority(identity.peerId),
    "byway-advertisement": Buffer.from(shown).toString("base64url"),
  };
  const { stream, accepted } = link.open({ headers, toward: "hop" });
  stream.on("error", () => {}).resume();
  return accepted.then(() => new BywayError("ERR_INTERNAL", "carried"), toBywayError);
}

test("a relay tells a stranger nothing of the servers that he names, and its operator what was there", async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const relay = await createNode({
    identity: generateIdentity(),
    listen: { host: "127.0.0.1", port: 0 },
    roles: ["relay"],
    localNetwork: true,
    dataDirectory,
    log: { mode: "required", days: 30, mib: 64 },
  });
  t.after(() => relay.stop());
  const talker = createServer((socket) => socket.on("error", () => {}).end("SSH-2.0-example\r\n"));
  t.after(() => talker.close());
  await new Promise<void>((resolve) => talker.listen(0, "127.0.0.1", resolve));
  const { port } = talker.address() as { port: number };
  const transport = new TcpTransport(components);
  const link = await openLink(components, await transport.dial(relay.address), { peerId: relay.peerId });
  t.after(() => link.destroy());

  const places = [
    { host: "127.0.0.1", port },
    { host: "127.0.0.1", port: 1 },
    { host: "127.0.0.1", port: 25 },
    relay.address,
  ];
  const count = RELAY_LIMITS.unprovenBurstOfLink.value + 5;
  const more = Array.from({ length: count - places.length }, (_, n) => ({ host: "127.0.0.1", port: 100 + n }));
  const answers = await Promise.all([...places, ...more].map((place) => ask(link, place)));
  const said = answers.slice(0, places.length).map(({ code, message, data }) => [code, message, data.status]);
  for (const answer of said)
    assert.deepEqual(answer, ["ERR_HOP_UNREACHABLE", `the relay says: "the next hop did not prove itself"`, 502]);
  assert.equal(answers.at(-1)?.code, "ERR_STREAM_LIMIT");
  const { log, failedProofs, refusals } = relay.operations.status();
  assert.equal(log.state, "writing");
  assert.ok(failedProofs >= said.length);
  assert.ok(refusals.some(({ by }) => by === "unproven hops of a link"));

  await relay.stop();
  const proofs: unknown[] = [];
  const { flawCount } = await verifyLog(dataDirectory, { peer: relay.peerId }, () => (record) => {
    if ("body" in record && record.event === "proof") {
      const { target, result } = recordFields(record);
      proofs.push([target, result]);
    }
  });
  assert.equal(flawCount, 0);
  const found = new Map(proofs as [string, string][]);
  assert.equal(found.get(`127.0.0.1:${port}`), "ERR_HOP_TLS");
  assert.equal(found.get("127.0.0.1:1"), "ERR_HOP_UNREACHABLE");
  // What was never dialled is not in it.
  assert.equal(found.has("127.0.0.1:25"), false);
});
