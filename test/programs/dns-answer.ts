import { AUTHORITATIVE_ANSWER, decode, streamEncode } from "dns-packet";

const TYPE_AND_CLASS_BYTES = 4;
const LENGTH_BYTES = 2;

/** What `dig +short` prints of the answer. */
export const DNS_ADDRESS = "192.0.2.7";

/** The answer to a DNS query over TCP (RFC 1035 §4.2.2), and the name that it asks for; undefined for other bytes. */
export function dnsAnswer(bytes: Buffer): { readonly name: string; readonly answer: Buffer } | undefined {
  const least = LENGTH_BYTES + TYPE_AND_CLASS_BYTES;
  if (bytes.length < least || bytes.readUInt16BE(0) !== bytes.length - LENGTH_BYTES) return undefined;
  const query = decode(bytes.subarray(LENGTH_BYTES));
  const name = query.questions?.[0]?.name;
  if (name === undefined) return undefined;
  const answer = streamEncode({
    type: "response",
    id: query.id ?? 0,
    flags: AUTHORITATIVE_ANSWER,
    questions: query.questions ?? [],
    answers: [{ type: "A", name, ttl: 60, data: DNS_ADDRESS }],
  });
  return { name, answer };
}
