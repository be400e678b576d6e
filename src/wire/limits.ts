import { fixed, type Limit, tunable } from "../core/limits.ts";

/** The bounds of the codecs: what is longer is refused before it is looked at. */
export const WIRE_LIMITS: Readonly<
  Record<
    | "maxHostBytes"
    | "maxNameBytes"
    | "maxLabelBytes"
    | "maxProxyStatusBytes"
    | "maxProxyStatusMembers"
    | "maxProxyStatusParameters"
    | "maxDetailsChars"
    | "maxEnvelopeBytes"
    | "maxPayloadTypeBytes"
    | "maxAdvertisementBytes"
    | "maxListItems"
    | "maxPortRanges"
    | "maxTextBytes"
    | "maxTokenBytes"
    | "maxCapsuleBytes"
    | "maxUdpPayloadBytes"
    | "maxConnectUdpPathBytes"
    | "maxSocks4UserIdBytes"
    | "maxAnswerEnvelopes"
    | "maxDirectoryRequestBytes"
    | "maxDirectoryAnswerBytes"
    | "maxProxyHeaderBytes"
    | "maxChunkLineBytes",
    Limit
  >
> = {
  maxHostBytes: fixed(255, "bytes", "the longest name that SOCKS5 can carry"),
  maxNameBytes: fixed(253, "bytes", "the longest name that DNS can carry, written with dots (RFC 1035 §2.3.4)"),
  maxLabelBytes: fixed(63, "bytes", "the longest label of a name (RFC 1035 §2.3.4)"),
  maxProxyStatusBytes: tunable(4_096, "bytes", "a Proxy-Status of ten hops with details fits"),
  maxProxyStatusMembers: tunable(16, "count", "one for each proxy on the way, of which there are at most five"),
  maxProxyStatusParameters: tunable(16, "count", "RFC 9209 defines nine"),
  maxDetailsChars: fixed(256, "count", "a sentence; keeps Proxy-Status far below every header limit"),
  maxEnvelopeBytes: fixed(1_280, "bytes", "the largest advertisement, with key, signature and framing"),
  maxPayloadTypeBytes: fixed(64, "bytes", "payload types are short paths"),
  maxAdvertisementBytes: fixed(1_024, "bytes", "an exchange of 50 stays below 64 KiB"),
  maxListItems: fixed(16, "count", "more endpoints, relays or family members than a node has use for"),
  maxPortRanges: fixed(
    64,
    "count",
    "Tor's reduced exit list has 60 gaps; leaves half of an advertisement for the rest",
  ),
  maxTextBytes: fixed(64, "bytes", "the longest place name or operator worth showing"),
  maxTokenBytes: fixed(32, "bytes", "roles and protocols are single words"),
  maxCapsuleBytes: fixed(65_543, "bytes", "the largest UDP payload and the longest context id (RFC 9298 §5)"),
  maxUdpPayloadBytes: fixed(65_527, "bytes", "RFC 9298 §5: what UDP's 16-bit length leaves"),
  maxConnectUdpPathBytes: fixed(1_024, "bytes", "a host of 255 bytes, each percent-encoded, with its frame"),
  maxSocks4UserIdBytes: tunable(512, "bytes", "a user name with every parameter fits"),
  maxAnswerEnvelopes: fixed(50, "count", "enough to choose from, and an answer stays below 64 KiB"),
  maxDirectoryRequestBytes: fixed(8_192, "bytes", "an advertisement of one's own, 50 peer ids and every filter"),
  maxDirectoryAnswerBytes: fixed(65_536, "bytes", "50 of the longest envelopes"),
  maxProxyHeaderBytes: fixed(107, "bytes", "the longest header of the PROXY protocol, version 1"),
  maxChunkLineBytes: tunable(4_096, "bytes", "a size in hex with extensions, or a trailer field, of a chunked body"),
};
