import assert from "node:assert/strict";
import { test } from "node:test";
import { knownPeer } from "../../test/support/known-peer.ts";
import { numberedEntry, numberedPeer } from "../../test/support/peer-entries.ts";
import { bookPeer } from "../peers/book-peer.ts";
import { peerJson } from "./peer-report.ts";

test("the names in a peer's JSON stay as programs know them", () => {
  const stored = { ...numberedEntry(1), firstSeenMs: 1, lastSeenMs: 2, failures: 0, namedIn: [], lot: 0, rttMs: 3 };
  const { advertisement } = knownPeer(numberedPeer(1));
  const json = JSON.parse(JSON.stringify(peerJson(bookPeer(advertisement, stored))));
  assert.deepEqual(Object.keys(json), ["peer", "claims", "known"]);
  assert.deepEqual(Object.keys(json.known).toSorted(), [
    "failures",
    "firstSeenMs",
    "lastSeenMs",
    "namedIn",
    "place",
    "rttMs",
    "toldBy",
  ]);
  assert.deepEqual(json.known.toldBy, { kind: "exchange" });
});
