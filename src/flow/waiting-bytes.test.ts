import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import { FLOW_LIMITS } from "./limits.ts";
import { WaitingBytes } from "./waiting-bytes.ts";

/** A stream whose chunks arrive through `waiting`, as those of a hardened one do. */
function bench() {
  const stream = new Readable({ read() {}, highWaterMark: 65_536 });
  const push = stream.push.bind(stream);
  const waiting = new WaitingBytes(stream, push);
  const arrive = (text: string): boolean => {
    if (stream.readableFlowing !== true) return waiting.add(Buffer.from(text));
    waiting.flush();
    return push(Buffer.from(text));
  };
  const end = (): void => {
    waiting.flush();
    push(null);
  };
  return { stream, arrive, end };
}

/** How many chunks the stream keeps. */
function chunksOf(stream: Readable): number {
  return (stream as unknown as { _readableState: { buffer: unknown[] } })._readableState.buffer.length;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a million bytes that come one by one wait in as many chunks as their blocks are, and all are read", async () => {
  const { stream, arrive } = bench();
  for (let count = 0; count < 1_000_000; count += 1) {
    arrive("a");
    if (count % 1_000 === 0) await turn();
  }
  assert.equal(stream.readableLength, 1_000_000);
  assert.ok(chunksOf(stream) <= 1 + 1_000_000 / FLOW_LIMITS.blockBytes.value, `${chunksOf(stream)} chunks`);
  let heard = 0;
  for (let found = stream.read() as Buffer | null; found !== null; found = stream.read() as Buffer | null)
    heard += found.length;
  assert.deepEqual([heard, stream.readableLength], [1_000_000, 0]);
});

test("the far side is held back when as much waits as for any stream", () => {
  const { stream, arrive } = bench();
  let count = 0;
  while (arrive("a")) count += 1;
  assert.equal(count + 1, stream.readableHighWaterMark);
});

test("a reader that asks for more than there is gets it when it comes", async () => {
  const { stream, arrive } = bench();
  const heard: string[] = [];
  stream.on("readable", () => {
    for (let found = stream.read(4) as Buffer | null; found !== null; found = stream.read(4) as Buffer | null)
      heard.push(found.toString());
  });
  for (const byte of "abcdefgh") {
    arrive(byte);
    await turn();
  }
  assert.deepEqual(heard, ["abcd", "efgh"]);
});

test("a stream that begins to flow gives what waits first, also what comes before it does", async () => {
  const { stream, arrive, end } = bench();
  for (const byte of "abc") arrive(byte);
  let heard = "";
  stream.on("data", (chunk: Buffer) => (heard += chunk.toString()));
  arrive("d");
  await turn();
  arrive("e");
  stream.pause();
  for (const byte of "fgh") arrive(byte);
  end();
  stream.resume();
  await new Promise((resolve) => stream.once("end", resolve));
  assert.equal(heard, "abcdefgh");
});

test("whatever order arriving, reading, pausing and waiting come in, all bytes are read in theirs", async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("arrive" as const), bytes: fc.integer({ min: 1, max: 40_000 }) }),
    fc.record({ do: fc.constant("read" as const), bytes: fc.integer({ min: 1, max: 100 }) }),
    fc.constantFrom(
      { do: "readAll" as const },
      { do: "flow" as const },
      { do: "pause" as const },
      { do: "turn" as const },
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { stream, arrive, end } = bench();
      let [sent, heard] = ["", ""];
      stream.on("data", (chunk: Buffer) => (heard += chunk.toString()));
      stream.pause();
      for (const now of steps) {
        if (now.do === "arrive") {
          const text = String.fromCharCode(97 + (sent.length % 26)).repeat(now.bytes);
          sent += text;
          arrive(text);
        } else if (now.do === "read") stream.read(now.bytes);
        else if (now.do === "readAll") stream.read();
        else if (now.do === "flow") stream.resume();
        else if (now.do === "pause") stream.pause();
        else await turn();
        assert.equal(stream.readableLength, sent.length - heard.length);
      }
      end();
      stream.resume();
      await new Promise((resolve) => stream.once("end", resolve));
      assert.ok(heard === sent);
    }),
    { numRuns: 200 },
  );
});
