import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BywayError } from "../core/errors.ts";
import type { BodyDecoder } from "./body-decoder.ts";
import { ANSWER_CHUNK_RULES, requestChunkRules } from "./chunk-rules.ts";
import { ChunkedDecoder } from "./chunked-decoder.ts";
import { HTTP1_LIMITS } from "./limits.ts";

const TRAILER_BYTES = 1_000;
const TRAILERS = 20;
const strict = (): ChunkedDecoder => new ChunkedDecoder(requestChunkRules(TRAILER_BYTES, TRAILERS));
const lenient = (): ChunkedDecoder => new ChunkedDecoder(ANSWER_CHUNK_RULES);

/** Feeds a decoder pieces as a connection would bring them. */
function feed(decoder: BodyDecoder, pieces: readonly Buffer[]) {
  const content: Buffer[] = [];
  let taken = 0;
  for (const piece of pieces) taken += decoder.decode(piece, (bytes) => content.push(bytes));
  return { content: Buffer.concat(content), taken };
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

test("a body is found whole, whatever pieces it comes in, and what follows it is left", () => {
  const chunk = fc.uint8Array({ minLength: 1, maxLength: 40 });
  const sizes = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 200 });
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 8 }), sizes, (chunks, pieces) => {
      const parts = chunks.flatMap((bytes) => [
        Buffer.from(`${bytes.length.toString(16)};a=b\r\n`),
        Buffer.from(bytes),
        Buffer.from("\r\n"),
      ]);
      const body = Buffer.concat([...parts, Buffer.from("0\r\nX: y\r\n\r\n")]);
      for (const decoder of [strict(), lenient()]) {
        const { content, taken } = feed(decoder, cut(Buffer.concat([body, Buffer.from("GET /")]), pieces));
        assert.deepEqual(content, Buffer.concat(chunks));
        assert.deepEqual([taken, decoder.isDone, decoder.isClean], [body.length, true, true]);
        assert.deepEqual(decoder.trailers, ["X", "y"]);
      }
    }),
  );
});

test("bytes of any kind give content or a typed error, and no more content than bytes", () => {
  const alphabet = fc.constantFrom(..."0123456789abcdefg;=\r\n \t:X\0");
  fc.assert(
    fc.property(fc.array(alphabet, { maxLength: 60 }), (letters) => {
      for (const decoder of [strict(), lenient()]) {
        const bytes = Buffer.from(letters.join(""), "latin1");
        try {
          assert.ok(feed(decoder, [bytes]).content.length <= bytes.length);
        } catch (error) {
          assert.ok(error instanceof BywayError);
        }
      }
    }),
  );
});

test("a line before a chunk, and the lines behind the last one, have a bound", () => {
  const line = HTTP1_LIMITS.maxChunkLineBytes.value;
  const body = (extension: number): Buffer => Buffer.from(`1;${"x".repeat(extension)}\r\ny\r\n0\r\n\r\n`);
  assert.equal(feed(strict(), [body(line - 4)]).content.toString(), "y");
  const tooLarge = { code: "ERR_REQUEST_TOO_LARGE" };
  assert.throws(() => feed(strict(), [body(line - 3)]), tooLarge);
  assert.throws(
    () =>
      feed(
        strict(),
        Array.from({ length: line + 1 }, () => Buffer.from("0")),
      ),
    tooLarge,
  );
  const trailers = (length: number): Buffer => Buffer.from(`0\r\nX: ${"y".repeat(length - 7)}\r\n\r\n`);
  assert.equal(
    strict().decode(trailers(TRAILER_BYTES), () => {}),
    TRAILER_BYTES + 3,
  );
  assert.throws(() => feed(strict(), [trailers(TRAILER_BYTES + 1)]), tooLarge);
  const lines = (count: number): Buffer => Buffer.from(`0\r\n${"a:\r\n".repeat(count)}`);
  feed(strict(), [lines(TRAILERS)]);
  assert.throws(() => feed(strict(), [lines(TRAILERS + 1)]), tooLarge);
  const most = HTTP1_LIMITS.maxAnswerLines.value;
  feed(lenient(), [lines(most)]);
  assert.throws(() => feed(lenient(), [lines(most + 1)]), { code: "ERR_TARGET_PROTOCOL" });
  assert.throws(() => feed(lenient(), [Buffer.from(`1;${"x".repeat(line)}`)]), { code: "ERR_TARGET_PROTOCOL" });
});

test("what is read leniently is not clean", () => {
  for (const text of ["1 \r\nx\r\n0\r\n\r\n", "1\nx\r\n0\r\n\r\n", "1\r\nx\n0\r\n\r\n", "1;\x01\r\nx\r\n0\r\n\r\n"]) {
    const decoder = lenient();
    assert.equal(feed(decoder, [Buffer.from(text)]).content.toString(), "x");
    assert.deepEqual([decoder.isDone, decoder.isClean], [true, false], text);
    assert.throws(() => feed(strict(), [Buffer.from(text)]), { code: "ERR_REQUEST_MALFORMED" }, text);
  }
});
