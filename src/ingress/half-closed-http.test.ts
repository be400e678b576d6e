import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { startProxy, startTcpTarget, until } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import { FLOW_LIMITS } from "../flow/limits.ts";

const IDLE_MS = FLOW_LIMITS.halfClosedIdleMs.value;

/** An app that has half-closed in the middle of a response without a length, and the target that sends it. */
async function startHalfClosed(t: TestContext, version: string) {
  const arrived = Promise.withResolvers<Socket>();
  const target = await startTcpTarget((socket) => arrived.resolve(socket));
  t.after(() => target[Symbol.asyncDispose]());
  const fixture = await startProxy();
  t.after(() => fixture[Symbol.asyncDispose]());
  const client = await RawClient.connect(fixture.address);
  t.after(() => client[Symbol.dispose]());
  client.send(`GET http://${target.authority}/ HTTP/${version}\r\nHost: x\r\n\r\n`);
  const far = await arrived.promise;
  await once(far, "data");
  far.write("HTTP/1.1 200 OK\r\n\r\none part");
  await client.hear(/one part/);
  client.socket.end();
  // Its end has been seen when the time for silence runs.
  await until(() => fixture.clock.pending > 0);
  return { client, far, clock: fixture.clock };
}

for (const version of ["1.0", "1.1"]) {
  test(`an app that half-closes in mid-response gets the rest of it, HTTP/${version}`, {
    timeout: 20_000,
  }, async (t) => {
    const { client, far } = await startHalfClosed(t, version);
    far.end(", and the other");
    await client.hear(/, and the other/);
    assert.equal(await client.over(), "end");
  });

  test(`a response that is cut after its app has half-closed is reset, HTTP/${version}`, {
    timeout: 20_000,
  }, async (t) => {
    const { client, far } = await startHalfClosed(t, version);
    far.resetAndDestroy();
    assert.equal(await client.over(), "ECONNRESET");
  });
}

test("an app that half-closes and a target that says nothing more are let go of", { timeout: 20_000 }, async (t) => {
  const { client, far, clock } = await startHalfClosed(t, "1.0");
  far.write(", some more");
  await client.hear(/some more/);
  clock.advance(IDLE_MS);
  assert.equal(client.ending, undefined);
  clock.advance(IDLE_MS);
  assert.equal(await client.over(), "ECONNRESET");
});
