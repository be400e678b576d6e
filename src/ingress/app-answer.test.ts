import assert from "node:assert/strict";
import { Socket } from "node:net";
import { mock, test } from "node:test";
import { parseRequestHead } from "../http1/request-head.ts";
import { AppAnswer } from "./app-answer.ts";

for (const [method, end] of [
  ["GET", "\r\n\r\nwhy: \u00e4"],
  ["HEAD", "\r\n\r\n"],
] as const) {
  test(`an answer of its own to ${method} leaves in one write, since each one is a call of the system`, () => {
    const socket = new Socket();
    const write = mock.method(socket, "write", () => true);
    const request = parseRequestHead([`${method} http://a.example/ HTTP/1.1`, "Host: a.example"]);
    const answer = new AppAnswer(socket, request);
    answer.give({ status: 503, headers: ["X", "\u00e9"], body: "why: \u00e4" });
    const chunks = write.mock.calls.map(({ arguments: [chunk] }) => Buffer.from(chunk as Uint8Array));
    assert.equal(chunks.length, 1);
    assert.equal(
      chunks[0]?.toString("latin1"),
      Buffer.from(
        "HTTP/1.1 503 Service Unavailable\r\nX: \u00e9\r\nContent-Length: 7\r\nConnection: keep-alive",
        "latin1",
      ).toString("latin1") + Buffer.from(end).toString("latin1"),
    );
    assert.deepEqual([answer.hasBegun, answer.isWhole], [true, true]);
    socket.destroy();
  });
}
