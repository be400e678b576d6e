import fc from "fast-check";
import { CURL_HELLO, NODE_HELLO } from "./client-hellos.ts";
import { cutAt, cuts, type Pieces } from "./odd-requests.ts";

interface Extension {
  readonly type: number;
  readonly body: Buffer;
}

/** A hello without the header of its record and message. */
interface Hello {
  readonly before: Buffer;
  readonly extensions: readonly Extension[];
}

const BLOCKED = "blocked.example";
const KEY_SHARE = 51;

function uint(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}

function sized(bytes: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([uint(body.length, bytes), body]);
}

/** An entry of a server_name list. */
export function nameEntry(name: string, type = 0): Buffer {
  return Buffer.concat([Buffer.from([type]), sized(2, Buffer.from(name, "latin1"))]);
}

/** The body of a server_name extension. */
export function nameList(...entries: readonly Buffer[]): Buffer {
  return sized(2, ...entries);
}

/** The parts of a hello that came in one record. */
export function partsOf(record: Buffer): Hello {
  const body = record.subarray(9);
  let at = 34;
  at += 1 + body.readUInt8(at);
  at += 2 + body.readUInt16BE(at);
  at += 1 + body.readUInt8(at);
  const extensions: Extension[] = [];
  for (let from = at + 2; from < body.length; ) {
    const length = body.readUInt16BE(from + 2);
    extensions.push({ type: body.readUInt16BE(from), body: body.subarray(from + 4, from + 4 + length) });
    from += 4 + length;
  }
  return { before: body.subarray(0, at), extensions };
}

/** The message of a hello. */
export function messageOf({ before, extensions }: Hello): Buffer {
  const all = extensions.map(({ type, body }) => Buffer.concat([uint(type, 2), sized(2, body)]));
  return Buffer.concat([Buffer.from([1]), sized(3, before, sized(2, ...all))]);
}

/** `message` in records that hold at most `most` bytes. */
export function recordsOf(message: Buffer, most = 16_384, version = 0x0301): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < message.length; at += most) {
    parts.push(Buffer.from([0x16]), uint(version, 2), sized(2, message.subarray(at, at + most)));
  }
  return Buffer.concat(parts);
}

/** `hello` with these bodies of server_name in place of its own. */
export function naming(hello: Hello, ...bodies: readonly Buffer[]): Hello {
  const others = hello.extensions.filter(({ type }) => type !== 0);
  return { ...hello, extensions: [...bodies.map((body) => ({ type: 0, body })), ...others] };
}

/** `hello` as it leads to a second one (RFC 8446 §4.1.4): without a share of a key. */
export function askingAgain(hello: Hello): Hello {
  const extensions = hello.extensions.map((one) => (one.type === KEY_SHARE ? { ...one, body: uint(0, 2) } : one));
  return { ...hello, extensions };
}

/** With an offer of early data, of which records may then come before a second hello. */
export function offeringEarlyData(hello: Hello): Hello {
  return { ...hello, extensions: [...hello.extensions, { type: 42, body: Buffer.alloc(0) }] };
}

const HELLOS = [CURL_HELLO, NODE_HELLO].map(partsOf);
const usually = <T>(usual: T, ...odd: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 10, arbitrary: fc.constant(usual) }, { weight: 2, arbitrary: fc.constantFrom(...odd) });

const name = usually(
  BLOCKED,
  ...[`www.${BLOCKED}`, `${BLOCKED}.`, BLOCKED.toUpperCase(), `${BLOCKED}:443`, `a!b.${BLOCKED}`, `a@b.${BLOCKED}`],
  ...[
    `*.${BLOCKED}`,
    `\xff.${BLOCKED}`,
    `${"a".repeat(64)}.${BLOCKED}`,
    `${"a.".repeat(130)}${BLOCKED}`,
    `${BLOCKED}\0`,
    `.${BLOCKED}`,
  ],
);
const names = name.chain((text) => {
  const entry = nameEntry(text);
  return usually(
    [nameList(entry)],
    ...[
      [nameList(nameEntry("x", 1), entry)],
      [nameList(entry, nameEntry("x", 1))],
      [nameList(nameEntry("ok.example"), entry)],
    ],
    ...[[nameList(entry, nameEntry("ok.example"))], [nameList(nameEntry("ok.example")), nameList(entry)]],
    ...[
      [nameList(entry), nameList(nameEntry("ok.example"))],
      [Buffer.concat([nameList(entry), Buffer.alloc(1)])],
      [sized(2, entry, Buffer.alloc(2))],
    ],
  );
});
const hello = fc.tuple(fc.constantFrom(...HELLOS), names).map(([base, bodies]) => naming(base, ...bodies));
const between = usually(
  "",
  ...[
    "15030100020100",
    "1503010002015a",
    "140303000101",
    "1603010000",
    "1603030000",
    "170303000500000000",
    "15030300010100",
  ],
).map((hex) => Buffer.from(hex, "hex"));
const most = usually(16_384, 1, 4, 5, 60, 300);
const version = usually(0x0301, 0x0303, 0x0300, 0x0304, 0x0200, 0x0002, 0x0f00);

const sent = fc
  .tuple(hello, between, most, version, between, fc.nat({ max: 5 }), fc.boolean())
  .map(([parts, start, size, number, middle, after, isFollowed]) => {
    const records = recordsOf(messageOf(parts), size, number);
    const first = Math.min(5 + size, records.length);
    const place = after === 0 ? first : 0;
    return Buffer.concat([
      start,
      records.subarray(0, place),
      place === 0 ? Buffer.alloc(0) : middle,
      records.subarray(place),
      isFollowed ? middle : Buffer.alloc(0),
    ]);
  });
const again = fc
  .tuple(fc.constantFrom(...HELLOS), names, between, between, most, fc.boolean())
  .map(([base, bodies, one, two, size, isEarly]) => {
    const first = askingAgain(naming(base, nameList(nameEntry("ok.example"))));
    const asked = isEarly ? offeringEarlyData(first) : first;
    return Buffer.concat([
      recordsOf(messageOf(asked)),
      one,
      two,
      recordsOf(messageOf(naming(base, ...bodies)), size, 0x0303),
    ]);
  });

/** Hellos as nobody sends them, most of them for `blocked.example`, and second hellos after one for `ok.example`. */
export const oddHellos: fc.Arbitrary<Pieces> = fc
  .tuple(fc.oneof({ weight: 2, arbitrary: sent }, { weight: 1, arbitrary: again }), cuts())
  .map(([bytes, at]) => cutAt(bytes, at));
