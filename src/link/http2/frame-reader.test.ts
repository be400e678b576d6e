import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type FrameCall, FrameRecorder } from "../../../test/support/frame-recorder.ts";
import { hex } from "../../../test/support/hostile-bytes.ts";
import { FLAG, FRAME, frame, settings } from "../../../test/support/raw-http2.ts";
import { LINK_LIMITS } from "../limits.ts";
import { ERROR_CODE } from "./error-code.ts";
import { CLIENT_PREFACE, FRAME_FLAG } from "./frame-format.ts";
import { FrameReader, type FrameReaderOptions } from "./frame-reader.ts";
import { Http2Error } from "./http2-error.ts";

const CLIENT: FrameReaderOptions = { role: "client", maxFrameBytes: 16_384 };
const SERVER: FrameReaderOptions = { role: "server", maxFrameBytes: 16_384 };
const { padded, priority, endHeaders, endStream } = FRAME_FLAG;

/** What a sink hears of `frames` behind the first SETTINGS, in chunks of `size` bytes. */
function calls(frames: readonly Uint8Array[], size = Number.POSITIVE_INFINITY, options = CLIENT): readonly FrameCall[] {
  const recorder = new FrameRecorder();
  const reader = new FrameReader(recorder, options);
  const bytes = Buffer.concat([...(options.role === "server" ? [CLIENT_PREFACE] : []), settings(), ...frames]);
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  assert.equal(reader.heldBytes, 0);
  assert.deepEqual(recorder.calls[0], ["settings end"]);
  return recorder.calls.slice(1);
}

const EVERY_FRAME: readonly (readonly [name: string, bytes: Uint8Array, heard: readonly FrameCall[]])[] = [
  [
    "DATA",
    frame(FRAME.data, FLAG.none, 1, Buffer.from("abc")),
    [
      ["data head", 1, 3, 3],
      ["data", 1, "abc"],
      ["data end", 1, false],
    ],
  ],
  [
    "empty DATA at the end",
    frame(FRAME.data, FLAG.endStream, 1),
    [
      ["data head", 1, 0, 0],
      ["data end", 1, true],
    ],
  ],
  [
    "padded DATA",
    frame(FRAME.data, padded | endStream, 1, Buffer.from("\x02abc\0\0")),
    [
      ["data head", 1, 6, 3],
      ["data", 1, "abc"],
      ["data end", 1, true],
    ],
  ],
  [
    "padding of none",
    frame(FRAME.data, padded, 1, Buffer.from("\0a")),
    [
      ["data head", 1, 2, 1],
      ["data", 1, "a"],
      ["data end", 1, false],
    ],
  ],
  [
    "padding alone",
    frame(FRAME.data, padded, 1, Buffer.from("\x02ab")),
    [
      ["data head", 1, 3, 0],
      ["data end", 1, false],
    ],
  ],
  ["HEADERS", frame(FRAME.headers, endHeaders | endStream, 3, hex("82")), [["headers", 3, "82", true]]],
  ["an empty header block", frame(FRAME.headers, endHeaders, 3), [["headers", 3, "", false]]],
  [
    "HEADERS with padding and priority",
    frame(FRAME.headers, endHeaders | padded | priority, 3, hex("02 8000000310 8286 0000")),
    [["headers", 3, "8286", false]],
  ],
  [
    "HEADERS with CONTINUATION, the first padded",
    Buffer.concat([
      frame(FRAME.headers, padded | endStream, 3, hex("01 8286 00")),
      frame(FRAME.continuation, FLAG.none, 3),
      frame(FRAME.continuation, FLAG.none, 3, hex("84")),
      frame(FRAME.continuation, endHeaders, 3, hex("8788")),
    ]),
    [["headers", 3, "8286848788", true]],
  ],
  ["PRIORITY", frame(2, FLAG.none, 5, hex("8000000310")), [["ignored", 2, 5]]],
  [
    "PRIORITY that is too long",
    frame(2, FLAG.none, 5, Buffer.alloc(6)),
    [["stream error", 5, ERROR_CODE.frameSizeError]],
  ],
  ["PRIORITY that is empty", frame(2, FLAG.none, 5), [["stream error", 5, ERROR_CODE.frameSizeError]]],
  ["RST_STREAM", frame(FRAME.reset, FLAG.none, 5, hex("fffffffe")), [["reset", 5, 0xfffffffe]]],
  [
    "SETTINGS",
    settings(
      [1, 0],
      [2, 0],
      [3, 0xffffffff],
      [4, 0x7fffffff],
      [5, 16_777_215],
      [6, 5],
      [8, 1],
      [7, 9],
      [99, 1],
      [4, 1],
    ),
    [
      ...([
        ["setting", 1, 0],
        ["setting", 2, 0],
        ["setting", 3, 0xffffffff],
        ["setting", 4, 0x7fffffff],
      ] as const),
      ...([
        ["setting", 5, 16_777_215],
        ["setting", 6, 5],
        ["setting", 8, 1],
        ["setting", 4, 1],
      ] as const),
      ["settings end"],
    ],
  ],
  ["SETTINGS that acknowledge", frame(FRAME.settings, FLAG.ack, 0), [["settings ack"]]],
  ["PING", frame(FRAME.ping, FLAG.none, 0, hex("0102030405060708")), [["ping", "0102030405060708", false]]],
  ["PING that answers", frame(FRAME.ping, FLAG.ack, 0, hex("0102030405060708")), [["ping", "0102030405060708", true]]],
  ["GOAWAY", frame(FRAME.goaway, FLAG.none, 0, hex("ffffffff 0000000b 6869")), [["goaway", 0x7fffffff, 11, "hi"]]],
  ["GOAWAY without words", frame(FRAME.goaway, FLAG.none, 0, Buffer.alloc(8)), [["goaway", 0, 0, ""]]],
  ["WINDOW_UPDATE", frame(FRAME.windowUpdate, FLAG.none, 0, hex("ffffffff")), [["window", 0, 0x7fffffff]]],
  ["WINDOW_UPDATE of a stream", frame(FRAME.windowUpdate, FLAG.none, 9, hex("00000001")), [["window", 9, 1]]],
  ["a stream's WINDOW_UPDATE by 0", frame(FRAME.windowUpdate, FLAG.none, 9, hex("80000000")), [["stream error", 9, 1]]],
  ["a frame of unknown type", frame(99, 0xff, 7, Buffer.from("abc")), [["ignored", 99, 3]]],
  ["an empty frame of unknown type", frame(10, 0, 0), [["ignored", 10, 0]]],
  ["unknown flags", frame(FRAME.ping, 0xfe, 0, Buffer.alloc(8)), [["ping", "00".repeat(8), false]]],
];

for (const [name, bytes, heard] of EVERY_FRAME) {
  test(`reads ${name}, whole and byte by byte`, () => {
    assert.deepEqual(calls([bytes]), heard);
    assert.deepEqual(calls([bytes], 1), heard);
    assert.deepEqual(calls([bytes, bytes], 7, SERVER), [...heard, ...heard]);
    const reserved = Buffer.from(bytes);
    reserved[5] = (reserved[5] ?? 0) | 0x80;
    assert.deepEqual(calls([reserved]), heard, "the reserved bit is ignored");
  });
}

test("calls come as they would without cuts, however the bytes are cut", () => {
  const every = EVERY_FRAME.map(([, bytes]) => bytes);
  const heard = calls(every);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 9 }), (sizes) => {
      const recorder = new FrameRecorder();
      const reader = new FrameReader(recorder, SERVER);
      const bytes = Buffer.concat([CLIENT_PREFACE, settings(), ...every]);
      for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
        const size = sizes[turn % sizes.length] ?? 1;
        // A chunk of its own: what is kept must be a copy.
        const chunk = Uint8Array.from(bytes.subarray(at, at + size));
        reader.push(chunk);
        chunk.fill(0xee);
        at += size;
      }
      assert.deepEqual(recorder.calls.slice(1), heard);
      assert.equal(reader.heldBytes, 0);
    }),
  );
});

test("DATA is handed on at once, and is not copied", () => {
  const pieces: unknown[] = [];
  const recorder = new FrameRecorder();
  recorder.onData = (_, bytes, start, end) => pieces.push([bytes, start, end]);
  const reader = new FrameReader(recorder, CLIENT);
  reader.push(settings());
  const bytes = frame(FRAME.data, FLAG.none, 1, Buffer.alloc(100));
  const chunks = [bytes.subarray(0, 50), bytes.subarray(50, 80), Buffer.concat([bytes.subarray(80), Buffer.alloc(3)])];
  for (const chunk of chunks) reader.push(chunk);
  assert.deepEqual(pieces, [
    [chunks[0], 9, 50],
    [chunks[1], 0, 30],
    [chunks[2], 0, 29],
  ]);
  assert.equal(pieces.length, 3);
  for (const [at, chunk] of chunks.entries()) assert.equal((pieces[at] as unknown[])[0], chunk);
  assert.equal(reader.heldBytes, 0);
});

test("a header block in one frame and one chunk is not copied", () => {
  const blocks: Uint8Array[] = [];
  const recorder = new FrameRecorder();
  recorder.onHeaders = (_, bytes) => blocks.push(bytes);
  const reader = new FrameReader(recorder, CLIENT);
  reader.push(settings());
  const chunk = frame(FRAME.headers, endHeaders, 1, hex("8286"));
  reader.push(chunk);
  assert.equal(blocks[0], chunk);
});

test("a sink that stops the reader hears nothing more", () => {
  const frames = Buffer.concat([
    settings(),
    frame(FRAME.data, padded, 1, hex("01 6161 00")),
    frame(FRAME.ping, 0, 0, Buffer.alloc(8)),
  ]);
  for (const method of ["onDataHead", "onData", "onDataEnd", "onSettingsEnd"] as const) {
    const recorder = new FrameRecorder();
    const reader = new FrameReader(recorder, CLIENT);
    recorder[method] = () => {
      recorder.calls.length = 0;
      reader.stop();
    };
    reader.push(frames);
    reader.push(frames);
    assert.deepEqual(recorder.calls, [], method);
  }
});

test("what a sink throws comes out of push, and is the end of reading", () => {
  const recorder = new FrameRecorder();
  const reader = new FrameReader(recorder, CLIENT);
  const thrown = new Http2Error(ERROR_CODE.flowControlError, "too much");
  recorder.onDataHead = () => {
    throw thrown;
  };
  const data = frame(FRAME.data, FLAG.none, 1, hex("61"));
  assert.throws(() => reader.push(Buffer.concat([settings(), data])), thrown);
  reader.push(data);
  assert.equal(recorder.calls.length, 1);
});

test("mutated frames give calls or an Http2Error", () => {
  const every = Buffer.concat([settings(), ...EVERY_FRAME.map(([, bytes]) => bytes)]);
  const edit = fc.tuple(fc.nat({ max: every.length }), fc.integer({ min: 0, max: 3 }), fc.uint8Array({ maxLength: 4 }));
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 200 }), (edits, size) => {
      const bytes = [...every];
      for (const [at, remove, insert] of edits) bytes.splice(at, remove, ...insert);
      const reader = new FrameReader(new FrameRecorder(), CLIENT);
      try {
        for (let at = 0; at < bytes.length; at += size) {
          reader.push(Uint8Array.from(bytes.slice(at, at + size)));
          assert.ok(reader.heldBytes <= 4 * LINK_LIMITS.headerBlockBytes.value);
        }
      } catch (error) {
        if (!(error instanceof Http2Error) || error.scope !== "connection") throw error;
      }
    }),
    { numRuns: 500 },
  );
});
