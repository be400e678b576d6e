import { isIP } from "node:net";
import { BywayError } from "../core/errors.ts";
import { classifyAddress } from "../geo/reserved-ranges.ts";
import { type Identity, verifySignature } from "../identity/identity.ts";
import { peerIdFromPublicKey, shortPeerId } from "../identity/peer-id.ts";
import { type Advertisement, decodeAdvertisement, encodeAdvertisement } from "../wire/advertisement.ts";
import { decodeEnvelope, encodeEnvelope, envelopeSigningInput } from "../wire/envelope.ts";
import { PEERS_LIMITS } from "./limits.ts";

const DOMAIN = "byway-advertisement";
const PAYLOAD_TYPE: Uint8Array = Buffer.from("/byway/advertisement/1");

/** What a receiver holds an advertisement against. */
export interface AdvertisementCheck {
  readonly nowMs: number;
  /** Accept loopback and private endpoints: for a network on one machine or LAN. */
  readonly localNetwork: boolean;
}

/** Signs `advertisement` as a libp2p envelope (libp2p RFC 0002). The identity must be the advertised peer's. */
export function signAdvertisement(advertisement: Advertisement, identity: Identity): Uint8Array {
  if (advertisement.peer !== identity.peerId) {
    throw new BywayError("ERR_INTERNAL", "an advertisement can be signed by its own peer only");
  }
  const payload = encodeAdvertisement(advertisement);
  const signature = identity.sign(envelopeSigningInput(DOMAIN, PAYLOAD_TYPE, payload));
  return encodeEnvelope({ publicKey: identity.publicKey, payloadType: PAYLOAD_TYPE, payload, signature });
}

/**
 * Opens a signed advertisement that a stranger sent: size, signature, peer, times and endpoints (docs/protocol.md §6).
 * Throws ERR_ADVERTISEMENT_MALFORMED, _SIGNATURE, _EXPIRED, _FUTURE or _PRIVATE.
 */
export function openAdvertisement(envelope: Uint8Array, check: AdvertisementCheck): Advertisement {
  const advertisement = verifyAdvertisement(envelope);
  checkTimes(advertisement, check.nowMs / 1000);
  if (!check.localNetwork) checkEndpoints(advertisement);
  return advertisement;
}

/** What a peer has signed, whenever that was: size, form, signature and peer. Throws ERR_ADVERTISEMENT_MALFORMED or _SIGNATURE. */
export function verifyAdvertisement(envelope: Uint8Array): Advertisement {
  if (envelope.length > PEERS_LIMITS.envelopeBytes.value) {
    throw new BywayError("ERR_ADVERTISEMENT_MALFORMED", `the advertisement is ${envelope.length} bytes long`);
  }
  const { publicKey, payloadType, payload, signature } = decodeEnvelope(envelope);
  if (Buffer.compare(payloadType, PAYLOAD_TYPE) !== 0) {
    throw new BywayError("ERR_ADVERTISEMENT_MALFORMED", "the envelope does not hold an advertisement");
  }
  if (!verifySignature(publicKey, envelopeSigningInput(DOMAIN, PAYLOAD_TYPE, payload), signature)) {
    throw new BywayError("ERR_ADVERTISEMENT_SIGNATURE", "the advertisement's signature is wrong");
  }
  const advertisement = decodeAdvertisement(payload);
  if (advertisement.peer !== peerIdFromPublicKey(publicKey)) {
    throw new BywayError("ERR_ADVERTISEMENT_SIGNATURE", "the advertisement names one peer and is signed by another");
  }
  return advertisement;
}

/**
 * Reads a signed advertisement that was verified before: its form and its endpoints, but neither signature nor times.
 * Throws ERR_ADVERTISEMENT_MALFORMED or _PRIVATE.
 */
export function readAdvertisement(
  envelope: Uint8Array,
  check: Pick<AdvertisementCheck, "localNetwork">,
): Advertisement {
  const advertisement = decodeAdvertisement(decodeEnvelope(envelope).payload);
  if (!check.localNetwork) checkEndpoints(advertisement);
  return advertisement;
}

function checkTimes({ peer, seq, issuedAtSec, expiresAtSec }: Advertisement, nowSec: number): void {
  const who = shortPeerId(peer);
  // A number from the future would outlast what the peer tells everybody else.
  if (seq > (issuedAtSec + PEERS_LIMITS.seqAheadSeconds.value) * 1000) {
    throw new BywayError("ERR_ADVERTISEMENT_MALFORMED", `the advertisement of ${who} has a number ahead of its time`);
  }
  if (expiresAtSec - issuedAtSec > PEERS_LIMITS.lifetimeSeconds.value || expiresAtSec <= issuedAtSec) {
    throw new BywayError("ERR_ADVERTISEMENT_MALFORMED", `the advertisement of ${who} has an impossible lifetime`);
  }
  if (expiresAtSec <= nowSec) {
    const ago = Math.round(nowSec - expiresAtSec);
    throw new BywayError("ERR_ADVERTISEMENT_EXPIRED", `the advertisement of ${who} expired ${ago} s ago`);
  }
  if (issuedAtSec > nowSec + PEERS_LIMITS.clockSkewSeconds.value) {
    const ahead = Math.round(issuedAtSec - nowSec);
    throw new BywayError("ERR_ADVERTISEMENT_FUTURE", `the advertisement of ${who} is dated ${ahead} s in the future`);
  }
}

function checkEndpoints({ peer, endpoints }: Advertisement): void {
  for (const { host } of endpoints) {
    if (isIP(host) === 0 || classifyAddress(host) !== undefined) {
      throw new BywayError("ERR_ADVERTISEMENT_PRIVATE", `${shortPeerId(peer)} advertises the private address ${host}`);
    }
  }
}
