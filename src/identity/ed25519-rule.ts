/*
 * A point is 32 bytes: y as a little-endian number of 255 bits, and above it the sign of x (RFC 8032 §5.1.2).
 * p = 2^255 - 19 is the field, L = 2^252 + 27742317777372353535851937790883648493 the order of the base point.
 */
const POINT_BYTES = 32;

/** L, little-endian. */
const ORDER = Buffer.from("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", "hex");

/** The y of the eight points whose order divides 8, little-endian: orders 4, 1, 2, 8 and 8. The sign of x is not looked at. */
const SMALL_ORDER_Y: readonly Buffer[] = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
].map((hex) => Buffer.from(hex, "hex"));

/**
 * Whether 32 bytes are what a key or the first half of a signature may be (docs/protocol.md §1): y is below p, and the point
 * is not of small order. Implementations differ in the others, and with some anybody can sign for such a key. Whether the
 * bytes are a point at all is left to the one who verifies.
 */
export function isSoundPoint(bytes: Uint8Array): boolean {
  if (bytes.length !== POINT_BYTES) return false;
  const y = Buffer.from(bytes);
  y[31] = (y[31] ?? 0) & 0x7f;
  return !isAboveField(y) && !SMALL_ORDER_Y.some((small) => small.equals(y));
}

/** Whether a signature of 64 bytes may be looked at: its R is sound and its S is below L, so that nobody can change either. */
export function isSoundSignature(signature: Uint8Array): boolean {
  if (signature.length !== 2 * POINT_BYTES) return false;
  return isSoundPoint(signature.subarray(0, POINT_BYTES)) && isBelowOrder(signature.subarray(POINT_BYTES));
}

/** p and above, which is p to 2^255 - 1: all bits are set but for the lowest byte, which is ed or more. */
function isAboveField(y: Uint8Array): boolean {
  return (y[0] ?? 0) >= 0xed && y[31] === 0x7f && y.subarray(1, 31).every((byte) => byte === 0xff);
}

function isBelowOrder(scalar: Uint8Array): boolean {
  for (let at = POINT_BYTES - 1; at >= 0; at -= 1) {
    const [own, bound] = [scalar[at] ?? 0, ORDER[at] ?? 0];
    if (own !== bound) return own < bound;
  }
  return false;
}
