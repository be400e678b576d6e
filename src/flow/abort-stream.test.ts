import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { closeOf } from "../../test/support/collect.ts";
import { temporaryDirectory } from "../../test/support/run-byway.ts";
import { abortStream } from "./abort-stream.ts";

async function pair(): Promise<{ near: Socket; far: Socket; done: () => void }> {
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer({ allowHalfOpen: true }, accepted.resolve);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const near = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
  const [far] = await Promise.all([accepted.promise, once(near, "connect")]);
  return { near, far, done: () => server.close() };
}

test("the far side of an aborted socket sees a reset, not an end", async () => {
  const { near, far, done } = await pair();
  const failed = new Promise<NodeJS.ErrnoException>((resolve) => far.once("error", resolve));
  far.resume();
  abortStream(near);
  assert.equal((await failed).code, "ECONNRESET");
  done();
});

test("a socket that is still sending its end closes all the same", async () => {
  const { near, far, done } = await pair();
  near.on("error", () => {});
  near.end();
  const closed = closeOf(near);
  abortStream(near);
  await closed;
  far.destroy();
  done();
});

test("the far side of a socket that is aborted with an end behind unsent bytes sees a reset: it has only a part", async () => {
  const { near, far, done } = await pair();
  near.on("error", () => {});
  const failed = new Promise<NodeJS.ErrnoException>((resolve) => far.once("error", resolve));
  let hasEnded = false;
  far.on("end", () => {
    hasEnded = true;
  });
  // More than the system takes at once.
  near.end(Buffer.alloc(64 * 1024 * 1024));
  await once(far, "readable");
  assert.ok(near.writableLength > 0);
  abortStream(near);
  far.resume();
  assert.equal((await failed).code, "ECONNRESET");
  assert.equal(hasEnded, false);
  done();
});

test("a local socket, which cannot be reset, is closed", async (t) => {
  const isWindows = process.platform === "win32";
  const path = isWindows ? `\\\\.\\pipe\\byway-test-${process.pid}` : join(temporaryDirectory(t), "socket");
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer(accepted.resolve);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const near = connect(path);
  const [far] = await Promise.all([accepted.promise, once(near, "connect")]);
  const closed = closeOf(far.resume());
  abortStream(near);
  await closed;
  server.close();
});
