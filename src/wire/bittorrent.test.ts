import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BITTORRENT_DATAGRAMS, ORDINARY_DATAGRAMS } from "../../test/support/datagrams.ts";
import { hostileBytes } from "../../test/support/hostile-bytes.ts";
import { isBitTorrentDatagram, isTrackerRequest, readBitTorrentHandshake } from "./bittorrent.ts";

const HANDSHAKE = Buffer.from(`\x13BitTorrent protocol${"\0".repeat(8)}${"h".repeat(20)}-XX0001-${"p".repeat(12)}`);

test("the handshake is told at its twentieth byte, and anything else at the first that differs", () => {
  for (let length = 0; length < 20; length += 1) {
    assert.equal(readBitTorrentHandshake(HANDSHAKE.subarray(0, length)), "more", `at ${length}`);
    const other = Buffer.from(HANDSHAKE.subarray(0, length + 1));
    other[length] = 0xff;
    assert.equal(readBitTorrentHandshake(other), "none", `changed at ${length}`);
  }
  assert.equal(readBitTorrentHandshake(HANDSHAKE.subarray(0, 20)), "found");
  assert.equal(readBitTorrentHandshake(HANDSHAKE), "found");
  assert.equal(readBitTorrentHandshake(Buffer.from("\x13/multistream/1.0.0\n")), "none");
});

test("announces and scrapes are told from other requests", () => {
  const hash = "info_hash=%124Vx%9A%BC%DE%F1%23Eg%89%AB%CD%EF%124Vx%9A";
  for (const target of [
    `/announce?${hash}&peer_id=-XX0001-abcdefghijkl&port=6881&uploaded=0`,
    `/0123456789abcdef/announce.php?passkey=1&peer_id=x&${hash}`,
    `http://tracker.example:6969/announce?peer_id=x&${hash}`,
    `/scrape?${hash}`,
    `/scrape.php?${hash}&${hash}`,
  ]) {
    assert.ok(isTrackerRequest(target), target);
  }
  for (const target of [
    "/announce",
    "/scrape?x=1",
    `/search?${hash}`,
    "/?q=info_hash=1&peer_id=2",
    "/a?peer_id=2",
    "*",
  ]) {
    assert.ok(!isTrackerRequest(target), target);
  }
});

test("a tracker is asked in lines that are not plain as well", () => {
  const query = "info_hash=x&peer_id=y";
  const lines = [
    ...[
      `GET  /announce?${query} HTTP/1.1`,
      `GET\t/announce?${query}  HTTP/1.1 `,
      `get /a?x=/&${query}`,
      `GET /a?x;${query} HTTP/9`,
    ],
    ...[
      "GET /announce?info%5Fhash=x&%70eer_id=y HTTP/1.1",
      `GET http://t.example/announce?${query} HTTP/1.1`,
      `GET /a b?${query}`,
    ],
  ];
  for (const line of lines) assert.ok(isTrackerRequest(line), line);
  assert.ok(!isTrackerRequest("GET /announce HTTP/1.1"));
});

test("datagrams of trackers, of the DHT and of local discovery are told, and no others", () => {
  for (const [what, bytes] of Object.entries(BITTORRENT_DATAGRAMS)) assert.ok(isBitTorrentDatagram(bytes), what);
  for (const [what, bytes] of Object.entries(ORDINARY_DATAGRAMS)) assert.ok(!isBitTorrentDatagram(bytes), what);
});

test("changed bytes give a plain answer", () => {
  fc.assert(
    fc.property(hostileBytes([HANDSHAKE, ...Object.values(BITTORRENT_DATAGRAMS)]), (bytes) => {
      const seen = Buffer.from(bytes);
      assert.ok(["more", "none", "found"].includes(readBitTorrentHandshake(seen)));
      assert.equal(typeof isBitTorrentDatagram(seen), "boolean");
      assert.equal(typeof isTrackerRequest(seen.toString("latin1")), "boolean");
    }),
  );
});
