import assert from "node:assert/strict";
import { test } from "node:test";
import { hex } from "../../../test/support/hostile-bytes.ts";
import { ERROR_CODE } from "./error-code.ts";
import {
  CLIENT_PREFACE,
  HIGHEST_31_BIT,
  LARGEST_MAX_FRAME_BYTES,
  SETTING,
  SMALLEST_MAX_FRAME_BYTES,
} from "./frame-format.ts";
import { Http2Error } from "./http2-error.ts";
import {
  writeDataHead,
  writeGoaway,
  writeHeadersHead,
  writePing,
  writeReset,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from "./write-frame.ts";

/** What `write` wrote at offset 3, with the bytes around it untouched. */
function written(write: (target: Uint8Array, at: number) => number): Uint8Array {
  const target = new Uint8Array(64).fill(0xee);
  const end = write(target, 3);
  assert.ok(
    target.subarray(0, 3).every((byte) => byte === 0xee) && target.subarray(end).every((byte) => byte === 0xee),
  );
  return target.slice(3, end);
}

test("frames have the form of RFC 9113", () => {
  assert.deepEqual(
    written((target, at) => writeReset(target, at, 0x01020304, ERROR_CODE.http11Required)),
    hex("000004 03 00 01020304 0000000d"),
  );
  assert.deepEqual(
    written((target, at) =>
      writeSettings(target, at, [
        [SETTING.enablePush, 0],
        [SETTING.initialWindowBytes, HIGHEST_31_BIT],
      ]),
    ),
    hex("00000c 04 00 00000000 0002 00000000 0004 7fffffff"),
  );
  assert.deepEqual(written(writeSettingsAck), hex("000000 04 01 00000000"));
  const payload = hex("0102030405060708");
  assert.deepEqual(
    written((target, at) => writePing(target, at, payload, false)),
    hex("000008 06 00 00000000 0102030405060708"),
  );
  assert.deepEqual(
    written((target, at) => writePing(target, at, payload, true)),
    hex("000008 06 01 00000000 0102030405060708"),
  );
  assert.deepEqual(
    written((target, at) => writeGoaway(target, at, HIGHEST_31_BIT, ERROR_CODE.enhanceYourCalm)),
    hex("000008 07 00 00000000 7fffffff 0000000b"),
  );
  assert.deepEqual(
    written((target, at) => writeWindowUpdate(target, at, 0, 0x01020304)),
    hex("000004 08 00 00000000 01020304"),
  );
  assert.deepEqual(
    written((target, at) => writeDataHead(target, at, 0x010203, 5, true)),
    hex("010203 00 01 00000005"),
  );
});

test("the head of HEADERS is written before its block", () => {
  const target = hex("ffffffffffffffffff 8882");
  assert.equal(writeHeadersHead(target, 0, 11, 7, false), 11);
  assert.deepEqual(target, hex("000002 01 04 00000007 8882"));
  writeHeadersHead(target, 0, 11, 7, true);
  assert.deepEqual(target, hex("000002 01 05 00000007 8882"));
});

test("the preface and the bounds are those of RFC 9113", () => {
  assert.deepEqual(CLIENT_PREFACE, Buffer.from(hex("505249202a20485454502f322e300d0a0d0a534d0d0a0d0a")));
  assert.deepEqual([SMALLEST_MAX_FRAME_BYTES, LARGEST_MAX_FRAME_BYTES], [2 ** 14, 2 ** 24 - 1]);
});

test("an error says what it ends", () => {
  assert.equal(new Http2Error(ERROR_CODE.protocolError, "x").scope, "connection");
  assert.equal(new Http2Error(ERROR_CODE.protocolError, "x", 3).scope, "stream");
});
