import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { collect } from "../../test/support/collect.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import type { CountedStream } from "./counted-stream.ts";
import { hardenStream } from "./harden-stream.ts";

/** Sends `chunks` in one gathered write of a hardened stream and returns what the far side received. */
async function sendAtOnce(t: TestContext, chunks: readonly (string | Uint8Array)[]): Promise<string> {
  const { received, stream } = await sendCounted(t, chunks);
  assert.equal(stream.bytesWritten, received.length);
  assert.equal(stream.bytesRead, "answer".length);
  return received.toString().replace(/é$/, "");
}

/** As `sendAtOnce`, with the stream that it went through. */
async function sendCounted(
  t: TestContext,
  chunks: readonly (string | Uint8Array)[],
): Promise<{ received: Buffer; stream: CountedStream }> {
  const server = createServer();
  const arrived = new Promise<ServerHttp2Stream>((resolve) => server.once("stream", resolve));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.after(() => {
    session.destroy();
    server.close();
  });
  const request = session.request({ ":method": "CONNECT", ":authority": "target.example:80" }, { endStream: false });
  const stream = hardenStream(request, { budget: roomyBudget() });
  const received = await arrived;
  received.respond({ ":status": 200 });
  await once(stream, "response");
  stream.cork();
  for (const chunk of chunks) stream.write(chunk);
  stream.uncork();
  // With an end right behind it the fault does not show.
  await new Promise<void>((resolve) => session.ping(() => resolve()));
  received.write("answer");
  await once(stream, "data");
  stream.end("é");
  return { received: await collect(received), stream };
}

test("empty chunks in a gathered write do not spoil the others", async (t) => {
  const head = `PUT / HTTP/1.1\r\nX: ${"x".repeat(200)}\r\n\r\n`;
  assert.equal(await sendAtOnce(t, [head, ""]), head);
  assert.equal(await sendAtOnce(t, [head, Buffer.from("body"), ""]), `${head}body`);
  assert.equal(await sendAtOnce(t, ["", head, "", "body"]), `${head}body`);
  assert.equal(await sendAtOnce(t, ["", ""]), "");
});
