/*
 * What can be told of BitTorrent from first bytes. Its encryption (MSE) looks like random bytes, and is not seen.
 *
 *   TCP   13 | "BitTorrent protocol" | reserved 8 | info hash 20 | peer id 20                    BEP 3
 *   HTTP  GET /announce?info_hash=…&peer_id=…, GET /scrape?info_hash=…                           BEP 3, BEP 48
 *   UDP   00 00 04 17 27 10 19 80 | 00 00 00 00 | transaction 4: a tracker's connect request     BEP 15
 *   UDP   a bencoded dictionary with 1:y1:q, 1:y1:r or 1:y1:e at its end: DHT                    BEP 5
 *   UDP   "BT-SEARCH * HTTP/1.1": local service discovery                                        BEP 14
 */
const HANDSHAKE: Buffer = Buffer.from("\x13BitTorrent protocol", "latin1");
const CONNECT_MAGIC: Buffer = Buffer.from("000004172710198000000000", "hex");
const CONNECT_BYTES = 16;
const SEARCH: Buffer = Buffer.from("BT-SEARCH * HTTP/1.");
const DICTIONARY = 0x64;
const END = 0x65;

/** Whether the first bytes of a stream are BitTorrent's handshake (BEP 3). "more" while they may become one. */
export function readBitTorrentHandshake(seen: Buffer): "more" | "none" | "found" {
  const length = Math.min(seen.length, HANDSHAKE.length);
  if (HANDSHAKE.compare(seen, 0, length, 0, length) !== 0) return "none";
  return length === HANDSHAKE.length ? "found" : "more";
}

/**
 * Whether the first line of a request of HTTP is an announce (BEP 3) or a scrape (BEP 48) to a tracker. Reads any line, plain
 * or not, and names that are percent-encoded, as trackers do.
 */
export function isTrackerRequest(line: string): boolean {
  const query = line.indexOf("?");
  if (query < 0) return false;
  const fields = line.slice(query).replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => charOf(hex));
  if (!/[?&;]info_hash=/.test(fields)) return false;
  const lastPart = line.slice(line.lastIndexOf("/", query) + 1, query);
  return lastPart.startsWith("scrape") || /[?&;]peer_id=/.test(fields);
}

function charOf(hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}

/** Whether a UDP payload by itself is a tracker's connect request, a message of the DHT or local service discovery. */
export function isBitTorrentDatagram(payload: Buffer): boolean {
  switch (payload[0]) {
    case CONNECT_MAGIC[0]:
      return payload.length === CONNECT_BYTES && payload.subarray(0, CONNECT_MAGIC.length).equals(CONNECT_MAGIC);
    case DICTIONARY:
      return isDhtMessage(payload);
    case SEARCH[0]:
      return payload.subarray(0, SEARCH.length).equals(SEARCH);
    default:
      return false;
  }
}

/**
 * A KRPC message: a dictionary with the sender's id or an error, and the type of message. Its keys are sorted, but libraries
 * add some of their own, so only the two that all have are looked for.
 */
function isDhtMessage(payload: Buffer): boolean {
  if (payload.at(-1) !== END) return false;
  if (payload.includes("1:y1:e")) return payload.includes("1:eli");
  return (payload.includes("1:y1:q") || payload.includes("1:y1:r")) && payload.includes("d2:id20:");
}
