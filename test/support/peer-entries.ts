import { peerIdFromPublicKey } from "../../src/identity/peer-id.ts";
import type { PeerEntry } from "../../src/peers/stored-peer.ts";

/** The time at which FakeClock starts, in seconds. */
export const START_SEC = 1_800_000_000;

/** A peer id that is always the same for one number. */
export function numberedPeer(number: number): string {
  const key = new Uint8Array(32).fill(7);
  new DataView(key.buffer).setUint32(0, number);
  new DataView(key.buffer).setUint32(28, number);
  return peerIdFromPublicKey(key);
}

/** A peer as the store takes it, with an envelope that is none. */
export function numberedEntry(number: number, change: Partial<PeerEntry> = {}): PeerEntry {
  return {
    peer: numberedPeer(number),
    seq: 1,
    issuedAtSec: START_SEC,
    expiresAtSec: START_SEC + 7_200,
    place: { country: "de", network: "unknown", contradicted: [] },
    roles: ["exit", "relay"],
    protocols: ["tcp"],
    prefix: `9.${number % 256}`,
    software: "byway/0.1.0",
    seenMs: START_SEC * 1000,
    reportedBy: { kind: "exchange" },
    envelope: new Uint8Array(400).fill(number),
    ...change,
  };
}
