import type { Random } from "../../src/core/random.ts";
import { answerBody, answerHeadCollector, parseAnswerHead } from "../../src/http1/answer-head.ts";
import type { BodyDecoder } from "../../src/http1/body-decoder.ts";
import type { HeadCollector } from "../../src/http1/head-collector.ts";
import { parseRequestHead, requestBody as plainBody, requestHeadCollector } from "../../src/http1/request-head.ts";
import { parseAbsoluteForm, sentCredentials } from "../../src/ingress/http-request.ts";
import { INGRESS_LIMITS } from "../../src/ingress/limits.ts";
import { targetFields, targetTrailers } from "../../src/ingress/target-fields.ts";
import { balancerHeaderBytes } from "../../src/wire/balancer-header.ts";
import { BegunLine } from "../../src/wire/begun-line.ts";
import { isTrackerRequest, readBitTorrentHandshake } from "../../src/wire/bittorrent.ts";
import { readClientHello } from "../../src/wire/client-hello.ts";
import { encodeProxyHeader } from "../../src/wire/proxy-header.ts";
import { requestBody } from "../../src/wire/request-body.ts";
import { RequestReader } from "../../src/wire/request-reader.ts";
import { readAfterHello } from "../../src/wire/second-hello.ts";
import { CHROMIUM_HELLO, CURL_HELLO, NODE_HELLO, OPENSSL_HELLO } from "../support/client-hellos.ts";
import { firstBytes, HANDSHAKE, request, verdicts } from "../support/first-bytes-looks.ts";
import type { Parser } from "../support/fuzz-parser.ts";
import { below, inPieces, oneOf } from "../support/mutated-bytes.ts";

const HELLOS: readonly Buffer[] = [NODE_HELLO, CURL_HELLO, CHROMIUM_HELLO, OPENSSL_HELLO];
const REQUESTS: readonly Buffer[] = [
  request("ok.example"),
  request("bad.example:80", "http://u:p@bad.example/x"),
  Buffer.from("\r\nCONNECT x:1 HTTP/1.1\r\nhost : b\r\n c\r\n\r\n"),
  Buffer.from(
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nT: u\r\n\r\nGET / HTTP/1.1\r\n",
  ),
  Buffer.from("PUT / HTTP/1.0\nHost: [::1]:80\nContent-Length: 4\n\nbodyGET /"),
];
const CHUNKS: readonly Buffer[] = [
  Buffer.from("5\r\nhello\r\n10;a=b\r\n0123456789abcdef\r\n0\r\nA: b\r\n\r\nrest"),
  Buffer.from("hello"),
];
const PLAIN_REQUESTS: readonly Buffer[] = [
  "GET http://a.example:80/?x HTTP/1.1\r\nHost: a\r\nProxy-Authorization: Basic YTpi\r\n\r\n",
  "POST http://a/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nT: u\r\n\r\n",
].map((text) => Buffer.from(text));
const ANSWERS: readonly Buffer[] = [
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\nProxy-Status: a; error=b\r\n\r\nhello",
  "HTTP/1.0 200\nX : a\n b\nContent-Length: 5, 5\n\nhello",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n05 ;x\nhello\n0\r\nT: u\n v\r\n\r\n",
].map((text) => Buffer.from(text));
const PREFACES: readonly Buffer[] = [
  Buffer.from(encodeProxyHeader({ host: "192.0.2.1", port: 1 }, { host: "192.0.2.2", port: 2 })),
  Buffer.from("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\n"),
];

/** Reads a message as a connection does: what a part of it does not take comes again. Returns the decoder of its body. */
function readMessage(
  bytes: Buffer,
  random: Random,
  collector: HeadCollector,
  bodyOf: (collector: HeadCollector) => BodyDecoder,
): BodyDecoder | undefined {
  let from = 0;
  let body: BodyDecoder | undefined;
  for (const seen of growing(bytes, random)) {
    if (body === undefined) {
      from += collector.take(seen.subarray(from));
      if (!collector.isWhole) continue;
      body = bodyOf(collector);
    }
    from += body.decode(seen.subarray(from), () => {});
    if (from > seen.length) throw new Error(`${from} of ${seen.length} bytes`);
  }
  return body;
}

/** The beginnings of `bytes` at which they come in pieces. */
function* growing(bytes: Buffer, random: Random): Generator<Buffer> {
  let end = 0;
  for (const piece of inPieces(bytes, random)) {
    end += piece.length;
    yield bytes.subarray(0, end);
  }
}

function readRequest(bytes: Buffer, random: Random): void {
  const reader = new RequestReader();
  for (const seen of growing(bytes, random)) {
    const { end } = reader.read(seen);
    if (end === undefined) continue;
    if (end.bytes > seen.length) throw new Error(`a header of ${end.bytes} in ${seen.length} bytes`);
    takeBody(end.body, bytes.subarray(end.bytes), random);
    return;
  }
}

function takeBody(body: ReturnType<typeof requestBody>, bytes: Buffer, random: Random): void {
  if (body === undefined) return;
  let from = 0;
  for (const seen of growing(bytes, random)) {
    const left = seen.subarray(from);
    const taken = body.take(left);
    if (taken === undefined) return;
    if (taken < 0 || taken > left.length) throw new Error(`${taken} of ${left.length} bytes were taken`);
    from += taken;
    if (body.isOver) return;
  }
}

/** Parsers of streams whose bytes come in pieces, as an exit looks at them. */
export const STREAM_PARSERS: readonly Parser[] = [
  { name: "request", samples: REQUESTS, read: readRequest },
  {
    name: "body of a request",
    samples: CHUNKS,
    read: (bytes, random) => {
      const field = (): string => bytes.toString("latin1", 0, below(random, 20));
      const lengths = [[], [], [String(below(random, 100))], ["5", "5"], [field()]];
      const codings = [[], ["chunked"], ["chunked"], ["gzip, chunked"], [field()]];
      const fields = {
        minor: below(random, 2),
        contentLength: oneOf(random, lengths),
        transferEncoding: oneOf(random, codings),
      };
      takeBody(requestBody(fields), bytes, random);
    },
  },
  {
    name: "begun line",
    samples: REQUESTS,
    read: (bytes, random) => {
      const line = new BegunLine(below(random, 4));
      for (const seen of growing(bytes, random)) {
        line.mayBecomeRequest(seen);
        const at = line.newBareCr(seen) ?? 0;
        if (at < 0 || at > seen.length) throw new Error(`a CR at ${at}`);
      }
    },
  },
  {
    name: "plain request",
    samples: PLAIN_REQUESTS,
    mostBytes: INGRESS_LIMITS.maxHeadBytes.value,
    read: (bytes, random) => {
      const most = INGRESS_LIMITS.maxHeadBytes.value;
      const mostFields = INGRESS_LIMITS.maxFields.value;
      readMessage(bytes, random, requestHeadCollector(most, mostFields), ({ lines }) => {
        const head = parseRequestHead(lines);
        sentCredentials(head);
        parseAbsoluteForm(head);
        return plainBody(head, most, mostFields);
      });
    },
  },
  {
    name: "answer to a plain request",
    samples: ANSWERS,
    read: (bytes, random) => {
      const body = readMessage(bytes, random, answerHeadCollector(), ({ lines, isClean }) => {
        const head = parseAnswerHead(lines, isClean);
        targetFields(head.headers);
        return answerBody(head, "GET");
      });
      if (body !== undefined) targetTrailers(body.trailers);
    },
  },
  {
    name: "balancer's header",
    samples: PREFACES,
    read: (bytes, random) => {
      for (const seen of growing(bytes, random)) {
        const length = balancerHeaderBytes(seen);
        if (typeof length === "number" && (length < 0 || length > seen.length))
          throw new Error(`${length} of ${seen.length} bytes`);
      }
    },
  },
  {
    name: "hello",
    samples: HELLOS,
    read: (bytes, random) => {
      for (const seen of growing(bytes, random)) readClientHello(seen);
    },
  },
  {
    name: "what follows a hello",
    samples: [
      Buffer.from("140303000101", "hex"),
      Buffer.from("1503030002010016", "hex"),
      CURL_HELLO,
      Buffer.from("1703034000", "hex"),
    ],
    read: (bytes, random) => {
      for (const seen of growing(bytes, random)) readAfterHello(seen, random.float() < 0.5);
    },
  },
  {
    name: "BitTorrent",
    samples: [HANDSHAKE, Buffer.from("GET /announce?info_hash=%00&peer_id=x HTTP/1.1")],
    read: (bytes) => [readBitTorrentHandshake(bytes), isTrackerRequest(bytes.toString("latin1"))],
  },
  {
    name: "first bytes of a stream",
    samples: [...REQUESTS, ...HELLOS, ...PREFACES, HANDSHAKE],
    share: 0.5,
    read: (bytes, random) => verdicts(firstBytes("ok.example"), ...inPieces(bytes, random)),
  },
];
