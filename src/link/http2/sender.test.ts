import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, data, FramePeer, inShort } from "../../../test/support/frame-peer.ts";
import { FLAG, FRAME, frame, reset, SETTING, settings, windowUpdate } from "../../../test/support/raw-http2.ts";
import { ERROR_CODE } from "./error-code.ts";
import { HIGHEST_31_BIT } from "./frame-format.ts";
import { HTTP2_LIMITS } from "./limits.ts";
import { Sender } from "./sender.ts";
import type { SessionStream } from "./session-stream.ts";

const WIDE = settings([SETTING.initialWindowSize, HIGHEST_31_BIT]);
const PING = frame(FRAME.ping, FLAG.none, 0, Buffer.alloc(8));
const AHEAD = HTTP2_LIMITS.writeAheadBytes.value;

/** A server with `count` requests that were accepted, whose windows hold nothing up. */
function wideServer(count = 1): { readonly peer: FramePeer; readonly streams: readonly SessionStream[] } {
  const peer = new FramePeer("server", {}, WIDE);
  peer.send(windowUpdate(0, HIGHEST_31_BIT - 65_535), ...Array.from({ length: count }, (_, n) => connect(2 * n + 1)));
  const streams = peer.requests.flatMap(({ stream }) => (stream === undefined ? [] : [stream]));
  for (const stream of streams) stream.sendHead([":status", "200"], false);
  peer.take();
  return { peer, streams };
}

/** Bytes that are given to a stream, and overwritten as soon as they are given back, as a pool would. */
class Lent {
  /** How many were given back. */
  returned = 0;
  readonly #stream: SessionStream;

  constructor(stream: SessionStream) {
    this.#stream = stream;
  }

  write(...sizes: readonly number[]): void {
    const chunks = sizes.map((size) => Buffer.alloc(size, this.#stream.id));
    this.#stream.write(chunks, () => {
      for (const chunk of chunks) chunk.fill(0xee);
      this.returned += 1;
    });
  }
}

/** Asserts that no byte of `frames` but those that were lent to its stream is in its DATA. */
function assertOwn(frames: readonly { type: number; stream: number; payload: Buffer }[]): number {
  let bytes = 0;
  for (const { type, stream, payload } of frames) {
    if (type !== FRAME.data) continue;
    bytes += payload.length;
    assert.ok(
      payload.every((byte) => byte === stream),
      `stream ${stream} carries other bytes`,
    );
  }
  return bytes;
}

test("control frames never wait behind DATA that is held up", () => {
  const { peer, streams } = wideServer();
  peer.isBlocked = true;
  streams[0]?.write([Buffer.alloc(10 * AHEAD)], () => {});
  const ahead = peer.take().reduce((bytes, { payload }) => bytes + payload.length, 0);
  assert.ok(ahead >= AHEAD && ahead < AHEAD + 65_536, `${ahead} bytes ahead`);
  peer.send(PING);
  assert.deepEqual(peer.take(), []);
  // As soon as the wire has taken what it has, they go first.
  peer.isBlocked = false;
  assert.equal(peer.taken()[0], "PING ack");
});

test("all that one turn brings is one write", async () => {
  const written: number[] = [];
  const wire = {
    write: (pieces: readonly Buffer[]) => void written.push(pieces.length),
    setReading: () => {},
    end: () => {},
    destroy: () => {},
  };
  const sender = new Sender(wire, 65_535);
  for (let n = 0; n < 20; n += 1) sender.windowUpdate(1, 100);
  sender.fields(1, [":status", "200"], false);
  assert.deepEqual(written, []);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(written, [1]);
  assert.throws(() => sender.fields(1, ["x", "y".repeat(16_000)], false), RangeError);
});

test("a payload goes out as it is, without a copy, beside its head", async () => {
  const { peer, streams } = wideServer();
  const large = Buffer.alloc(5_000);
  const small = Buffer.alloc(HTTP2_LIMITS.copiedBytes.value);
  let pieces: readonly Buffer[] = [];
  peer.write = (written) => {
    pieces = written;
  };
  streams[0]?.write([large, small], () => {});
  peer.session.sender.flush();
  assert.deepEqual(
    pieces.map(({ length }) => length),
    [9, large.length, small.length],
  );
  assert.equal(pieces[1], large);
  assert.notEqual(pieces[2]?.buffer, small.buffer);
});

test("while too many answers of ours wait nothing is read, and the rest when they have left", () => {
  const { peer } = wideServer();
  peer.isBlocked = true;
  const most = HTTP2_LIMITS.waitingControlBytes.value / 17;
  let sent = 0;
  for (; peer.isReading && sent < 2 * most; sent += 100) {
    peer.send(...Array.from({ length: 100 }, () => PING));
    peer.take();
  }
  assert.ok(sent >= most && sent < most + 200, `${sent} pings were read`);
  peer.isBlocked = false;
  peer.take();
  assert.equal(peer.isReading, true);
});

test("memory is given back when its own write is over, and not before: streams in turn, a wire that is slow", () => {
  const { peer, streams } = wideServer(3);
  const lent = streams.map((stream) => new Lent(stream));
  peer.isBlocked = true;
  for (const one of lent) one.write(100_000, 10, 70_000, 1, 2_000);
  let bytes = assertOwn(peer.take());
  assert.deepEqual(
    lent.map(({ returned }) => returned),
    [0, 0, 0],
  );
  for (let turn = 0; turn < 10; turn += 1) {
    peer.session.written();
    bytes += assertOwn(peer.take());
  }
  assert.deepEqual(
    lent.map(({ returned }) => returned),
    [1, 1, 1],
  );
  assert.equal(bytes, 3 * 172_011);
});

/** Ends a stream of which a part is under way. */
const ENDS: Readonly<Record<string, (peer: FramePeer, stream: SessionStream) => void>> = {
  "this end resets it": (_peer, stream) => stream.reset(ERROR_CODE.cancel),
  "the peer resets it": (peer, { id }) => peer.send(reset(id, ERROR_CODE.cancel)),
  "the peer breaks a rule on it": (peer, { id }) => peer.send(windowUpdate(id, HIGHEST_31_BIT)),
  "this end destroys the session": (peer) => peer.session.destroy(new Error("for a test")),
  "the peer breaks the session": (peer) => peer.send(data(99, 1)),
};

for (const [how, end] of Object.entries(ENDS)) {
  test(`memory of a stream that ends is given back when the wire has let go of it: ${how}`, () => {
    const { peer, streams } = wideServer(2);
    const [stream, other] = streams;
    if (stream === undefined || other === undefined) throw new Error("no streams");
    const [lent, unsent] = [new Lent(stream), new Lent(other)];
    peer.isBlocked = true;
    lent.write(2 * AHEAD);
    const before = peer.take().length;
    unsent.write(1_000);
    end(peer, stream);
    assert.equal(lent.returned, 0);
    unsent.returned = 0;
    // What was taken before is read by the wire now.
    peer.session.written();
    assert.equal(lent.returned, 1);
    peer.isBlocked = false;
    assertOwn(peer.take());
    assert.ok(before > 0);
    peer.session.written();
    assert.equal(lent.returned, 1);
  });
}

test("what a slow wire still reads is not overwritten, whatever ends", () => {
  for (const end of Object.values(ENDS)) {
    const { peer, streams } = wideServer(2);
    const pieces: Buffer[] = [];
    peer.write = (written) => void pieces.push(...written);
    const [stream] = streams;
    if (stream === undefined) throw new Error("no stream");
    new Lent(stream).write(50_000, 500, 50_000);
    peer.session.sender.flush();
    const sent = Buffer.concat(pieces);
    end(peer, stream);
    peer.session.sender.flush();
    assert.ok(Buffer.concat(pieces).subarray(0, sent.length).equals(sent));
  }
});

test("a wire that closes gives all memory back", () => {
  const { peer, streams } = wideServer(2);
  const lent = streams.map((stream) => new Lent(stream));
  peer.isBlocked = true;
  for (const one of lent) one.write(AHEAD);
  peer.take();
  peer.session.wireClosed();
  assert.deepEqual(
    lent.map(({ returned }) => returned),
    [1, 1],
  );
});

test("memory for frames is not used twice, and is empty where nothing was written", () => {
  const { peer } = wideServer();
  const kept: Buffer[] = [];
  peer.write = (written) => void kept.push(...written);
  const all: Buffer[] = [];
  for (let n = 0; n < 1_000; n += 1) {
    peer.send(frame(FRAME.ping, FLAG.none, 0, Buffer.alloc(8, n)));
    peer.session.sender.flush();
    all.push(frame(FRAME.ping, FLAG.ack, 0, Buffer.alloc(8, n)));
    if (n % 10 === 0) peer.session.written();
  }
  for (let n = 0; n < 1_000; n += 1) peer.session.written();
  peer.session.sender.flush();
  assert.ok(Buffer.concat(kept).equals(Buffer.concat(all)));
});

test("no DATA leaves behind the end of a stream, and no stream waits for ever in the queue", () => {
  const { peer, streams } = wideServer(50);
  for (const stream of streams) stream.write([Buffer.alloc(20_000)], () => stream.end());
  const ended = new Set<number>();
  for (const one of peer.take()) {
    assert.ok(!ended.has(one.stream), inShort(one));
    if (one.type === FRAME.data && one.flags === FLAG.endStream) ended.add(one.stream);
  }
  assert.equal(ended.size, 50);
});
