import { BywayError } from "../core/errors.ts";
import { WIRE_LIMITS } from "./limits.ts";

/** A signed envelope (libp2p RFC 0002). Whether the signature is good is for the one who opens it to check. */
export interface Envelope {
  /** Raw Ed25519 key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** What `payload` is. */
  readonly payloadType: Uint8Array;
  readonly payload: Uint8Array;
  /** 64 bytes, over `envelopeSigningInput`. */
  readonly signature: Uint8Array;
}

/*
 * Protobuf, fields in this order, each once, lengths in the shortest form:
 *
 * tag  field         content
 * 0a   public_key    24, 08 01 (Ed25519), 12 20 and the 32 bytes
 * 12   payload_type  length, bytes
 * 1a   payload       length, bytes
 * 2a   signature     40, 64 bytes
 */
const TAGS = [0x0a, 0x12, 0x1a, 0x2a] as const;
const KEY_PREFIX: Uint8Array = Uint8Array.of(0x08, 0x01, 0x12, 0x20);
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** Writes an envelope as js-libp2p does; throws ERR_INTERNAL if a part has a length that `decodeEnvelope` refuses. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const fault = faultOf(envelope);
  if (fault !== undefined) throw new BywayError("ERR_INTERNAL", fault);
  const fields = [
    Buffer.concat([KEY_PREFIX, envelope.publicKey]),
    envelope.payloadType,
    envelope.payload,
    envelope.signature,
  ];
  return new Uint8Array(
    Buffer.concat(fields.flatMap((field, at) => [[TAGS[at] ?? 0], lengthPrefix(field.length), field].map(toBytes))),
  );
}

/** Reads an envelope, each part a copy; only the one canonical form is accepted. Throws ERR_ADVERTISEMENT_MALFORMED. */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length > WIRE_LIMITS.maxEnvelopeBytes.value) throw malformed(`is ${bytes.length} bytes long`);
  let at = 0;
  const field = (tag: number): Uint8Array => {
    if (bytes[at] !== tag) throw malformed("has other fields than its own");
    const low = bytes[at + 1] ?? 0;
    const high = low < 0x80 ? 0 : (bytes[at + 2] ?? 0);
    if (low >= 0x80 && (high === 0 || high >= 0x80)) throw malformed("has a length that is not in its shortest form");
    const start = at + (low < 0x80 ? 2 : 3);
    at = start + (low & 0x7f) + high * 0x80;
    return bytes.slice(start, at);
  };
  const key = field(TAGS[0]);
  const payloadType = field(TAGS[1]);
  const payload = field(TAGS[2]);
  const signature = field(TAGS[3]);
  if (at !== bytes.length) throw malformed("does not end with its last field");
  if (KEY_PREFIX.some((byte, index) => key[index] !== byte)) throw malformed("is not signed by an Ed25519 key");
  const envelope = { publicKey: key.slice(KEY_PREFIX.length), payloadType, payload, signature };
  const fault = faultOf(envelope);
  if (fault !== undefined) throw new BywayError("ERR_ADVERTISEMENT_MALFORMED", fault);
  return envelope;
}

/** What the signature is over: domain, payload type and payload, each after its length (libp2p RFC 0002). */
export function envelopeSigningInput(domain: string, payloadType: Uint8Array, payload: Uint8Array): Uint8Array {
  const parts = [Buffer.from(domain), payloadType, payload];
  return new Uint8Array(Buffer.concat(parts.flatMap((part) => [toBytes(lengthPrefix(part.length)), part])));
}

// Protobuf's base-128 varint; every length here is below 2^14.
function lengthPrefix(length: number): readonly number[] {
  return length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
}

function toBytes(bytes: Uint8Array | readonly number[]): Uint8Array {
  return bytes instanceof Uint8Array ? bytes : Uint8Array.from(bytes);
}

function faultOf(envelope: Envelope): string | undefined {
  if (envelope.publicKey.length !== KEY_BYTES) return "an envelope's key does not have 32 bytes";
  if (envelope.signature.length !== SIGNATURE_BYTES) return "an envelope's signature does not have 64 bytes";
  const { length } = envelope.payloadType;
  if (length === 0 || length > WIRE_LIMITS.maxPayloadTypeBytes.value)
    return "an envelope's payload type is empty or too long";
  if (envelope.payload.length === 0) return "an envelope's payload is empty";
  if (envelope.payload.length > WIRE_LIMITS.maxAdvertisementBytes.value) return "an envelope's payload is too long";
  return undefined;
}

function malformed(what: string): BywayError {
  return new BywayError("ERR_ADVERTISEMENT_MALFORMED", `an envelope ${what}`);
}
