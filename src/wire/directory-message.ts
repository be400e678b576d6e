import { BywayError } from "../core/errors.ts";
import type { NetworkKind } from "./advertisement.ts";
import { CborFault, CborMap, type CborReader, decodeCbor, encodeCbor, integer, list, text } from "./cbor-map.ts";
import { WIRE_LIMITS } from "./limits.ts";
import type { PeerQuery } from "./peer-query.ts";

/** "I am here, this is my advertisement; what have you?" (docs/protocol.md §7.2). */
export interface DirectoryRequest {
  /** The asker's own signed advertisement; absent for a client. */
  readonly self?: Uint8Array | undefined;
  readonly query: PeerQuery;
  /** How many advertisements it takes, 0 to 50. */
  readonly limit: number;
}

/** What a peer answers. */
export interface DirectoryAnswer {
  /** Signed advertisements, none of them checked yet; at most 50. */
  readonly envelopes: readonly Uint8Array[];
}

/*
 * Deterministic CBOR (RFC 8949 §4.2.1), a map with text keys. Keys that are not listed are passed over.
 *
 *   request              m: mandatory                    answer
 *   v          m  uint, 1                                v          m  uint, 1
 *   limit      m  uint, 0 … 50                           envelopes  m  [bytes], at most 50
 *   self          bytes, an envelope
 *   countries     [text, 2 letters], at most 16
 *   roles         [word], protocols alike
 *   asns          [uint]
 *   networks      [text, one of four]
 *   peers         [text, k51…], at most 50
 *   regions       [text], cities and isps alike, at most 16 each
 */
const { maxListItems, maxTokenBytes, maxTextBytes, maxAnswerEnvelopes, maxEnvelopeBytes } = WIRE_LIMITS;
const COUNTRIES = list(text(/^[a-z]{2}$/, 2), maxListItems.value);
const WORDS = list(text(/^[a-z0-9][a-z0-9._/-]*$/, maxTokenBytes.value), maxListItems.value);
const ASNS = list(integer(1, 2 ** 32 - 1), maxListItems.value);
const NETWORKS = list(text(/^(?:residential|mobile|hosting|unknown)$/, maxTokenBytes.value), maxListItems.value);
// Names are folded by whoever compares them; here they are only bounded, and free of what steers a terminal.
const NAMES = list(name, maxListItems.value);
const PEERS = list(text(/^k51[0-9a-z]{59}$/, maxTextBytes.value), maxAnswerEnvelopes.value);

/** Writes a request of at most 8,192 bytes; throws ERR_DIRECTORY_MESSAGE where `decodeDirectoryRequest` would refuse it. */
export function encodeDirectoryRequest({ self, query, limit }: DirectoryRequest): Uint8Array {
  const bytes = encodeCbor({ v: 1, limit, self, ...query });
  decodeDirectoryRequest(bytes);
  return bytes;
}

/** Reads a stranger's request. Throws ERR_DIRECTORY_MESSAGE naming the field at fault. */
export function decodeDirectoryRequest(bytes: Uint8Array): DirectoryRequest {
  return read(bytes, WIRE_LIMITS.maxDirectoryRequestBytes.value, (map) => ({
    limit: map.required("limit", integer(0, maxAnswerEnvelopes.value)),
    ...map.optional("self", "self", envelope),
    query: {
      ...map.optional("countries", "countries", COUNTRIES),
      ...map.optional("roles", "roles", WORDS),
      ...map.optional("protocols", "protocols", WORDS),
      ...map.optional("asns", "asns", ASNS),
      ...map.optional("networks", "networks", NETWORKS as CborReader<readonly NetworkKind[]>),
      ...map.optional("peers", "peers", PEERS),
      ...map.optional("regions", "regions", NAMES),
      ...map.optional("cities", "cities", NAMES),
      ...map.optional("isps", "isps", NAMES),
    },
  }));
}

/** Writes an answer; throws ERR_DIRECTORY_MESSAGE where `decodeDirectoryAnswer` would refuse it. */
export function encodeDirectoryAnswer({ envelopes }: DirectoryAnswer): Uint8Array {
  const bytes = encodeCbor({ v: 1, envelopes });
  decodeDirectoryAnswer(bytes);
  return bytes;
}

/** Reads a stranger's answer. Throws ERR_DIRECTORY_MESSAGE naming the field at fault. */
export function decodeDirectoryAnswer(bytes: Uint8Array): DirectoryAnswer {
  return read(bytes, WIRE_LIMITS.maxDirectoryAnswerBytes.value, (map) => ({
    envelopes: map.required("envelopes", list(envelope, maxAnswerEnvelopes.value)),
  }));
}

function name(value: unknown): string {
  if (typeof value !== "string") throw new CborFault("is not text");
  if (Buffer.byteLength(value) > maxTextBytes.value) throw new CborFault(`is longer than ${maxTextBytes.value} bytes`);
  if (!/^[^\p{C}\p{Zl}\p{Zp}]+$/u.test(value)) throw new CborFault("has not the form that it must have");
  return value;
}

function envelope(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new CborFault("is not bytes");
  if (value.length > maxEnvelopeBytes.value) throw new CborFault(`is longer than ${maxEnvelopeBytes.value} bytes`);
  return value;
}

function read<T>(bytes: Uint8Array, maxBytes: number, fields: (map: CborMap) => T): T {
  try {
    if (bytes.length > maxBytes) throw new CborFault(`is ${bytes.length} bytes long`);
    const map = new CborMap(decodeCbor(bytes));
    map.required("v", integer(1, 1));
    return fields(map);
  } catch (cause) {
    if (!(cause instanceof CborFault)) throw cause;
    throw new BywayError("ERR_DIRECTORY_MESSAGE", `a directory message ${cause.message}`, { cause });
  }
}
