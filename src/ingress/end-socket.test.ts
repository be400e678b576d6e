import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { endSocket } from "./end-socket.ts";
import { INGRESS_LIMITS } from "./limits.ts";

const LINGER_MS = INGRESS_LIMITS.lingerMs.value;

async function pair(t: TestContext): Promise<{ readonly near: Socket; readonly app: Socket }> {
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer({ allowHalfOpen: true }, accepted.resolve);
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const app = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
  const [near] = await Promise.all([accepted.promise, once(app, "connect")]);
  return { near, app };
}

function endingOf(app: Socket): Promise<unknown> {
  return new Promise((resolve) => {
    app.once("end", () => resolve("end")).once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    app.resume();
  });
}

test("an app that reads gets the whole answer and its end", { timeout: 20_000 }, async (t) => {
  const { near, app } = await pair(t);
  const clock = new FakeClock();
  const ended = endSocket(near, Buffer.from("answer"), clock);
  assert.equal(await endingOf(app), "end");
  clock.advance(LINGER_MS);
  await ended;
  app.destroy();
});

test("an app that does not read all of an answer in time sees a reset, and no end", { timeout: 20_000 }, async (t) => {
  const { near, app } = await pair(t);
  const clock = new FakeClock();
  // More than the system takes at once.
  const ended = endSocket(near, Buffer.alloc(64 * 1024 * 1024), clock);
  await once(app, "readable");
  clock.advance(LINGER_MS);
  await ended;
  assert.equal(await endingOf(app), "ECONNRESET");
});
