import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  maxHostBytes: [255, "bytes", "the longest name that SOCKS5 can carry", "protocol"],
  maxNameBytes: [253, "bytes", "the longest name that DNS can carry, written with dots (RFC 1035 §2.3.4)", "protocol"],
  maxLabelBytes: [63, "bytes", "the longest label of a name (RFC 1035 §2.3.4)", "protocol"],
  maxProxyStatusBytes: [4_096, "bytes", "a Proxy-Status of ten hops with details fits"],
  maxProxyStatusMembers: [16, "count", "one for each proxy on the way, of which there are at most five"],
  maxProxyStatusParameters: [16, "count", "RFC 9209 defines nine"],
  maxDetailsChars: [256, "count", "a sentence; keeps Proxy-Status far below every header limit", "protocol"],
  maxEnvelopeBytes: [1_280, "bytes", "the largest advertisement, with key, signature and framing", "protocol"],
  maxPayloadTypeBytes: [64, "bytes", "payload types are short paths", "protocol"],
  maxAdvertisementBytes: [1_024, "bytes", "an exchange of 50 stays below 64 KiB", "protocol"],
  maxListItems: [16, "count", "more endpoints, relays or family members than a node has use for", "protocol"],
  maxPortRanges: [
    64,
    "count",
    "Tor's reduced exit list has 60 gaps; leaves half of an advertisement for the rest",
    "protocol",
  ],
  maxTextBytes: [64, "bytes", "the longest place name or operator worth showing", "protocol"],
  maxTokenBytes: [32, "bytes", "roles and protocols are single words", "protocol"],
  maxCapsuleBytes: [65_543, "bytes", "the largest UDP payload and the longest context id (RFC 9298 §5)", "protocol"],
  maxUdpPayloadBytes: [65_527, "bytes", "RFC 9298 §5: what UDP's 16-bit length leaves", "protocol"],
  maxConnectUdpPathBytes: [1_024, "bytes", "a host of 255 bytes, each percent-encoded, with its frame", "protocol"],
  maxSocks4UserIdBytes: [512, "bytes", "a user name with every parameter fits"],
  maxAnswerEnvelopes: [50, "count", "enough to choose from, and an answer stays below 64 KiB", "protocol"],
  maxDirectoryRequestBytes: [8_192, "bytes", "an advertisement of one's own, 50 peer ids and every filter", "protocol"],
  maxDirectoryAnswerBytes: [65_536, "bytes", "50 of the longest envelopes", "protocol"],
  maxProxyHeaderBytes: [107, "bytes", "the longest header of the PROXY protocol, version 1", "protocol"],
  maxChunkLineBytes: [4_096, "bytes", "a size in hex with extensions, or a trailer field, of a chunked body"],
} as const;

/** The bounds of the codecs: what is longer is refused before it is looked at. */
export const WIRE_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
