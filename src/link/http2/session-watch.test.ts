import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, data, FramePeer, get, goaway } from "../../../test/support/frame-peer.ts";
import { FLAG, FRAME, fields, frame, reset, SETTING, settings, windowUpdate } from "../../../test/support/raw-http2.ts";
import { ERROR_CODE } from "./error-code.ts";
import type { SessionWatch } from "./session-watch.ts";

const { cancel, refusedStream } = ERROR_CODE;
const PRIORITY = 2;
const PADDED = 8;

/** What costs this end something: what the watch hears of it, how often, and the frames, behind `connect(1)`. */
const COSTS: Readonly<
  Record<string, readonly [heard: Partial<Record<keyof SessionWatch, number>>, ...frames: readonly Uint8Array[]]>
> = {
  "PING (CVE-2019-9512)": [{ pinged: 2 }, ...[1, 2].map((n) => frame(FRAME.ping, FLAG.none, 0, Buffer.alloc(8, n)))],
  "SETTINGS (CVE-2019-9515)": [{ changedSettings: 2 }, settings(), settings([SETTING.maxFrameSize, 20_000])],
  "rapid reset (CVE-2023-44487)": [{ wasReset: 2 }, connect(3), reset(3, cancel), connect(5), reset(5, cancel)],
  "resets that we are made to send (CVE-2025-8671)": [
    { wasReset: 4 },
    ...[windowUpdate(1, 0x7fffffff), get(3, 0, ["X", "y"]), get(5, FLAG.endStream), data(5, 1)],
    ...[connect(7), windowUpdate(7, 0)],
  ],
  "resets of closed streams": [{ wasReset: 1, sentUseless: 2 }, reset(1, cancel), reset(1, cancel), reset(1, cancel)],
  "empty DATA (CVE-2019-9518)": [{ sentUseless: 2 }, data(1, 0), frame(FRAME.data, PADDED, 1, Buffer.of(0))],
  "padding alone": [{ sentUseless: 1 }, frame(FRAME.data, PADDED, 1, Buffer.concat([Buffer.of(30), Buffer.alloc(30)]))],
  "an end without bytes is of use": [{}, data(1, 0, FLAG.endStream)],
  "tiny DATA behind tiny DATA": [{ sentTiny: 2 }, data(1, 1), data(1, 1), data(1, 1)],
  "tiny DATA behind much DATA": [{}, data(1, 64), data(1, 1), data(1, 64), data(1, 1)],
  PRIORITY: [{ sentUseless: 1 }, frame(PRIORITY, FLAG.none, 1, Buffer.alloc(5))],
  "frames that nobody knows": [{ sentUseless: 2 }, frame(99, 0, 0), frame(16, 0, 0, Buffer.alloc(100))],
  "answers to no PING": [{ sentUseless: 1 }, frame(FRAME.ping, FLAG.ack, 0, Buffer.alloc(8))],
  "windows that open byte by byte (CVE-2019-9511)": [{ sentUseless: 2 }, windowUpdate(1, 1), windowUpdate(0, 63)],
  "windows that open by much": [{}, windowUpdate(1, 64), windowUpdate(0, 64)],
  "windows of closed streams": [{ wasReset: 1, sentUseless: 1 }, reset(1, cancel), windowUpdate(1, 1_000)],
  "GOAWAY again and again": [{ sentUseless: 2 }, goaway(9), goaway(9)],
  "header lists that are too long": [
    { sentLongList: 1 },
    connect(3, ...Array.from({ length: 40 }, (_, n) => [`x-${n}`, "v"] as const)),
  ],
};

for (const [what, [heard, ...frames]] of Object.entries(COSTS)) {
  test(`the watch hears of it: ${what}`, () => {
    const peer = new FramePeer("server");
    peer.send(connect(1), ...frames);
    const said = Object.fromEntries(Object.entries(peer.counts).filter(([, count]) => count > 0));
    assert.deepEqual(said, heard);
  });
}

test("interim answers are heard of", () => {
  const peer = new FramePeer("client");
  peer.session.request([":method", "CONNECT", ":authority", "a.example:1"], false, {
    onHead: () => {},
    onData: () => {},
    onEnd: () => {},
    onReset: () => {},
    onLost: () => {},
    endsWithThese: () => false,
  });
  peer.send(...[1, 2].map(() => frame(FRAME.headers, FLAG.endHeaders, 1, fields([":status", "103"]))));
  assert.equal(peer.counts.sentInterim, 2);
});

test("DATA under way on a stream that we have reset is not held against the peer", () => {
  const peer = new FramePeer("server");
  peer.request(1);
  peer.requests[0]?.stream?.reset(refusedStream);
  peer.send(...Array.from({ length: 3 }, () => data(1, 16_384)));
  assert.equal(peer.counts.sentUseless, 0);
  // Tiny frames are: no window bounds their number.
  peer.send(data(1, 1));
  assert.equal(peer.counts.sentUseless, 1);
});

test("resets of ours for reasons of ours count for nobody", () => {
  const peer = new FramePeer("server");
  peer.request(1);
  peer.requests[0]?.stream?.reset(cancel);
  assert.equal(peer.counts.wasReset, 0);
});

test("a watch that ends the session ends it there: nothing of the same read is looked at", () => {
  const peer = new FramePeer("server");
  const frames = [connect(1), frame(FRAME.ping, FLAG.none, 0, Buffer.alloc(8)), connect(3), data(1, 1, FLAG.endStream)];
  Object.defineProperty(peer.counts, "pinged", {
    get: () => 0,
    set: () => peer.session.destroy(new Error("too many"), ERROR_CODE.enhanceYourCalm),
  });
  peer.send(...frames);
  assert.equal(peer.requests.length, 1);
  assert.deepEqual(peer.requests[0]?.heard.slice(1), ["lost: too many"]);
  assert.equal(peer.taken().at(-1), `GOAWAY last 1 code ${ERROR_CODE.enhanceYourCalm}`);
});
