import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { LinkUses } from "./link-uses.ts";

/** A worker's links, each with since when it has been idle; undefined for one in use. */
function setUp(links: readonly (number | undefined)[]) {
  const since = new Map<Socket, number | undefined>(links.map((sinceMs) => [new Socket(), sinceMs]));
  const sockets = [...since.keys()];
  const uses = new LinkUses({
    idleSinceMs: (raw) => since.get(raw as Socket),
    giveWay: (raw) => since.get(raw as Socket) !== undefined,
  });
  for (const [link, socket] of sockets.entries()) uses.add(link, socket);
  const set = (link: number, sinceMs: number | undefined): void => {
    const socket = sockets[link];
    if (socket !== undefined) since.set(socket, sinceMs);
  };
  return { uses, set };
}

test("changes are told once, those in use first and then the longest idle", () => {
  const { uses, set } = setUp([30, undefined, 10, 20]);
  assert.deepEqual(uses.changes(), [
    [1, true],
    [2, false],
    [3, false],
    [0, false],
  ]);
  assert.deepEqual(uses.changes(), []);
  set(1, 40);
  assert.deepEqual(uses.changes(), [[1, false]]);
});

test("a link that was asked and is in use is awaited, so that the node hears when it is idle", () => {
  const { uses, set } = setUp([10, 20]);
  uses.changes();
  assert.equal(uses.isAwaited, false);
  set(0, undefined);
  assert.deepEqual([uses.giveWay(0), uses.giveWay(1), uses.giveWay(99)], [false, true, true]);
  assert.equal(uses.isAwaited, true);
  set(0, 30);
  assert.deepEqual(uses.changes(), [[0, false]]);
  assert.equal(uses.isAwaited, false);
});
