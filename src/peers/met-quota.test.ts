import assert from "node:assert/strict";
import { test } from "node:test";
import { signedPeer } from "../../test/support/signed-peer.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import { generateIdentity, type Identity } from "../identity/identity.ts";
import { PeerBook } from "./peer-book.ts";
import { PeerStore } from "./peer-store.ts";
import type { ReportedBy } from "./stored-peer.ts";

const GOSSIP = { kind: "gossip" } as const;

test("one that is met takes the place of one that never answered in a full network, and of no other", () => {
  const [clock, logger] = [new FakeClock(), silentLogger];
  const store = new PeerStore({ clock, random: seededRandom(1), logger }, { path: ":memory:" });
  const book = new PeerBook({ store, clock, logger }, { quotas: { perPrefix: 3, perAsn: 9 } });
  const at = (host: string, who: Identity): Uint8Array => signedPeer(clock, who, { endpoints: [{ host, port: 1 }] });
  const [file, reached, fake] = [generateIdentity(), generateIdentity(), generateIdentity()];
  const [first, second] = [generateIdentity(), generateIdentity()];
  const HOST = "9.9.3.3";
  const met = (who: Identity, address: string | undefined = HOST, teller = who): ReportedBy => ({
    kind: "exchange",
    peer: teller.peerId,
    address,
  });
  book.add(at("9.9.1.1", file), { kind: "file" });
  book.add(at("9.9.1.2", reached), GOSSIP);
  book.recordCheck(reached.peerId, 5);
  book.add(at("9.9.1.3", fake), GOSSIP);
  const quota = { code: "ERR_ADVERTISEMENT_QUOTA" };
  // Told by another, told from elsewhere, or not met at all.
  for (const reportedBy of [
    GOSSIP,
    met(first, HOST, fake),
    met(first, "9.9.4.4"),
    { ...met(first), address: undefined },
  ])
    assert.throws(() => book.add(at(HOST, first), reportedBy), quota);
  assert.equal(book.add(at(HOST, first), met(first)), "new");
  book.noteMet(first.peerId, HOST);
  assert.equal(book.get(fake.peerId), undefined);
  assert.throws(() => book.add(at(HOST, second), met(second)), quota);
  for (const { peerId } of [file, reached, first]) assert.ok(book.get(peerId) !== undefined);
});
