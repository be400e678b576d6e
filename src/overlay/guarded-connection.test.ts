import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { guardedYamux } from "./guarded-connection.ts";
import { OVERLAY_LIMITS } from "./limits.ts";
import { quietLogger } from "./quiet-logger.ts";

/** A window update of a stream that is not there, which is passed over. */
const UPDATE = Uint8Array.from([0, 1, 0, 0, 0, 0, 9, 9, 0, 0, 0, 1]);

/** What a muxer asks of a connection: whether it was aborted is all that is looked at. */
class Connection extends EventTarget {
  readonly log = quietLogger.forComponent("test");
  readonly direction = "inbound";
  isAborted = false;

  send(): boolean {
    return true;
  }

  abort(): void {
    this.isAborted = true;
  }
}

test("a connection on which all comes in small pieces is ended when its allowance is used up", () => {
  const connection = new Connection();
  const factory = guardedYamux({ clock: new FakeClock() }, { freeAfter: new Set() })();
  factory.createStreamMuxer(connection as never);
  const receive = (): void => {
    connection.dispatchEvent(Object.assign(new Event("message"), { data: UPDATE }));
  };
  for (let piece = 0; piece < OVERLAY_LIMITS.pieceBurst.value; piece += 1) receive();
  assert.ok(!connection.isAborted);
  receive();
  assert.ok(connection.isAborted);
});

test("a connection whose muxer ends itself is ended: streams that come before it is ready", () => {
  const connection = new Connection();
  guardedYamux({ clock: new FakeClock() }, { freeAfter: new Set() })().createStreamMuxer(connection as never);
  const opened = (id: number): Uint8Array => Uint8Array.of(0, 1, 0, 1, 0, 0, 0, id, 0, 0, 0, 0);
  const open = (n: number): void => {
    connection.dispatchEvent(Object.assign(new Event("message"), { data: opened(2 * n + 1) }));
  };
  // libp2p's own bound is 10.
  for (let n = 0; n < 10; n += 1) open(n);
  assert.ok(!connection.isAborted);
  open(10);
  assert.ok(connection.isAborted);
});
