import assert from "node:assert/strict";
import { test } from "node:test";
import { inOneGo } from "../../test/support/in-one-go.ts";
import { parseAnswerHead } from "./answer-head.ts";
import { ANSWER_CHUNK_RULES } from "./chunk-rules.ts";
import { ChunkedDecoder } from "./chunked-decoder.ts";
import { parseLenientFields } from "./lenient-fields.ts";
import { parseRequestHead } from "./request-head.ts";

/** More than any head may have, so that a reader that begins anew at each byte takes far longer than one look. */
const LONG = 2_000_000;
const ROWS = [" ", "\t", " \t", "a", ":", ",", "0", ";", "-", '"', "\xa0", "\r", "\0", "5 ", ", "];

/** Reads whatever it is, or refuses it; in one go either way. */
function read(run: () => unknown, row: string, what: string): void {
  inOneGo(
    () => {
      try {
        run();
      } catch {
        // Only the time counts here.
      }
    },
    `${JSON.stringify(row)} in ${what}`,
  );
}

for (const row of ROWS) {
  test(`a long row of ${JSON.stringify(row)} is looked at once, wherever it stands in a head`, () => {
    const long = row.repeat(LONG / row.length);
    const lines = [`x${long}y: a`, `x: a${long}a`, `${long}x: a`, `x:${long}`, `x${long}`];
    for (const line of [...lines, `content-length: 5${long}x`, `transfer-encoding: ${long}x`]) {
      read(() => parseAnswerHead(["HTTP/1.1 200 OK", line], true), row, `an answer, ${line.slice(0, 20)}…`);
      read(() => parseRequestHead(["GET / HTTP/1.1", line]), row, `a request, ${line.slice(0, 20)}…`);
    }
    for (const line of [`HTTP/1.1 ${long}x`, `HTTP/1.1 200${long}x`, `HTTP/1.1${long}`])
      read(() => parseAnswerHead([line], true), row, `a status line, ${line.slice(0, 12)}…`);
    for (const line of [`${long} / HTTP/1.1`, `GET ${long} HTTP/1.1`, `GET / ${long}`])
      read(() => parseRequestHead([line]), row, `a request line, ${line.slice(0, 8)}…`);
    for (const line of [`${long}x\r\n`, `5${long}x\r\n`, `0${long};x\r\n`])
      read(
        () => new ChunkedDecoder(ANSWER_CHUNK_RULES).decode(Buffer.from(line, "latin1"), () => {}),
        row,
        `the size of a chunk, ${line.slice(0, 3)}…`,
      );
  });
}

test("a value that is folded very often is joined once", () => {
  const folds = Array.from({ length: LONG / 4 }, () => "\t a ");
  const { headers, isClean } = inOneGo(
    () => parseLenientFields(["X: a", ...folds, "Y: b", "  c", " ", "\td\0"], 0),
    "folded lines",
  );
  assert.equal(isClean, false);
  assert.deepEqual(headers.slice(2), ["Y", "b c  d"]);
  assert.equal(headers[1], Array.from({ length: LONG / 4 + 1 }, () => "a").join(" "));
});
