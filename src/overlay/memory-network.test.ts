import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { startMemoryPeer } from "../../test/support/memory-overlays.ts";
import { testRecord } from "../../test/support/overlays.ts";

test("eight peers in one process: what any puts or provides, any other finds", async () => {
  const first = await startMemoryPeer("first");
  const others = await Promise.all(Array.from({ length: 7 }, (_, at) => startMemoryPeer(`other-${at}`)));
  const peers = [first, ...others];
  for (const { overlay } of others) await overlay.connect(first.address);
  const key = createHash("sha256").update("shard").digest();
  for (const { overlay, identity } of peers.slice(0, 4)) {
    await overlay.putRecord(identity.peerId, testRecord(identity, 3));
    await overlay.provide(key);
  }
  for (const { overlay } of peers.slice(-2)) {
    for (const { identity } of peers.slice(0, 4)) {
      assert.deepEqual(await overlay.getRecord(identity.peerId), testRecord(identity, 3));
    }
    const found = await overlay.providers(key, 50);
    const wanted = peers.slice(0, 4).map(({ identity }) => identity.peerId);
    assert.deepEqual(new Set(found.map(({ peerId }) => peerId)), new Set(wanted));
  }
  await Promise.all(peers.map(({ overlay }) => overlay.stop()));
});
