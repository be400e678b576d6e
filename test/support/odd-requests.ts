import fc from "fast-check";

/** The bytes of a stream, in the pieces in which they are sent. */
export type Pieces = readonly Buffer[];

const BLOCKED = "blocked.example";
const rarely = <T>(usual: T, ...odd: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 14, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...odd) });

const spaces = rarely(" ", "  ", "\t", " \t", "\v", "\f", "\r", "\x85", "\xa0", "\x1c", "");
const lineEnd = rarely("\r\n", "\n", "\r", "\r\r\n", "\n\r", " \r\n");
const before = rarely(
  "",
  "\r\n",
  "\n",
  "\r",
  "\r\n\r\n",
  " ",
  "\t\r\n",
  "\0",
  "\x01\x1f",
  "\x7f",
  "\x16",
  "\x16\x03\x01\x02\0\x01",
  "\r\n".repeat(70),
);
const method = rarely(
  "GET",
  "POST",
  "HEAD",
  "MOVE",
  "M-SEARCH",
  "GE_T",
  "get",
  "G3T",
  "SOURCE",
  "PRI",
  "A".repeat(30),
  "OPTIONS",
);
const version = rarely(
  "HTTP/1.1",
  ...["HTTP/1.0", "HTTP/1.10", "HTTP/1.01", "HTTP/01.1", "HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "HTTP/1", "HTTP/1.1x"],
  ...["http/1.1", "RTSP/1.0", "ICE/1.0", "FOO/9.9", "", "HTTP/1.1 x", "HTTPS/1.1"],
);
const name = rarely(
  BLOCKED,
  ...[`www.${BLOCKED}`, `${BLOCKED}.`, `${BLOCKED}..`, BLOCKED.toUpperCase(), `a!b.${BLOCKED}`, `a@b.${BLOCKED}`],
  ...[
    `*.${BLOCKED}`,
    `${"a".repeat(64)}.${BLOCKED}`,
    `\xff.${BLOCKED}`,
    `.${BLOCKED}`,
    `a_b.${BLOCKED}`,
    `a b.${BLOCKED}`,
  ],
  ...[`ok.example,${BLOCKED}`, `%62locked.example`, `blocked\0.example`, `u@${BLOCKED}`, `"${BLOCKED}"`, `ok.example`],
);
const port = rarely("", ":80", ":", ":x", ":80:", ":080", ":80x", ":99999", " :80");
const authority = fc.tuple(name, port).map((parts) => parts.join(""));
const target = fc.oneof(
  { weight: 12, arbitrary: rarely("/", "*", "/a b", "//", "", "x", "/\xc3\xa4", "/?\x01", "/#") },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        rarely("http", "foo", "HTTP", "https", "rtsp"),
        rarely("://", ":", ":/", "://u@"),
        authority,
        rarely("/", "", "?", "\\", "#"),
      )
      .map((parts) => parts.join("")),
  },
  { weight: 1, arbitrary: authority },
);
const hostField = fc.tuple(
  rarely("Host", "host", "HOST", " Host", "Host ", "\tHost", "Host\t", "\0Host", "Ho\rst", "X\r\nHost", "Host\v"),
  rarely(":", " :", "", "::"),
  rarely(" ", "", "\t", "\r\n ", "\v", "\n\t", "  "),
  fc.oneof({ weight: 5, arbitrary: authority }, { weight: 1, arbitrary: fc.constant("ok.example") }),
  rarely("", " ", "\t", "\v", "\0"),
);
const field = fc.oneof(
  { weight: 12, arbitrary: hostField.map((parts) => parts.join("")) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...["X: y", "X : y", "junk", " folded", "Host: ok.example", "Connection: keep-alive", "Content-Length: 0", ": z"],
      ...["Content-Length: 10", "Content-Length: +10", "Content-Length: 1, 1", "Transfer-Encoding: chunked"],
      ...["Transfer-Encoding: xchunked", "Transfer-Encoding:\vchunked", "Upgrade: websocket\r\nConnection: upgrade"],
      ...["Content-Length: 60", "Content-Length : 5", "Expect: 100-continue", "Upgrade: h2c\r\nConnection: upgrade"],
    ),
  },
);
const fields = fc.oneof(
  { weight: 3, arbitrary: fc.array(field, { minLength: 1, maxLength: 1 }) },
  { weight: 2, arbitrary: fc.array(field, { maxLength: 3 }) },
);
const body = fc.constantFrom(
  "",
  "",
  "0\r\n\r\n",
  "0123456789",
  "5\r\nhello\r\n0\r\n\r\n",
  "5;x\nhello\r\n0\r\n\r\n",
  "a\r\n0123456789\r\n0\r\n\r\n",
);
const request = fc
  .tuple(before, fc.tuple(method, spaces, target, spaces, version), lineEnd, fields, lineEnd, body)
  .map(
    ([start, line, end, lines, last, content]) =>
      `${start}${line.join("")}${end}${lines.map((text) => `${text}${end}`).join("")}${last}${content}`,
  );
const FIRST = "GET / HTTP/1.1\r\nHost: ok.example\r\n\r\n";

/** Streams of requests as nobody sends them, most of them for `blocked.example`, cut anywhere. */
export const oddRequests: fc.Arbitrary<Pieces> = fc
  .tuple(
    rarely("", FIRST, "PROXY UNKNOWN\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"),
    fc.array(request, { minLength: 1, maxLength: 3 }),
    cuts(),
  )
  .map(([first, requests, at]) => cutAt(Buffer.from(first + requests.join(""), "latin1"), at));

/** Where a stream is cut, as shares of 1,000. */
export function cuts(): fc.Arbitrary<readonly number[]> {
  return fc.oneof(fc.constant([]), fc.array(fc.nat({ max: 1_000 }), { maxLength: 4 }));
}

/** The pieces of `bytes`, without empty ones. */
export function cutAt(bytes: Buffer, at: readonly number[]): Pieces {
  const places = [0, ...at.map((share) => Math.floor((share * bytes.length) / 1_000)), bytes.length].toSorted(
    (a, b) => a - b,
  );
  return places.slice(1).flatMap((end, index) => {
    const piece = bytes.subarray(places[index], end);
    return piece.length === 0 ? [] : [piece];
  });
}
