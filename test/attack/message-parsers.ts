import { systemClock } from "../../src/core/clock.ts";
import { FirstDatagrams } from "../../src/egress/first-datagrams.ts";
import { parsePeerId } from "../../src/identity/peer-id.ts";
import { peerOfRecordKey, recordKey } from "../../src/overlay/dht-store.ts";
import { FrameGuard } from "../../src/overlay/frame-guard.ts";
import { GossipFrame } from "../../src/overlay/gossip-frame.ts";
import { openAdvertisement } from "../../src/peers/signed-advertisement.ts";
import { decodeAdvertisement } from "../../src/wire/advertisement.ts";
import { CapsuleReader, encodeCapsule } from "../../src/wire/capsule.ts";
import {
  decodeDirectoryAnswer,
  decodeDirectoryRequest,
  encodeDirectoryAnswer,
  encodeDirectoryRequest,
} from "../../src/wire/directory-message.ts";
import { decodeEnvelope } from "../../src/wire/envelope.ts";
import { protocolOfFirstByte } from "../../src/wire/first-byte.ts";
import { decodeProxyHeader, encodeProxyHeader } from "../../src/wire/proxy-header.ts";
import { decodeSocks4Request } from "../../src/wire/socks4.ts";
import { decodeSocks5Credentials, decodeSocks5Greeting, decodeSocks5Request } from "../../src/wire/socks5.ts";
import { encodeSocks5Credentials, encodeSocks5Greeting, encodeSocks5Request } from "../../src/wire/socks5-client.ts";
import { decodeSocks5Datagram, encodeSocks5Datagram } from "../../src/wire/socks5-datagram.ts";
import { decodeUdpPayload, encodeUdpCapsule } from "../../src/wire/udp-payload.ts";
import { decodeUtf8 } from "../../src/wire/utf8.ts";
import { decodeVarint, encodeVarint } from "../../src/wire/varint.ts";
import { ENVELOPE, PAYLOAD, SIGNER } from "../support/advertisement-samples.ts";
import type { Parser } from "../support/fuzz-parser.ts";
import { inPieces } from "../support/mutated-bytes.ts";

const TOPIC = Buffer.from("/byway/t");
/** A control field of gossip with one PRUNE of a topic, and a subscription. */
const GOSSIP = Buffer.from([0x1a, 12, 0x22, 10, 0x0a, 8, ...TOPIC, 0x0a, 12, 0x08, 1, 0x12, 8, ...TOPIC]);
const MULTISTREAM = Buffer.from("\x13/multistream/1.0.0\n\x08/gossip\n\x02\x12\x00", "latin1");
const TARGET = { host: "192.0.2.1", port: 80 };
const NAMED = { host: "a.example", port: 443 };

/** Parsers of whole messages in bytes. */
export const MESSAGE_PARSERS: readonly Parser[] = [
  { name: "advertisement", samples: [PAYLOAD], read: decodeAdvertisement },
  { name: "envelope", samples: [ENVELOPE], read: decodeEnvelope },
  {
    name: "signed advertisement",
    samples: [ENVELOPE],
    share: 0.3,
    read: (bytes) => openAdvertisement(bytes, { nowMs: systemClock.nowMs(), localNetwork: false }),
  },
  {
    name: "directory request",
    samples: [
      encodeDirectoryRequest({ self: ENVELOPE, query: { countries: ["de"], asns: [1], roles: ["exit"] }, limit: 50 }),
    ],
    read: decodeDirectoryRequest,
  },
  {
    name: "directory answer",
    samples: [encodeDirectoryAnswer({ envelopes: [ENVELOPE, ENVELOPE] })],
    read: decodeDirectoryAnswer,
  },
  { name: "key of a record", samples: [recordKey(SIGNER.peerId)], read: peerOfRecordKey },
  { name: "peer id", samples: [Buffer.from(SIGNER.peerId)], read: (bytes) => parsePeerId(bytes.toString("latin1")) },
  {
    name: "gossip frame",
    samples: [GOSSIP, Buffer.concat([GOSSIP, GOSSIP]), Buffer.from([0x12, 3, 0x12, 1, 65])],
    read: (bytes, random) => {
      const frame = new GossipFrame();
      for (const piece of inPieces(bytes, random)) frame.read(piece);
      if (frame.entries > bytes.length) throw new Error(`${frame.entries} entries`);
      return frame.isJunk;
    },
  },
  {
    name: "framing of the overlay",
    samples: [MULTISTREAM, Buffer.concat([MULTISTREAM, Buffer.of(GOSSIP.length), GOSSIP])],
    read: (bytes, random) => {
      const options = { maxBytes: 8_192, freeAfter: new Set(["/ping"]), gossipAfter: new Set(["/gossip"]) };
      const guard = new FrameGuard(options);
      return inPieces(bytes, random).every((piece) => guard.allows(piece));
    },
  },
  {
    name: "capsules",
    samples: [
      encodeUdpCapsule(Buffer.from("hello")),
      Buffer.concat([encodeCapsule(7, Buffer.from("abc")), encodeUdpCapsule(Buffer.from("x"))]),
    ],
    read: (bytes, random) => {
      const reader = new CapsuleReader();
      for (const piece of inPieces(bytes, random)) for (const capsule of reader.push(piece)) decodeUdpPayload(capsule);
      if (reader.heldBytes > 2 * bytes.length + 1_024) throw new Error(`${reader.heldBytes} bytes are held`);
      return reader.incomplete;
    },
  },
  {
    name: "PROXY header",
    samples: [
      encodeProxyHeader(TARGET, { host: "192.0.2.2", port: 9 }),
      encodeProxyHeader({ host: "::1", port: 1 }, { host: "::2", port: 2 }),
    ],
    read: decodeProxyHeader,
  },
  {
    name: "SOCKS4 request",
    samples: [
      Buffer.from([4, 1, 0, 80, 0, 0, 0, 1, 65, 0, 97, 46, 98, 0]),
      Buffer.from([4, 1, 0, 80, 1, 2, 3, 4, 65, 0]),
    ],
    read: decodeSocks4Request,
  },
  { name: "SOCKS5 greeting", samples: [encodeSocks5Greeting([0, 2])], read: decodeSocks5Greeting },
  {
    name: "SOCKS5 credentials",
    samples: [encodeSocks5Credentials({ user: "alice-country-us", password: "secret" })],
    read: decodeSocks5Credentials,
  },
  {
    name: "SOCKS5 request",
    samples: [TARGET, NAMED, { host: "2001:db8::1", port: 1 }].map((target) => encodeSocks5Request("connect", target)),
    read: decodeSocks5Request,
  },
  {
    name: "SOCKS5 datagram",
    samples: [TARGET, NAMED].map((target) => encodeSocks5Datagram(target, Buffer.from("hello"))),
    read: decodeSocks5Datagram,
  },
  {
    name: "first datagrams",
    samples: [
      Buffer.from("d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe"),
      Buffer.from("4100000100000000000000000000100000010000", "hex"),
    ],
    read: (bytes, random) => {
      const look = new FirstDatagrams({ opensBitTorrent: false });
      for (const piece of inPieces(bytes, random)) look.look(random.float() < 0.5 ? "client" : "target", piece);
    },
  },
  {
    name: "small parts",
    samples: [encodeVarint(100_000), encodeVarint(2n ** 60n), Buffer.from("ünïcode")],
    read: (bytes) => [decodeVarint(bytes), decodeVarint(bytes, 1), decodeUtf8(bytes), protocolOfFirstByte(bytes[0])],
  },
];
