import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { AppSocketReader } from "./app-socket-reader.ts";
import { INGRESS_LIMITS } from "./limits.ts";

/** A reader of a socket that is not connected, and a budget that remembers what it is told. */
function bench() {
  const socket = new Socket();
  const kept: (() => number)[] = [];
  const budget = {
    watch: (_stream: unknown, _end: unknown, keeps?: () => number) => void kept.push(keeps ?? (() => 0)),
  };
  const reader = new AppSocketReader({ budget }, socket, Buffer.from("first "));
  const say = (text: string): void => void socket.emit("data", Buffer.from(text));
  return { reader, say, kept };
}

test("what an app says a byte at a time is joined in memory that doubles", () => {
  const { reader, say } = bench();
  const text = "abcdefghij".repeat(1_000);
  for (const byte of text) say(byte);
  const early = reader.takeEarly() as Buffer;
  assert.equal(early.toString(), `first ${text}`);
  assert.ok(early.buffer.byteLength <= 2 * early.length);
});

test("what was decoded is taken off, and what follows is joined behind the rest", async () => {
  const { reader, say } = bench();
  const word = (bytes: Uint8Array) => {
    const length = Buffer.from(bytes).indexOf(" ") + 1;
    return length === 0 ? undefined : { value: Buffer.from(bytes.subarray(0, length)).toString(), length };
  };
  assert.equal(await reader.read(word), "first ");
  for (const byte of "second third four") say(byte);
  assert.equal(await reader.read(word), "second ");
  for (const byte of "th ") say(byte);
  assert.equal(await reader.read(word), "third ");
  assert.equal(Buffer.from(reader.release()).toString(), "fourth ");
});

test("the budget knows what an app sent early, until it is handed on", () => {
  const { reader, say, kept } = bench();
  say("a".repeat(INGRESS_LIMITS.watchedBytes.value - 10));
  assert.equal(kept.length, 0);
  say("b".repeat(100));
  const bytes = 6 + INGRESS_LIMITS.watchedBytes.value - 10 + 100;
  assert.equal(kept[0]?.(), bytes);
  reader.takeEarly();
  say("later");
  assert.equal(kept[0]?.(), bytes + 5);
  reader.release();
  assert.equal(kept[0]?.(), 0);
});
