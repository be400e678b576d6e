import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import { closeOf, collect } from "../../test/support/collect.ts";
import type { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import { abortStream } from "../flow/abort-stream.ts";
import type { Transport } from "./transport.ts";

/** What every way to reach a hop must do. `endpoint` is a place that can be listened on, with port 0. */
export function transportCompliance(name: string, make: () => Transport, endpoint: HostPort): void {
  async function pair(): Promise<{ near: Duplex; far: Duplex; close: () => Promise<void> }> {
    const transport = make();
    const incoming = Promise.withResolvers<Duplex>();
    const listener = await transport.listen(endpoint, incoming.resolve);
    const near = await transport.dial(listener.address);
    const far = await incoming.promise;
    for (const end of [near, far]) end.on("error", () => {});
    return { near, far, close: () => listener.close() };
  }

  test(`${name}: bytes arrive whole and in order, both ways at once`, async () => {
    const { near, far, close } = await pair();
    const sent = [randomBytes(3_000_000), randomBytes(2_000_000)] as const;
    near.end(sent[0]);
    far.end(sent[1]);
    const [atFar, atNear] = await Promise.all([collect(far), collect(near)]);
    const hash = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
    assert.deepEqual([hash(atFar), hash(atNear)], sent.map(hash));
    await close();
  });

  test(`${name}: one direction ends while the other goes on`, async () => {
    const { near, far, close } = await pair();
    near.end("question");
    assert.equal((await collect(far)).toString(), "question");
    far.end("answer");
    assert.equal((await collect(near)).toString(), "answer");
    await close();
  });

  test(`${name}: an abrupt end at one side closes the other without an end`, async () => {
    const { near, far, close } = await pair();
    let ended = false;
    near.on("end", () => {
      ended = true;
    });
    near.resume();
    const closed = closeOf(near);
    abortStream(far);
    await closed;
    assert.equal(ended, false);
    await close();
  });

  test(`${name}: a reader that stops holds the writer back`, async () => {
    const { near, far, close } = await pair();
    const chunk = Buffer.alloc(65_536);
    let accepted = 0;
    while (near.write(chunk)) accepted += 1;
    assert.ok(accepted < 1_000);
    abortStream(near);
    abortStream(far);
    await close();
  });

  test(`${name}: nobody there is ERR_HOP_UNREACHABLE`, async () => {
    const transport = make();
    const listener = await transport.listen(endpoint, () => {});
    await listener.close();
    await assert.rejects(transport.dial(listener.address), (error: BywayError) => error.code === "ERR_HOP_UNREACHABLE");
  });

  test(`${name}: an aborted dial rejects with the reason`, async () => {
    const transport = make();
    const listener = await transport.listen(endpoint, (stream) => stream.resume());
    await assert.rejects(
      transport.dial(listener.address, AbortSignal.abort()),
      (error: BywayError) => error.code === "ERR_ABORTED",
    );
    await listener.close();
  });

  test(`${name}: a place that is taken is ERR_LISTEN_IN_USE`, async () => {
    const transport = make();
    const listener = await transport.listen(endpoint, () => {});
    await assert.rejects(
      transport.listen(listener.address, () => {}),
      (error: BywayError) => error.code === "ERR_LISTEN_IN_USE",
    );
    await listener.close();
  });
}
