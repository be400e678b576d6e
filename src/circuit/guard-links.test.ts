import assert from "node:assert/strict";
import { test } from "node:test";
import type { PeerId } from "../identity/peer-id.ts";
import type { Link } from "../link/link.ts";
import { GuardLinks } from "./guard-links.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

const GUARD = "guard" as PeerId;
const { signal } = new AbortController();

/** A link of which the test says what it carries. */
function fakeLink(state: { room: number; streams: number; bytes: number }): Link {
  const closed = Promise.withResolvers<void>();
  return Object.assign(state, { closed: closed.promise, close: closed.resolve, destroy: closed.resolve }) as never;
}

for (const [what, worn] of [
  ["has carried as many bytes as one key may", { bytes: CIRCUIT_LIMITS.circuitBytes.value }],
  ["carries as many circuits as it may", { streams: CIRCUIT_LIMITS.circuitsPerGuardLink.value }],
  ["has no room", { room: 0 }],
] as const) {
  test(`a link to a guard that ${what} takes no new circuit, and what it carries goes on`, async () => {
    const links = new GuardLinks();
    const state = {
      room: 1,
      streams: CIRCUIT_LIMITS.circuitsPerGuardLink.value - 1,
      bytes: CIRCUIT_LIMITS.circuitBytes.value - 1,
    };
    const first = fakeLink(state);
    let isClosed = false;
    void first.closed.then(() => {
      isClosed = true;
    });
    const second = fakeLink({ room: 1, streams: 0, bytes: 0 });
    const opened = [first, second].values();
    const take = () => links.take(GUARD, async () => opened.next().value ?? assert.fail("a third link"), signal);
    assert.deepEqual(await take(), { link: first, reused: false });
    assert.deepEqual(await take(), { link: first, reused: true });
    Object.assign(state, worn);
    assert.deepEqual(await take(), { link: second, reused: false });
    assert.deepEqual(await take(), { link: second, reused: true });
    assert.equal(isClosed, false);
    await links.stop();
  });
}
