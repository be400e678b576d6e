import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BywayError } from "../core/errors.ts";
import { answerHeadCollector, parseAnswerHead } from "./answer-head.ts";
import type { HeadCollector } from "./head-collector.ts";
import { HTTP1_LIMITS } from "./limits.ts";
import { parseRequestHead, requestHeadCollector } from "./request-head.ts";

const MAX_BYTES = 2_000;
const MAX_FIELDS = 500;

/** Feeds a collector bytes a few at a time, as a source does: what was not taken comes again. */
function collect(collector: HeadCollector, text: string, step = 3): string {
  const bytes = Buffer.from(text, "latin1");
  let start = 0;
  for (let end = Math.min(step, bytes.length); !collector.isWhole; end = Math.min(end + step, bytes.length)) {
    start += collector.take(bytes.subarray(start, end));
    if (end === bytes.length) break;
  }
  return bytes.toString("latin1", start);
}

test("a head is collected whatever pieces it comes in, and what follows it is left", () => {
  const head = "GET / HTTP/1.1\r\nHost: a\r\nX: \xe9\r\n\r\n";
  for (let step = 1; step <= head.length; step += 1) {
    const collector = requestHeadCollector(MAX_BYTES, MAX_FIELDS);
    const rest = collect(collector, `\r\n${head}`, step);
    assert.deepEqual([collector.isWhole, collector.isClean, rest], [true, false, ""]);
    assert.deepEqual(collector.lines, ["GET / HTTP/1.1", "Host: a", "X: \xe9"]);
  }
  const collector = requestHeadCollector(MAX_BYTES, MAX_FIELDS);
  assert.equal(collect(collector, `${head}POST`, 1_000), "POST");
  assert.ok(collector.isClean);
});

test("a head has a bound, in one line and in many, and empty lines before it too", () => {
  const tooLarge = { code: "ERR_REQUEST_TOO_LARGE" };
  const start = "GET / HTTP/1.1\r\n";
  const fits = `${start}X: ${"y".repeat(MAX_BYTES - start.length - 7)}\r\n\r\n`;
  assert.equal(fits.length, MAX_BYTES);
  assert.equal(collect(requestHeadCollector(MAX_BYTES, MAX_FIELDS), fits, 100), "");
  for (const text of [`${start}X: ${"y".repeat(MAX_BYTES)}`, `${start}${"X: y\r\n".repeat(MAX_BYTES / 6)}`])
    assert.throws(() => collect(requestHeadCollector(MAX_BYTES, MAX_FIELDS), text, 100), tooLarge);
  const most = HTTP1_LIMITS.maxEmptyLines.value;
  assert.ok(collect(requestHeadCollector(MAX_BYTES, MAX_FIELDS), `${"\r\n".repeat(most)}${start}\r\n`) === "");
  assert.throws(() => collect(requestHeadCollector(MAX_BYTES, MAX_FIELDS), "\r\n".repeat(most + 1)), tooLarge);
});

test("a first line that is none is refused before the head is whole", () => {
  const malformed = { code: "ERR_REQUEST_MALFORMED" };
  for (const text of ["\x16\x03\x01", "SSH-2.0-x\r\n", "GET /\r\n", "GET / HTTP/2.0\r\n", "GET / HTTP/1.1\n"])
    assert.throws(() => collect(requestHeadCollector(MAX_BYTES, MAX_FIELDS), text), malformed, text);
  for (const text of ["\x15\x03", "220 ready\r\n", "hello", "HTTP/2 200\r\n", "HTTX"])
    assert.throws(() => collect(answerHeadCollector(), text), { code: "ERR_TARGET_PROTOCOL" }, text);
  for (const text of ["H", "HTTP/1", "\r", "HTTP/1.1 200"]) collect(answerHeadCollector(), text, 1);
});

test("a head has as many lines as it may, and is refused at the next one and not at its end", () => {
  const request = (count: number): string => `GET / HTTP/1.1\r\n${"X: y\r\n".repeat(count)}`;
  assert.equal(collect(requestHeadCollector(MAX_BYTES, 5), `${request(5)}\r\n`), "");
  assert.throws(() => collect(requestHeadCollector(MAX_BYTES, 5), request(6)), { code: "ERR_REQUEST_TOO_LARGE" });
  const most = HTTP1_LIMITS.maxAnswerLines.value;
  for (const field of ["a:\n", " \n"]) {
    const answer = (count: number): string => `HTTP/1.1 103 \r\n${field.repeat(count)}`;
    assert.equal(collect(answerHeadCollector(), `${answer(most - 1)}\r\n`, 1_000), "");
    assert.throws(() => collect(answerHeadCollector(), answer(most), 1_000), { code: "ERR_TARGET_PROTOCOL" });
  }
});

test("heads of any bytes give a head or a typed error, and no field that could be read as a line end", () => {
  const text = fc.string({ unit: fc.constantFrom(..."aX:-\t \r\0\x01\x7f\xe9,5;"), maxLength: 30 });
  fc.assert(
    fc.property(fc.array(text, { maxLength: 6 }), (lines) => {
      for (const parse of [
        () => parseRequestHead(["GET / HTTP/1.1", ...lines]),
        () => parseAnswerHead(["HTTP/1.1 200 OK", ...lines], true),
      ]) {
        try {
          for (const part of parse().headers) assert.doesNotMatch(part, /[\0\r\n]/);
        } catch (error) {
          assert.ok(error instanceof BywayError, String(error));
        }
      }
    }),
  );
});
