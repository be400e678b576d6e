import { BywayError } from "../core/errors.ts";
import { type Capsule, DATAGRAM_CAPSULE } from "./capsule.ts";
import { WIRE_LIMITS } from "./limits.ts";
import { decodeVarint, varintLength, writeVarint } from "./varint.ts";

/*
 * A UDP payload in a DATAGRAM capsule (RFC 9297 §3.5, RFC 9298 §5):
 *
 * bytes        meaning
 * 00           capsule type DATAGRAM
 * 1, 2 or 4    length of what follows
 * 00           context id 0: a UDP payload
 * the rest     the payload, at most 65,527 bytes
 */

/** Wraps one UDP payload in a capsule; throws ERR_REQUEST_TOO_LARGE above 65,527 bytes. */
export function encodeUdpCapsule(payload: Uint8Array): Uint8Array {
  if (payload.length > WIRE_LIMITS.maxUdpPayloadBytes.value) {
    throw new BywayError("ERR_REQUEST_TOO_LARGE", `a UDP payload of ${payload.length} bytes cannot be sent`);
  }
  const length = payload.length + 1;
  const bytes = new Uint8Array(1 + varintLength(length) + length);
  bytes.set(payload, writeVarint(bytes, 0, writeVarint(bytes, length, writeVarint(bytes, DATAGRAM_CAPSULE, 0))));
  return bytes;
}

/**
 * The UDP payload in a capsule (a view of it), or undefined for other types and other contexts, which are to be passed
 * over. Throws ERR_REQUEST_MALFORMED for a datagram without a context id and for a payload above 65,527 bytes.
 */
export function decodeUdpPayload(capsule: Capsule): Uint8Array | undefined {
  if (capsule.type !== DATAGRAM_CAPSULE) return undefined;
  const context = decodeVarint(capsule.payload);
  if (context === undefined) throw new BywayError("ERR_REQUEST_MALFORMED", "a datagram came without a context id");
  if (context.value !== 0) return undefined;
  const payload = capsule.payload.subarray(context.length);
  if (payload.length > WIRE_LIMITS.maxUdpPayloadBytes.value) {
    throw new BywayError("ERR_REQUEST_MALFORMED", `a UDP payload of ${payload.length} bytes came in`);
  }
  return payload;
}
