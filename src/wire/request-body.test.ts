import assert from "node:assert/strict";
import { test } from "node:test";
import { WIRE_LIMITS } from "./limits.ts";
import { type RequestBody, requestBody } from "./request-body.ts";

const NONE = { minor: 1, contentLength: [], transferEncoding: [] } as const;

function chunked(): RequestBody {
  const body = requestBody({ ...NONE, transferEncoding: ["Chunked"] });
  assert.ok(body !== undefined);
  return body;
}

/** How many bytes of `text` belong to a chunked body, which comes in pieces of `most` bytes; undefined when unclear. */
function taken(text: string, most = text.length): unknown {
  const body = chunked();
  const bytes = Buffer.from(text, "latin1");
  let [from, end] = [0, 0];
  while (end < bytes.length && !body.isOver) {
    end = Math.min(end + most, bytes.length);
    const count = body.take(bytes.subarray(from, end));
    if (count === undefined) return undefined;
    from += count;
  }
  return body.isOver ? from : "more";
}

test("a body of a length is so many bytes", () => {
  const body = requestBody({ ...NONE, contentLength: ["7"] });
  assert.ok(body !== undefined);
  assert.deepEqual([body.take(Buffer.alloc(5)), body.left, body.isOver], [5, 2, false]);
  assert.deepEqual([body.take(Buffer.alloc(5)), body.left, body.isOver], [2, 0, true]);
  assert.equal(requestBody(NONE)?.isOver, true);
});

test("a chunked body ends with its trailer, in pieces of any length", () => {
  const text = "5\r\nhello\r\n1A;a=b\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nX: y\r\n\r\n";
  for (let most = 1; most <= text.length; most += 1) assert.equal(taken(`${text}GET /`, most), text.length, `${most}`);
  assert.equal(taken(text.slice(0, -1)), "more");
});

test("a chunked body that servers could read in several ways is unclear", () => {
  const texts = [
    ...[
      "5\nhello\r\n0\r\n\r\n",
      "5\r\nhello\n0\r\n\r\n",
      "5 \r\nhello\r\n0\r\n\r\n",
      "0x5\r\n",
      "-1\r\n",
      "\r\n",
      "+5\r\n",
    ],
    ...[
      "5\r\nhelloX\r\n",
      "5\r\nhello0\r\n\r\n",
      "5;\x01\r\n",
      "5;x /y HTTP/1.1\r\n",
      "5;a\rb\r\n",
      "1234567890123\r\n",
      "0\r\nX : y\r\n",
      "0\r\n x\r\n",
    ],
    `0;${"x".repeat(WIRE_LIMITS.maxChunkLineBytes.value)}`,
  ];
  for (const text of texts) assert.equal(taken(text), undefined, JSON.stringify(text.slice(0, 40)));
});
