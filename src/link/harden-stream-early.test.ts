import assert from "node:assert/strict";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import { connect } from "node:tls";
import { closeOf, collect } from "../../test/support/collect.ts";
import { serveLink } from "../../test/support/link-bench.ts";
import { connectRequest, FLAG, FRAME, frame, RawHttp2, reset } from "../../test/support/raw-http2.ts";
import { MemoryTransport } from "./memory-transport.ts";
import { clientTls } from "./tls-profile.ts";

const NO_ERROR = 0;
const REQUEST = connectRequest(1, "target.example:80");
const BODY = Buffer.from("all that there is");

/** Sends frames in one piece over a pipe in memory: the service sees the stream when all of them have been taken. */
async function sendAtOnce<T>(frames: readonly Uint8Array[], serve: (stream: Duplex) => T) {
  const arrived = Promise.withResolvers<T>();
  const served = await serveLink(new MemoryTransport(), {
    connectTarget: async (incoming) => arrived.resolve(serve(incoming.accept().on("error", () => {}))),
  });
  const client = await RawHttp2.begin(connect({ ...clientTls({}), socket: await served.dial() }));
  client.send(...frames);
  return {
    result: await arrived.promise,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await served[Symbol.asyncDispose]();
    },
  };
}

test("an end that came with the request is one, and what is unread outlives the answer", async () => {
  // Node throws away what nobody has shown an interest in.
  const frames = [REQUEST, frame(FRAME.data, FLAG.endStream, 1, BODY)];
  await using site = await sendAtOnce(frames, (stream) => ({ stream: stream.pause() }));
  const { stream } = site.result;
  const over = new Promise((resolve) => stream.once("finish", resolve));
  stream.end("answer");
  await over;
  await new Promise((resolve) => setImmediate(resolve));
  const body = collect(stream);
  stream.resume();
  assert.deepEqual(await body, BODY);
});

test("an end without a body that came with the request is one", async () => {
  await using site = await sendAtOnce([REQUEST, frame(FRAME.data, FLAG.endStream, 1)], (stream) => collect(stream));
  assert.equal(site.result.length, 0);
});

test("a reset with NO_ERROR that came with the request is none", async () => {
  const frames = [REQUEST, frame(FRAME.data, FLAG.none, 1, BODY), reset(1, NO_ERROR)];
  await using site = await sendAtOnce(frames, (stream) => {
    const seen: string[] = [];
    for (const event of ["end", "close"]) stream.on(event, () => seen.push(event));
    return closeOf(stream.resume()).then(() => seen);
  });
  assert.deepEqual(site.result, ["close"]);
});
