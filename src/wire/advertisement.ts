import { BywayError } from "../core/errors.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { parseAuthority } from "./authority.ts";
import { CborFault, CborMap, decodeCbor, encodeCbor, integer, list, share, text } from "./cbor-map.ts";
import { WIRE_LIMITS } from "./limits.ts";
import type { PortRange } from "./port-range.ts";

/** The kinds of network that a node may claim to stand in. */
export type NetworkKind = "residential" | "mobile" | "hosting" | "unknown";

/**
 * A node's description of itself (docs/protocol.md §6). All of it is the node's own claim.
 * Text is printable ASCII of at most 64 characters, a list has at most 16 items, so that it can go into headers.
 */
export interface Advertisement {
  readonly v: 1;
  /** Peer id in base36. */
  readonly peer: string;
  /** The higher one of two is the newer; 0 to 2^53 - 1. */
  readonly seq: number;
  readonly issuedAtSec: number;
  readonly expiresAtSec: number;
  /** `relay`, `exit`, and words to come. */
  readonly roles: readonly string[];
  /** IP addresses, never names; empty for a node that is reached through `via` only. */
  readonly endpoints: readonly HostPort[];
  /** Peer ids of the relays that hold a reservation of this node. */
  readonly via?: readonly string[];
  /** ISO 3166-1 alpha-2, lower case. */
  readonly country?: string;
  readonly region?: string;
  readonly city?: string;
  readonly asn?: number;
  readonly isp?: string;
  readonly network?: NetworkKind;
  readonly upMbps?: number;
  readonly downMbps?: number;
  /** `tcp`, `udp`, and words to come. */
  readonly protocols: readonly string[];
  /** Share of the time, 0 to 1. */
  readonly availability?: { readonly last7Days: number; readonly last30Days: number };
  readonly upSinceSec?: number;
  /** Share of its capacity in use, 0 to 1. */
  readonly load?: number;
  readonly price?: { readonly microUsdcPerGiB: bigint; readonly microUsdcPerRequest: bigint };
  /** The ports of targets that an exit accepts, rising; empty for a node that is no exit. */
  readonly policy: { readonly acceptedPorts: readonly PortRange[] };
  /** Peer ids of the same operator's nodes, or a name that they share. */
  readonly family?: readonly string[];
  /** `contract` and `payee` as `0x` and 40 lower-case hex digits. */
  readonly pay?: { readonly chainId: number; readonly contract: string; readonly payee: string };
  /** Name and version, such as `byway/0.1.0`. */
  readonly software: string;
}

/*
 * Deterministic CBOR (RFC 8949 §4.2.1), a map with text keys in the order of their encoded bytes.
 * m: mandatory. Keys that are not listed are passed over.
 *
 *   key            type                                 key            type
 *   v           m  uint, 1                              asn            uint, 1 … 2^32 - 1
 *   peer        m  text, k51…                           network        text, one of four
 *   seq         m  uint                                 upMbps         uint, downMbps alike
 *   issuedAt    m  uint, seconds since 1970             availability   [share of 7, share of 30 days]
 *   expiresAt   m  uint, above issuedAt                 upSince        uint, seconds since 1970
 *   roles       m  [text]                               load           int or float, 0 … 1
 *   endpoints   m  [text "ip:port"]                     price          {microUsdcPerGiB, microUsdcPerRequest: uint}
 *   protocols   m  [text]                               via            [text, k51…]
 *   policy      m  {ports: [[first, last]]}             family         [text]
 *   software    m  text                                 pay            {chainId: uint, contract, payee: 20 bytes}
 *   country, region, city, isp   text
 */
const SECONDS = integer(0, 2 ** 40);
const MBPS = integer(0, 10_000_000);
const MAX_MICRO_USDC = 10 ** 15;
const NETWORKS: readonly NetworkKind[] = ["residential", "mobile", "hosting", "unknown"];
const { maxListItems, maxTextBytes, maxTokenBytes, maxPortRanges } = WIRE_LIMITS;
const TEXT = text(/^[!-~](?:[ -~]*[!-~])?$/, maxTextBytes.value);
const PEER = text(/^k51[0-9a-z]{59}$/, maxTextBytes.value);
const WORDS = list(text(/^[a-z0-9][a-z0-9._/-]*$/, maxTokenBytes.value), maxListItems.value);

/** The IP address that a peer counts under in networks, crowds and places: that of its first endpoint. */
export function countedAddress({ endpoints }: Pick<Advertisement, "endpoints">): string | undefined {
  return endpoints[0]?.host;
}

/** Writes `advertisement`; throws ERR_ADVERTISEMENT_MALFORMED where `decodeAdvertisement` would refuse the result. */
export function encodeAdvertisement(advertisement: Advertisement): Uint8Array {
  const bytes = encoded(advertisement);
  decodeAdvertisement(bytes);
  return bytes;
}

/**
 * `advertisement` with as many of its ranges of ports as there is room for, the lowest: a node may claim less than it accepts,
 * and the names of its family must not keep it from claiming anything.
 */
export function fitAdvertisement(advertisement: Advertisement): Advertisement {
  let fitting = advertisement;
  while (encoded(fitting).length > WIRE_LIMITS.maxAdvertisementBytes.value) {
    const { acceptedPorts } = fitting.policy;
    if (acceptedPorts.length === 0) return advertisement;
    fitting = { ...fitting, policy: { acceptedPorts: acceptedPorts.slice(0, -1) } };
  }
  return fitting;
}

function encoded(advertisement: Advertisement): Uint8Array {
  const { issuedAtSec, expiresAtSec, upSinceSec, endpoints, availability, policy, pay, ...rest } = advertisement;
  return encodeCbor({
    ...rest,
    issuedAt: issuedAtSec,
    expiresAt: expiresAtSec,
    upSince: upSinceSec,
    endpoints: endpoints.map(formatHostPort),
    availability: availability && [availability.last7Days, availability.last30Days],
    policy: { ports: policy.acceptedPorts.map(({ first, last }) => [first, last]) },
    pay: pay && { chainId: pay.chainId, contract: fromHex(pay.contract), payee: fromHex(pay.payee) },
  });
}

/**
 * Reads an advertisement of at most 1,024 bytes. Throws ERR_ADVERTISEMENT_MALFORMED naming the field at fault.
 * Whether it is signed, fresh and of public addresses is for the directory to check.
 */
export function decodeAdvertisement(payload: Uint8Array): Advertisement {
  try {
    if (payload.length > WIRE_LIMITS.maxAdvertisementBytes.value)
      throw new CborFault(`is ${payload.length} bytes long`);
    return readAdvertisement(new CborMap(decodeCbor(payload)));
  } catch (cause) {
    if (!(cause instanceof CborFault)) throw cause;
    throw new BywayError("ERR_ADVERTISEMENT_MALFORMED", `an advertisement ${cause.message}`, { cause });
  }
}

function readAdvertisement(map: CborMap): Advertisement {
  map.required("v", integer(1, 1));
  const advertisement: Advertisement = {
    v: 1,
    peer: map.required("peer", PEER),
    seq: map.required("seq", integer(0, Number.MAX_SAFE_INTEGER)),
    issuedAtSec: map.required("issuedAt", SECONDS),
    expiresAtSec: map.required("expiresAt", SECONDS),
    roles: map.required("roles", WORDS),
    endpoints: map.required("endpoints", list(endpoint, maxListItems.value)),
    ...map.optional("via", "via", list(PEER, maxListItems.value)),
    ...map.optional("country", "country", text(/^[a-z]{2}$/, 2)),
    ...map.optional("region", "region", TEXT),
    ...map.optional("city", "city", TEXT),
    ...map.optional("asn", "asn", integer(1, 2 ** 32 - 1)),
    ...map.optional("isp", "isp", TEXT),
    ...map.optional("network", "network", networkKind),
    ...map.optional("upMbps", "upMbps", MBPS),
    ...map.optional("downMbps", "downMbps", MBPS),
    protocols: map.required("protocols", WORDS),
    ...map.optional("availability", "availability", availability),
    ...map.optional("upSince", "upSinceSec", SECONDS),
    ...map.optional("load", "load", share),
    ...map.optional("price", "price", price),
    policy: { acceptedPorts: map.required("policy", acceptedPorts) },
    ...map.optional("family", "family", list(TEXT, maxListItems.value)),
    ...map.optional("pay", "pay", pay),
    software: map.required("software", TEXT),
  };
  if (advertisement.expiresAtSec <= advertisement.issuedAtSec) throw new CborFault("expires before it is issued");
  return advertisement;
}

function endpoint(value: unknown): HostPort {
  const written = text(/^[0-9a-f.:[\]]+$/, maxTextBytes.value)(value);
  let address: HostPort | undefined;
  try {
    address = parseAuthority(written);
  } catch {
    // Told below, as a fault of the advertisement.
  }
  const isIp = address !== undefined && /^[0-9.]+$|:/.test(address.host);
  if (address === undefined || !isIp || formatHostPort(address) !== written) {
    throw new CborFault("is not an IP address and port in canonical form");
  }
  return address;
}

function networkKind(value: unknown): NetworkKind {
  const kind = NETWORKS.find((known) => known === value);
  if (kind === undefined) throw new CborFault(`is none of ${NETWORKS.join(", ")}`);
  return kind;
}

function availability(value: unknown): NonNullable<Advertisement["availability"]> {
  const [last7Days, last30Days, ...more] = list(share, 2)(value);
  if (last7Days === undefined || last30Days === undefined || more.length > 0) throw new CborFault("is not a pair");
  return { last7Days, last30Days };
}

function price(value: unknown): NonNullable<Advertisement["price"]> {
  const map = new CborMap(value);
  const microUsdc = integer(0, MAX_MICRO_USDC);
  return {
    microUsdcPerGiB: BigInt(map.required("microUsdcPerGiB", microUsdc)),
    microUsdcPerRequest: BigInt(map.required("microUsdcPerRequest", microUsdc)),
  };
}

function acceptedPorts(value: unknown): readonly PortRange[] {
  const port = integer(1, 65_535);
  const ranges = new CborMap(value).required("ports", list(list(port, 2), maxPortRanges.value));
  let before = 0;
  return ranges.map(([first, last]) => {
    if (first === undefined || last === undefined || last < first || first <= before) {
      throw new CborFault("has port ranges that do not rise");
    }
    before = last;
    return { first, last };
  });
}

function pay(value: unknown): NonNullable<Advertisement["pay"]> {
  const map = new CborMap(value);
  return {
    chainId: map.required("chainId", integer(1, Number.MAX_SAFE_INTEGER)),
    contract: map.required("contract", toHex),
    payee: map.required("payee", toHex),
  };
}

function toHex(value: unknown): string {
  if (!(value instanceof Uint8Array) || value.length !== 20) throw new CborFault("is not an address of 20 bytes");
  return `0x${Buffer.from(value).toString("hex")}`;
}

function fromHex(address: string): Uint8Array {
  return /^0x[0-9a-f]{40}$/.test(address) ? new Uint8Array(Buffer.from(address.slice(2), "hex")) : new Uint8Array();
}
