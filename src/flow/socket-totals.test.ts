import assert from "node:assert/strict";
import { test } from "node:test";
import { SocketTotals } from "./socket-totals.ts";

test("sockets count from their first byte, and those that are closed stay in the sum", () => {
  const totals = new SocketTotals();
  const first = { bytesRead: 10, bytesWritten: 100, writableLength: 0 };
  const second = { bytesRead: 1, bytesWritten: 2 };
  totals.add(first);
  totals.add(second);
  totals.add({});
  assert.deepEqual(totals.bytes, { received: 11, sent: 102 });
  first.bytesRead = 20;
  totals.close(first);
  first.bytesRead = 99;
  totals.close(first);
  assert.deepEqual(totals.bytes, { received: 21, sent: 102 });
});

test("what still waits has not been sent", () => {
  const totals = new SocketTotals();
  const socket = { bytesRead: 0, bytesWritten: 100, writableLength: 70 };
  totals.add(socket);
  assert.equal(totals.bytes.sent, 30);
  socket.writableLength = 0;
  assert.equal(totals.bytes.sent, 100);
});
