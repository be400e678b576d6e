/*
 * The header of uTP (BEP 29), BitTorrent's transport over UDP, is 20 bytes and then as many extensions as it says:
 *
 *   type 4 bits, version 4 bits | extension 1 | connection id 2 | timestamp 4 | difference 4 | window 4 | seq 2 | ack 2
 *
 * No byte of it is a mark: by itself a SYN looks as any datagram may that begins with 41. But its answer repeats two numbers
 * that the SYN chose, which nothing else does.
 *
 *   41 | … | id | … | seq | …   ─►        ◄─   21 | … | id | … | … | ack = seq
 */
const SYN = 0x41;
const STATE = 0x21;
const HEADER_BYTES = 20;
const LONGEST_SYN = 64;

/** The numbers of a SYN that its answer repeats. */
export interface UtpSyn {
  readonly connectionId: number;
  readonly sequence: number;
}

/** The SYN of uTP that `payload` may be; undefined where it cannot be one. By itself it proves nothing. */
export function readUtpSyn(payload: Buffer): UtpSyn | undefined {
  return payload[0] === SYN && hasHeader(payload)
    ? { connectionId: payload.readUInt16BE(2), sequence: payload.readUInt16BE(16) }
    : undefined;
}

/** Whether `payload` is the answer to that SYN: then both sides speak uTP. */
export function answersUtpSyn(payload: Buffer, { connectionId, sequence }: UtpSyn): boolean {
  return (
    payload[0] === STATE &&
    hasHeader(payload) &&
    payload.readUInt16BE(2) === connectionId &&
    payload.readUInt16BE(18) === sequence
  );
}

/** Whether a header stands there with extensions, or none, that end where the payload does: SYN and answer carry nothing. */
function hasHeader(payload: Buffer): boolean {
  if (payload.length < HEADER_BYTES || payload.length > LONGEST_SYN) return false;
  let at = HEADER_BYTES;
  for (let extension = payload[1]; extension !== 0; ) {
    if (at + 2 > payload.length) return false;
    extension = payload[at];
    at += 2 + (payload[at + 1] ?? 0);
  }
  return at === payload.length;
}
