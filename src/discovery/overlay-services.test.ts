import assert from "node:assert/strict";
import { test } from "node:test";
import { advertisedNode } from "../../test/support/advertised-node.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import { generateIdentity } from "../identity/identity.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import { openPeers } from "../peers/open-peers.ts";
import { overlayServices } from "./overlay-services.ts";

test("records that are refused are counted by reason, and those that only grew old are not", () => {
  const clock = new FakeClock();
  const random = seededRandom(1);
  const { book, geo, stop } = openPeers({ clock, random, logger: silentLogger }, { localNetwork: true });
  const services = overlayServices({ clock, random, book, geo, own: () => undefined }, { localNetwork: true });
  const { advertisement, envelope } = advertisedNode();
  const peer = parsePeerId(advertisement.peer);
  services.checkRecord(peer, envelope);
  assert.throws(() => services.checkRecord(generateIdentity().peerId, envelope), {
    code: "ERR_ADVERTISEMENT_SIGNATURE",
  });
  assert.throws(() => services.checkRecord(peer, Uint8Array.of(1)), { code: "ERR_ADVERTISEMENT_MALFORMED" });
  clock.advance(7_200_000);
  assert.throws(() => services.checkRecord(peer, envelope), { code: "ERR_ADVERTISEMENT_EXPIRED" });
  const { signature, malformed, expired } = book.rejections.counts();
  assert.deepEqual({ signature, malformed, expired }, { signature: 1, malformed: 1, expired: 0 });
  stop();
});
