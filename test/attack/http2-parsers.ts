import { setImmediate as endOfTurn } from "node:timers/promises";
import { BywayError } from "../../src/core/errors.ts";
import type { Random } from "../../src/core/random.ts";
import { fieldFault } from "../../src/link/http2/field-rules.ts";
import { CLIENT_PREFACE, FRAME_FLAG } from "../../src/link/http2/frame-format.ts";
import { FrameReader } from "../../src/link/http2/frame-reader.ts";
import { HpackDecoder } from "../../src/link/http2/hpack/decoder.ts";
import { Http2Error } from "../../src/link/http2/http2-error.ts";
import { LINK_LIMITS } from "../../src/link/limits.ts";
import { FramePeer } from "../support/frame-peer.ts";
import { FrameRecorder } from "../support/frame-recorder.ts";
import type { Parser } from "../support/fuzz-parser.ts";
import { below, inPieces } from "../support/mutated-bytes.ts";
import { FLAG, FRAME, fields, frame, reset, settings, windowUpdate } from "../support/raw-http2.ts";

const REQUEST = Buffer.from("828684418cf1e3c2e5f23a6ba0ab90f4ff", "hex");
const INDEXED = Buffer.from("3fe11f400161016240016303646566bec07e0178", "hex");
const { padded, priority, endHeaders, endStream } = FRAME_FLAG;

/** Http2Errors are what strangers cause here; they pass as errors of Byway's own do elsewhere. */
function typed(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof Http2Error) || error.scope !== "connection") throw error;
    throw new BywayError("ERR_REQUEST_MALFORMED", error.message, { cause: error });
  }
}

/** Reads header blocks one after another, each as long as the byte before it says, with one decoder. */
function readBlocks(bytes: Uint8Array): void {
  const decoder = new HpackDecoder();
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + (bytes[at] ?? 0));
    readBlock(decoder, bytes, at + 1, end);
    at = end;
  }
}

function readBlock(decoder: HpackDecoder, bytes: Uint8Array, start: number, end: number): void {
  const list = decoder.decode(bytes, start, end);
  if (decoder.tableBytes > LINK_LIMITS.headerTableBytes.value)
    throw new Error(`a table of ${decoder.tableBytes} bytes`);
  if (list === undefined) return;
  if (decoder.listBytes > LINK_LIMITS.headerListBytes.value) throw new Error(`a list of ${decoder.listBytes} bytes`);
  for (const kind of ["request", "response", "trailers"] as const) fieldFault(list, kind);
}

function readFrames(role: "client" | "server", bytes: Buffer, random: Random): void {
  const sink = new FrameRecorder();
  const decoder = new HpackDecoder();
  sink.onHeaders = (_, block, start, end) => readBlock(decoder, block, start, end);
  const reader = new FrameReader(sink, { role, maxFrameBytes: 16_384 << below(random, 5) });
  for (const piece of inPieces(bytes, random)) {
    reader.push(piece);
    const most = 4 * LINK_LIMITS.headerBlockBytes.value;
    if (reader.heldBytes > most) throw new Error(`${reader.heldBytes} bytes are kept`);
  }
}

const MOST_STREAMS = 10;

/** A whole session, in memory. It throws nothing, and answers what breaks a rule with GOAWAY. */
async function readSession(role: "client" | "server", bytes: Buffer, random: Random): Promise<void> {
  const peer = new FramePeer(role, { maxConcurrentStreams: MOST_STREAMS }, settings(), false);
  for (const piece of inPieces(bytes, random)) {
    peer.session.receive(piece);
    peer.take();
    if (peer.session.streams > MOST_STREAMS) throw new Error(`${peer.session.streams} streams`);
  }
  // The session writes at the end of a turn, and is held until then.
  await endOfTurn();
  if (peer.session.isOver) throw new BywayError("ERR_REQUEST_MALFORMED", "the session is over");
}

function prefixed(...blocks: readonly Buffer[]): Buffer {
  return Buffer.concat(blocks.flatMap((block) => [Buffer.of(block.length), block]));
}

const FRAMES: readonly Buffer[] = [
  frame(FRAME.headers, endHeaders, 1, REQUEST),
  frame(
    FRAME.headers,
    padded | priority | endStream,
    3,
    Buffer.concat([Buffer.of(2, 0, 0, 0, 1, 9), INDEXED, Buffer.alloc(2)]),
  ),
  frame(FRAME.continuation, endHeaders, 3, REQUEST),
  frame(FRAME.data, padded, 1, Buffer.from("\x03hello\0\0\0")),
  frame(FRAME.data, endStream, 1, Buffer.alloc(300)),
  settings([1, 0], [3, 100], [4, 70_000], [5, 16_384], [6, 8_192], [8, 1], [99, 1]),
  frame(FRAME.settings, FLAG.ack, 0),
  frame(FRAME.ping, FLAG.none, 0, Buffer.alloc(8)),
  windowUpdate(0, 100),
  windowUpdate(1, 100),
  reset(1, 8),
  frame(2, FLAG.none, 1, Buffer.alloc(5)),
  frame(99, 0xff, 1, Buffer.alloc(40)),
  frame(FRAME.goaway, FLAG.none, 0, Buffer.from("\0\0\0\x01\0\0\0\0bye")),
];

/** Parsers of HTTP/2. */
export const HTTP2_PARSERS: readonly Parser[] = [
  {
    name: "header blocks",
    samples: [prefixed(REQUEST, INDEXED, REQUEST), prefixed(fields([":status", "200"], ["x", "y"]), INDEXED, INDEXED)],
    read: (bytes) => typed(() => readBlocks(bytes)),
  },
  {
    name: "one header block",
    samples: [REQUEST, INDEXED],
    mostBytes: LINK_LIMITS.headerBlockBytes.value,
    read: (bytes) => typed(() => readBlock(new HpackDecoder(), bytes, 0, bytes.length)),
  },
  {
    name: "frames of an HTTP/2 client",
    samples: [Buffer.concat([CLIENT_PREFACE, settings(), ...FRAMES])],
    read: (bytes, random) => typed(() => readFrames("server", bytes, random)),
  },
  {
    name: "frames of an HTTP/2 server",
    samples: [Buffer.concat([settings(), ...FRAMES]), Buffer.concat([settings(), ...FRAMES, ...FRAMES])],
    read: (bytes, random) => typed(() => readFrames("client", bytes, random)),
  },
  {
    name: "a session of an HTTP/2 client",
    samples: [Buffer.concat([settings(), ...FRAMES])],
    share: 0.5,
    read: (bytes, random) => readSession("server", bytes, random),
  },
  {
    name: "a session of an HTTP/2 server",
    samples: [Buffer.concat([settings(), ...FRAMES])],
    share: 0.5,
    read: (bytes, random) => readSession("client", bytes, random),
  },
];
