import assert from "node:assert/strict";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import type { BywayError } from "../core/errors.ts";
import type { PeerId } from "../identity/peer-id.ts";
import { connectionCompliance } from "./connection.compliance.ts";
import type { Way, WayComponents, WayKind } from "./way.ts";
import { WayDialler } from "./way-dialler.ts";

/** A peer that listens, and how it is reached. */
export interface ReachedPeer {
  readonly components: WayComponents;
  readonly way: Way;
  readonly peerId: PeerId;
  /** Settles with the peer's end of the next connection. */
  incoming(): Promise<Duplex>;
  /** From now on nobody is there. */
  close(): Promise<void>;
}

/** What every kind of way to reach a peer must do. */
export function wayCompliance(kind: WayKind, make: () => Promise<ReachedPeer>): void {
  const name = `way ${kind.kind}`;
  const reach = ({ components, way, peerId }: ReachedPeer, signal = new AbortController().signal): Promise<Duplex> =>
    new WayDialler(components, [kind]).reach(way, peerId, signal);

  connectionCompliance(name, async () => {
    const peer = await make();
    const incoming = peer.incoming();
    return { near: await reach(peer), far: await incoming, close: () => peer.close() };
  });

  test(`${name}: goes through JSON, and has its kind's name`, async () => {
    const peer = await make();
    assert.deepEqual(JSON.parse(JSON.stringify(peer.way)), peer.way);
    assert.equal(peer.way.kind, kind.kind);
    await peer.close();
  });

  test(`${name}: nobody there is a hop error, so that the next way is tried`, async () => {
    const peer = await make();
    await peer.close();
    await assert.rejects(reach(peer), (error: BywayError) => error.kind === "hop");
  });

  test(`${name}: reaching that is taken back rejects with the reason`, async () => {
    const peer = await make();
    void peer.incoming().then((far) => far.on("error", () => {}).resume());
    await assert.rejects(reach(peer, AbortSignal.abort()), { code: "ERR_ABORTED" });
    await peer.close();
  });
}
