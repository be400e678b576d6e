import assert from "node:assert/strict";
import { test } from "node:test";
import { type FrameCall, FrameRecorder } from "../../../test/support/frame-recorder.ts";
import { hex } from "../../../test/support/hostile-bytes.ts";
import { FLAG, FRAME, frame, settings } from "../../../test/support/raw-http2.ts";
import { LINK_LIMITS } from "../limits.ts";
import { ERROR_CODE } from "./error-code.ts";
import { CLIENT_PREFACE, FRAME_FLAG, LARGEST_MAX_FRAME_BYTES } from "./frame-format.ts";
import { FrameReader, type FrameReaderOptions } from "./frame-reader.ts";
import { Http2Error } from "./http2-error.ts";

const CLIENT: FrameReaderOptions = { role: "client", maxFrameBytes: 16_384 };
const SERVER: FrameReaderOptions = { role: "server", maxFrameBytes: 16_384 };
const { padded, priority, endHeaders } = FRAME_FLAG;

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

/** That `frames` behind the first SETTINGS end the connection with `code`; and that the reader then reads nothing. */
function ends(code: number, ...frames: readonly Uint8Array[]): void {
  for (const size of [Number.POSITIVE_INFINITY, 1]) {
    const recorder = new FrameRecorder();
    const reader = new FrameReader(recorder, CLIENT);
    reader.push(settings());
    const bytes = Buffer.concat(frames);
    assert.throws(
      () => {
        for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
      },
      { name: "Http2Error", code, streamId: 0 },
    );
    const { length } = recorder.calls;
    reader.push(frame(FRAME.ping, FLAG.none, 0, Buffer.alloc(8)));
    assert.equal(recorder.calls.length, length);
    assert.equal(reader.heldBytes, 0);
  }
}

test("the first bytes are the preface and SETTINGS (§3.4)", () => {
  const protocolError = { name: "Http2Error", code: ERROR_CODE.protocolError, streamId: 0 };
  const push = (options: FrameReaderOptions, ...bytes: readonly Uint8Array[]) => {
    new FrameReader(new FrameRecorder(), options).push(Buffer.concat(bytes));
  };
  for (let at = 0; at < CLIENT_PREFACE.length; at += 1) {
    const other = Uint8Array.from(CLIENT_PREFACE);
    other[at] = (other[at] ?? 0) ^ 1;
    assert.throws(() => push(SERVER, other), protocolError);
  }
  assert.throws(() => push(SERVER, Buffer.from("GET / HTTP/1.1\r\n")), protocolError);
  assert.throws(() => push(SERVER, settings()), protocolError);
  assert.throws(() => push(CLIENT, Buffer.from("HTTP/1.1 400")), Http2Error);
  const ping = frame(FRAME.ping, FLAG.none, 0, Buffer.alloc(8));
  for (const first of [
    ping,
    frame(FRAME.settings, FLAG.ack, 0),
    frame(99, 0, 0),
    frame(FRAME.headers, endHeaders, 1),
  ]) {
    assert.throws(() => push(CLIENT, first), protocolError);
    assert.throws(() => push(SERVER, CLIENT_PREFACE, first), protocolError);
  }
  push(SERVER, CLIENT_PREFACE, settings(), ping);
});

test("frames of a stream have its id, and others 0 (§6)", () => {
  for (const type of [FRAME.data, FRAME.headers, 2, FRAME.reset, FRAME.continuation]) {
    ends(ERROR_CODE.protocolError, frame(type, endHeaders, 0, Buffer.alloc(5)));
  }
  ends(ERROR_CODE.protocolError, frame(FRAME.settings, FLAG.none, 1));
  ends(ERROR_CODE.protocolError, frame(FRAME.ping, FLAG.none, 1, Buffer.alloc(8)));
  ends(ERROR_CODE.protocolError, frame(FRAME.goaway, FLAG.none, 1, Buffer.alloc(8)));
});

test("a frame has the size of its type (§4.2, §6)", () => {
  const sizes: readonly (readonly [type: number, flags: number, streamId: number, wrong: readonly number[]])[] = [
    [FRAME.data, padded, 1, [0]],
    [FRAME.headers, padded | endHeaders, 1, [0]],
    [FRAME.headers, priority | endHeaders, 1, [0, 4]],
    [FRAME.headers, padded | priority | endHeaders, 1, [0, 1, 5]],
    [FRAME.reset, 0, 1, [0, 3, 5]],
    [FRAME.settings, 0, 0, [1, 5, 7]],
    [FRAME.settings, FLAG.ack, 0, [1, 6]],
    [FRAME.ping, 0, 0, [0, 7, 9]],
    [FRAME.goaway, 0, 0, [0, 7]],
    [FRAME.windowUpdate, 0, 0, [0, 3, 5]],
    [FRAME.windowUpdate, 0, 1, [0, 3, 5]],
  ];
  for (const [type, flags, streamId, wrong] of sizes) {
    for (const size of wrong) ends(ERROR_CODE.frameSizeError, frame(type, flags, streamId, Buffer.alloc(size)));
  }
});

test("no frame is longer than we advertise (§4.2)", () => {
  const head = (type: number, length: number, streamId = 1): Buffer =>
    Buffer.from([length >> 16, length >> 8, length, type, 0, 0, 0, 0, streamId]);
  const read = (maxFrameBytes: number, ...bytes: readonly Uint8Array[]) => {
    new FrameReader(new FrameRecorder(), { role: "client", maxFrameBytes }).push(Buffer.concat([settings(), ...bytes]));
  };
  for (const most of [16_384, 262_144, LARGEST_MAX_FRAME_BYTES]) {
    read(most, head(FRAME.data, most));
    read(most, head(99, most));
    if (most === LARGEST_MAX_FRAME_BYTES) continue;
    for (const type of [FRAME.data, FRAME.headers, 99]) {
      assert.throws(() => read(most, head(type, most + 1)), { code: ERROR_CODE.frameSizeError, streamId: 0 });
    }
  }
});

test("padding is shorter than its frame (§6.1, §6.2)", () => {
  for (const payload of ["01", "0261", "ff6162"]) {
    ends(ERROR_CODE.protocolError, frame(FRAME.data, padded, 1, hex(payload)));
    ends(ERROR_CODE.protocolError, frame(FRAME.headers, padded | endHeaders, 1, hex(payload)));
    ends(ERROR_CODE.protocolError, frame(FRAME.headers, padded, 1, hex(payload)));
  }
  ends(ERROR_CODE.protocolError, frame(FRAME.headers, padded | priority | endHeaders, 1, hex("02 0000000000 82")));
});

test("SETTINGS have values that they may have (§6.5.2, RFC 8441 §3)", () => {
  for (const [id, value, code] of [
    [2, 1, ERROR_CODE.protocolError],
    [2, 2, ERROR_CODE.protocolError],
    [4, 0x80000000, ERROR_CODE.flowControlError],
    [5, 16_383, ERROR_CODE.protocolError],
    [5, 16_777_216, ERROR_CODE.protocolError],
    [8, 2, ERROR_CODE.protocolError],
  ] as const) {
    ends(code, settings([id, value]));
  }
  assert.deepEqual(
    calls([settings([2, 1])], 1, SERVER),
    [["setting", 2, 1], ["settings end"]],
    "a client may enable it",
  );
  const most = LINK_LIMITS.settingsOfFrame.value;
  const many = (count: number): Buffer => settings(...Array.from({ length: count }, () => [3, 1] as const));
  assert.equal(calls([many(most)]).length, most + 1);
  ends(ERROR_CODE.enhanceYourCalm, many(most + 1));
});

test("a window of the connection opens by something (§6.9)", () => {
  ends(ERROR_CODE.protocolError, frame(FRAME.windowUpdate, FLAG.none, 0, hex("00000000")));
  ends(ERROR_CODE.protocolError, frame(FRAME.windowUpdate, FLAG.none, 0, hex("80000000")));
});

test("nobody pushes (§6.6)", () => {
  ends(ERROR_CODE.protocolError, frame(FRAME.pushPromise, endHeaders, 1, hex("00000002 82")));
  ends(ERROR_CODE.frameSizeError, frame(FRAME.pushPromise, endHeaders, 1, hex("000000")));
});

test("nothing stands within a header block (§6.10)", () => {
  const open = frame(FRAME.headers, FLAG.none, 1, hex("82"));
  for (const other of [
    frame(FRAME.data, FLAG.none, 1, hex("61")),
    frame(FRAME.headers, endHeaders, 1, hex("82")),
    frame(FRAME.headers, endHeaders, 3, hex("82")),
    frame(2, FLAG.none, 1, Buffer.alloc(5)),
    frame(FRAME.reset, FLAG.none, 1, Buffer.alloc(4)),
    frame(FRAME.settings, FLAG.ack, 0),
    frame(FRAME.ping, FLAG.none, 0, Buffer.alloc(8)),
    frame(FRAME.windowUpdate, FLAG.none, 0, hex("00000001")),
    frame(99, FLAG.none, 1),
    frame(FRAME.continuation, endHeaders, 3, hex("82")),
  ]) {
    ends(ERROR_CODE.protocolError, open, other);
  }
  const whole = frame(FRAME.headers, endHeaders, 1, hex("82"));
  ends(ERROR_CODE.protocolError, frame(FRAME.continuation, endHeaders, 1, hex("82")));
  ends(ERROR_CODE.protocolError, whole, frame(FRAME.continuation, endHeaders, 1, hex("82")));
  ends(
    ERROR_CODE.protocolError,
    open,
    frame(FRAME.continuation, endHeaders, 1),
    frame(FRAME.continuation, endHeaders, 1),
  );
});

test("a header block has few frames, empty ones too (CVE-2024-27316)", () => {
  const most = LINK_LIMITS.headerBlockFrames.value;
  const open = frame(FRAME.headers, FLAG.none, 1);
  const more = Array.from({ length: most - 2 }, () => frame(FRAME.continuation, FLAG.none, 1));
  assert.equal(calls([open, ...more, frame(FRAME.continuation, endHeaders, 1)]).length, 1);
  ends(
    ERROR_CODE.enhanceYourCalm,
    open,
    ...more,
    frame(FRAME.continuation, FLAG.none, 1),
    frame(FRAME.continuation, endHeaders, 1),
  );
});

test("a header block has few bytes, padding included", () => {
  const most = LINK_LIMITS.headerBlockBytes.value;
  assert.equal(calls([frame(FRAME.headers, endHeaders, 1, Buffer.alloc(most))]).length, 1);
  const half = frame(FRAME.headers, padded, 1, Buffer.alloc(most / 2));
  assert.equal(calls([half, frame(FRAME.continuation, endHeaders, 1, Buffer.alloc(most / 2))]).length, 1);
  ends(ERROR_CODE.enhanceYourCalm, half, frame(FRAME.continuation, endHeaders, 1, Buffer.alloc(most / 2 + 1)));
  const reader = new FrameReader(new FrameRecorder(), { role: "client", maxFrameBytes: 262_144 });
  reader.push(settings());
  assert.throws(() => reader.push(frame(FRAME.headers, endHeaders, 1, Buffer.alloc(most + 1)).subarray(0, 9)), {
    code: ERROR_CODE.enhanceYourCalm,
  });
});

test("a frame takes memory as its bytes come, and not as its length says", () => {
  const reader = new FrameReader(new FrameRecorder(), { role: "client", maxFrameBytes: 262_144 });
  reader.push(settings());
  reader.push(frame(FRAME.headers, FLAG.none, 1, Buffer.alloc(16_000)).subarray(0, 9));
  assert.equal(reader.heldBytes, 0);
  for (let sent = 1; sent <= 16_000; sent += 1) {
    reader.push(Uint8Array.of(0));
    assert.ok(reader.heldBytes <= Math.max(64, 2 * sent), `${reader.heldBytes} for ${sent}`);
  }
  const skipped = new FrameReader(new FrameRecorder(), { role: "client", maxFrameBytes: 262_144 });
  skipped.push(settings());
  skipped.push(frame(99, FLAG.none, 1, Buffer.alloc(200_000)).subarray(0, 150_000));
  assert.equal(skipped.heldBytes, 0);
});

test("of the words in GOAWAY only the first are kept", () => {
  const most = LINK_LIMITS.goawayDebugBytes.value;
  const goaway = (words: number): Buffer =>
    frame(FRAME.goaway, FLAG.none, 0, Buffer.alloc(8 + words, "x").fill(0, 0, 8));
  for (const size of [1, 100_000]) {
    assert.deepEqual(calls([goaway(most)], size), [["goaway", 0, 0, "x".repeat(most)]]);
    assert.deepEqual(calls([goaway(16_000), goaway(0)], size), [
      ["goaway", 0, 0, "x".repeat(most)],
      ["goaway", 0, 0, ""],
    ]);
  }
});
