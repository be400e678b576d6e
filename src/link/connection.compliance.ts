import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import { closeOf, collect } from "../../test/support/collect.ts";
import { abortStream } from "../flow/abort-stream.ts";

/** Both ends of a new connection, and what ends all that was made for it. */
export interface ConnectionPair {
  readonly near: Duplex;
  readonly far: Duplex;
  close(): Promise<void>;
}

/** What every connection to a hop must do, whatever carries it. */
export function connectionCompliance(name: string, make: () => Promise<ConnectionPair>): void {
  async function pair(): Promise<ConnectionPair> {
    const made = await make();
    for (const end of [made.near, made.far]) end.on("error", () => {});
    return made;
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
}
