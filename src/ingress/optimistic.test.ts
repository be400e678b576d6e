import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { DirectOpener, FAKE_ROUTE } from "../../test/support/direct-opener.ts";
import { startHttpTarget } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { ProxyServer } from "./proxy-server.ts";
import type { OpenedStream, StreamRequest } from "./stream-opener.ts";

/** Hands streams over before they are accepted, and breaks the first `failures` of them as a lost exit would. */
class BreakingOpener extends DirectOpener {
  failures = 0;
  refusal = new BywayError("ERR_HOP_LOST", "the link closed");

  override async openStream(request: StreamRequest, signal: AbortSignal): Promise<OpenedStream> {
    if (request.optimistic !== true || this.failures === 0) return super.openStream(request, signal);
    this.requests.push(request);
    this.failures -= 1;
    const { promise: accepted, reject } = Promise.withResolvers<never>();
    accepted.catch(() => {});
    const stream = new Duplex({
      read() {},
      // The exit is lost once the request is on its way; the stream breaks before the reason is known.
      write: (_chunk, _encoding, callback) => {
        callback();
        stream.destroy();
        stream.once("close", () => reject(this.refusal));
      },
    });
    return { stream, route: FAKE_ROUTE, accepted };
  }
}

async function ask(opener: DirectOpener, method: string): Promise<string> {
  await using target = await startHttpTarget((request, response) => {
    request.resume().on("end", () => response.end(`${request.method} reached`));
  });
  const listen = { host: "127.0.0.1", port: 0 };
  const proxy = new ProxyServer(
    { opener, clock: new FakeClock(), budget: roomyBudget(), logger: silentLogger },
    { listen },
  );
  const address = await proxy.start();
  using client = await RawClient.connect(address);
  const length = method === "POST" ? "Content-Length: 4\r\n" : "";
  client.send(`${method} http://${target.authority}/ HTTP/1.1\r\nHost: a\r\n${length}Connection: close\r\n\r\n`);
  if (method === "POST") client.send("body");
  await client.over();
  await proxy.stop();
  return client.heard;
}

test("a request that may be repeated does not wait for the exit, and is sent again when that was lost", async () => {
  const opener = new BreakingOpener();
  opener.failures = 2;
  assert.match(await ask(opener, "GET"), /^HTTP\/1\.1 200 [\s\S]*GET reached$/);
  assert.deepEqual(
    opener.requests.map(({ optimistic }) => optimistic),
    [true, true, true],
  );
});

test("a request that must not reach a target twice waits for the exit", async () => {
  const opener = new BreakingOpener();
  assert.match(await ask(opener, "POST"), /^HTTP\/1\.1 200 [\s\S]*POST reached$/);
  assert.deepEqual(
    opener.requests.map(({ optimistic }) => optimistic),
    [false],
  );
});

test("the reason is the exit's, not that the stream broke, and tries have an end", async () => {
  const opener = new BreakingOpener();
  opener.failures = 100;
  assert.match(await ask(opener, "GET"), /^HTTP\/1\.1 502 [\s\S]*ERR_HOP_LOST/);
  assert.equal(opener.requests.length, 5);
  opener.refusal = new BywayError("ERR_TARGET_PROHIBITED", "a private address");
  opener.requests.length = 0;
  assert.match(await ask(opener, "GET"), /^HTTP\/1\.1 403 [\s\S]*ERR_TARGET_PROHIBITED/);
  assert.equal(opener.requests.length, 1);
});
