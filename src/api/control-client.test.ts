import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporaryDirectory } from "../../test/support/run-byway.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { ControlClient } from "./control-client.ts";
import { API_LIMITS } from "./limits.ts";

const UNIX = process.platform === "win32" ? { skip: "sockets of the file system" } : {};

/** A client of a server that answers what it likes, and a promise of the server's first request. */
async function startAnswering(t: TestContext, answer: RequestListener) {
  const path = join(temporaryDirectory(t), "control.sock");
  const server = createServer(answer);
  server.listen(path);
  await once(server, "listening");
  t.after(() => server.close());
  t.after(() => server.closeAllConnections());
  const clock = new FakeClock();
  return { client: new ControlClient({ clock }, { path }), clock, asked: once(server, "request") };
}

for (const [name, status, body, code, message] of [
  ["no JSON", 200, "<html>", "ERR_CONTROL", /is no JSON/],
  ["an error without a code", 500, "{}", "ERR_CONTROL", /cannot be understood/],
  ["null", 500, "null", "ERR_CONTROL", /cannot be understood/],
  ["an unknown code", 500, '{"error":{"code":"ERR_LATER","message":"of later"}}', "ERR_CONTROL", /^of later$/],
  ["a code named __proto__", 500, '{"error":{"code":"__proto__","message":"x"}}', "ERR_CONTROL", /^x$/],
  ["a known error", 503, '{"error":{"code":"ERR_NO_NODE","message":"none"}}', "ERR_NO_NODE", /^none$/],
  ["too much", 200, " ".repeat(API_LIMITS.controlAnswerBytes.value + 1), "ERR_CONTROL", /is too long/],
] as const) {
  test(`the answer ${name} is an error of type ${code}`, UNIX, async (t) => {
    const { client } = await startAnswering(t, (_, response) => {
      response.on("error", () => {});
      response.writeHead(status).end(body);
    });
    await assert.rejects(client.requests(1), (error) => {
      return error instanceof BywayError && error.code === code && message.test(error.message);
    });
  });
}

test("a client that does not answer is given up, and nothing is left of the question", UNIX, async (t) => {
  const { client, clock, asked } = await startAnswering(t, () => {});
  const answer = client.requests(1);
  await asked;
  clock.advance(API_LIMITS.controlRequestMs.value);
  await assert.rejects(answer, { code: "ERR_CONTROL", message: /does not answer/ });
  assert.equal(clock.pending, 0);
});

test("a question can be taken back", UNIX, async (t) => {
  const { client, clock, asked } = await startAnswering(t, () => {});
  const stop = new AbortController();
  const answer = client.requests(1, stop.signal);
  await asked;
  stop.abort();
  await assert.rejects(answer, { code: "ERR_ABORTED" });
  assert.equal(clock.pending, 0);
});
