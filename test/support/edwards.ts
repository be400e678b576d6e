import { createHash } from "node:crypto";

/** The field, the order of the base point, and the constant of the curve of RFC 8032 §5.1. */
export const P: bigint = 2n ** 255n - 19n;
export const L: bigint = 2n ** 252n + 27742317777372353535851937790883648493n;

/** A point of edwards25519 by its coordinates. */
export interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

const mod = (a: bigint): bigint => ((a % P) + P) % P;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let [b, e] = [mod(base), exponent]; e > 0n; [b, e] = [mod(b * b), e >> 1n]) if (e & 1n) result = mod(result * b);
  return result;
}

const D = mod(-121665n * power(121666n, P - 2n));
export const NEUTRAL: Point = { x: 0n, y: 1n };

/** x of the point with this y and sign (RFC 8032 §5.1.3); undefined where there is none. */
function xOf(y: bigint, sign: number): bigint | undefined {
  const square = mod((y * y - 1n) * power(D * y * y + 1n, P - 2n));
  let x = power(square, (P + 3n) / 8n);
  if (mod(x * x) !== square) x = mod(x * power(2n, (P - 1n) / 4n));
  if (mod(x * x) !== square) return undefined;
  return Number(x & 1n) === sign ? x : mod(-x);
}

export const BASE: Point = pointAt(mod(4n * power(5n, P - 2n)), 0);

/** The point with this y and sign of x; throws where there is none. */
export function pointAt(y: bigint, sign: number): Point {
  const x = xOf(y, sign);
  if (x === undefined) throw new Error("no point has this y");
  return { x, y };
}

/** x = X/Z, y = Y/Z, x·y = T/Z (RFC 8032 §5.1.4). */
type Extended = readonly [X: bigint, Y: bigint, Z: bigint, T: bigint];

function sum([x1, y1, z1, t1]: Extended, [x2, y2, z2, t2]: Extended): Extended {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * D * t1 * t2);
  const d = mod(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function extended({ x, y }: Point): Extended {
  return [x, y, 1n, mod(x * y)];
}

function plain([x, y, z]: Extended): Point {
  const inverse = power(z, P - 2n);
  return { x: mod(x * inverse), y: mod(y * inverse) };
}

/** The sum of two points. */
export function add(a: Point, b: Point): Point {
  return plain(sum(extended(a), extended(b)));
}

/** `factor` times a point. */
export function times(factor: bigint, point: Point): Point {
  let result = extended(NEUTRAL);
  for (let [p, f] = [extended(point), factor]; f > 0n; [p, f] = [sum(p, p), f >> 1n])
    if (f & 1n) result = sum(result, p);
  return plain(result);
}

/** A number of 256 bits, little-endian. */
export function bytesOf(number: bigint): Uint8Array {
  return Uint8Array.from(Buffer.from(number.toString(16).padStart(64, "0"), "hex").reverse());
}

/** The number that 32 or 64 little-endian bytes hold. */
export function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}

/** The canonical encoding of a point. */
export function encode({ x, y }: Point): Uint8Array {
  return bytesOf(y | ((x & 1n) << 255n));
}

/** k of a signature over `message`: SHA-512 of R, A and the message. */
export function challenge(r: Uint8Array, a: Uint8Array, message: Uint8Array): bigint {
  return numberOf(createHash("sha512").update(r).update(a).update(message).digest()) % L;
}

/**
 * Whether S·B = R + k·A, decoding as laxly as the curve lets: y modulo p, any sign, any S. With `cofactor` both sides are
 * multiplied by it first.
 */
export function isLaxlyGood(a: Uint8Array, message: Uint8Array, signature: Uint8Array, cofactor = 1n): boolean {
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)];
  const decode = (bytes: Uint8Array): Point => {
    const number = numberOf(bytes);
    return pointAt(mod(number & (2n ** 255n - 1n)), Number(number >> 255n));
  };
  const left = times(cofactor * (numberOf(s) % L), BASE);
  const right = times(cofactor, add(decode(r), times(challenge(r, a, message), decode(a))));
  return left.x === right.x && left.y === right.y;
}
