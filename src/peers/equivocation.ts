import { BywayError } from "../core/errors.ts";
import { shortPeerId } from "../identity/peer-id.ts";
import { decodeEnvelope } from "../wire/envelope.ts";
import { verifyAdvertisement } from "./signed-advertisement.ts";
import type { StoredPeer } from "./stored-peer.ts";

/** Whether what is held says the same as `payload`; nobody is accused on the word of a row that was damaged. */
export function otherPayload(held: StoredPeer, payload: Uint8Array): "same" | "other" | "damaged" {
  try {
    if (verifyAdvertisement(held.envelope).seq !== held.seq) return "damaged";
  } catch {
    return "damaged";
  }
  return Buffer.compare(decodeEnvelope(held.envelope).payload, payload) === 0 ? "same" : "other";
}

/** The refusal of a peer that signed two advertisements with one number. */
export function equivocationError(peer: string): BywayError {
  const message = `${shortPeerId(peer)} signed two advertisements with one number`;
  return new BywayError("ERR_ADVERTISEMENT_EQUIVOCATION", message);
}
