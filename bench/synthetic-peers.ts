import { type Random, seededRandom } from "../src/core/random.ts";
import { peerIdFromPublicKey } from "../src/identity/peer-id.ts";
import { peerEntry } from "../src/peers/peer-entry.ts";
import type { PeerEntry } from "../src/peers/stored-peer.ts";
import { type Advertisement, encodeAdvertisement } from "../src/wire/advertisement.ts";
import { encodeEnvelope } from "../src/wire/envelope.ts";

const PAYLOAD_TYPE: Uint8Array = Buffer.from("/byway/advertisement/1");
// Shares of nodes as public peer-to-peer networks have them: a few countries hold most.
const COUNTRIES = ["us", "us", "us", "us", "de", "de", "fr", "nl", "gb", "ca", "fi", "jp", "sg", "br", "pl", "se"];

/** An advertisement with all that a node fills in, about as long as real ones; `key` may be any 32 bytes. */
export function syntheticAdvertisement(key: Uint8Array, nowSec: number, random: Random): Advertisement {
  const pick = <T>(list: readonly T[], otherwise: T): T => list[Math.floor(random.float() * list.length)] ?? otherwise;
  const byte = (): number => Math.floor(random.float() * 256);
  const country = pick(COUNTRIES, "us");
  return {
    v: 1,
    peer: peerIdFromPublicKey(key),
    seq: nowSec * 1000 + byte(),
    issuedAtSec: nowSec,
    expiresAtSec: nowSec + 7_200,
    roles: random.float() < 0.7 ? ["exit", "relay"] : ["relay"],
    endpoints: [{ host: `${1 + (byte() % 99)}.${byte()}.${byte()}.${byte()}`, port: 4433 }],
    country,
    region: `${country}-${byte() % 20}`,
    city: `town-${byte()}`,
    asn: 1 + Math.floor(random.float() ** 3 * 60_000),
    isp: "Example Networks",
    network: pick(["residential", "residential", "mobile", "hosting"], "unknown"),
    upMbps: byte(),
    downMbps: byte() * 4,
    protocols: random.float() < 0.8 ? ["tcp", "udp"] : ["tcp"],
    availability: { last7Days: 0.97, last30Days: 0.93 },
    upSinceSec: nowSec - 86_400,
    load: 0.25,
    policy: {
      acceptedPorts: [
        { first: 80, last: 80 },
        { first: 443, last: 443 },
      ],
    },
    software: "byway/0.1.0",
  };
}

/** `count` peers as the store takes them, with envelopes of the right length that nobody signed; the same each time. */
export function syntheticEntries(count: number, nowSec: number): readonly PeerEntry[] {
  const random = seededRandom(4);
  const template = encodeAdvertisement(syntheticAdvertisement(random.bytes(32), nowSec, random));
  return Array.from({ length: count }, () => {
    const publicKey = random.bytes(32);
    const advertisement = syntheticAdvertisement(publicKey, nowSec, random);
    const envelope = encodeEnvelope({
      publicKey,
      payloadType: PAYLOAD_TYPE,
      payload: template,
      signature: new Uint8Array(64),
    });
    const { country = "us", asn = 1, network = "unknown", region = "", city = "", isp = "" } = advertisement;
    const place = { country, region, city, asn, isp, network, contradicted: [] };
    const reportedBy = { kind: "exchange", peer: advertisement.peer } as const;
    return peerEntry(advertisement, envelope, place, reportedBy, nowSec * 1000);
  });
}
