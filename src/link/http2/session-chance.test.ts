import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { connect, data, FramePeer, get, goaway, HeardStream, inShort } from "../../../test/support/frame-peer.ts";
import { FLAG, FRAME, fields, frame, reset, settings, windowUpdate } from "../../../test/support/raw-http2.ts";
import { FRAME_FLAG } from "./frame-format.ts";

/*
 * Rows of frames that a peer may send, and some that it may not, in any order. Whatever comes: the session throws nothing, has
 * no more streams than it allows, sends no more than the peer's windows, and no stream hears anything behind its end.
 */
const MOST_STREAMS = 3;
const END = FLAG.endStream;
const ids = fc.constantFrom(1, 3, 5, 7, 9, 2, 0);
const status = (id: number, code: string, flags: number): Buffer =>
  frame(FRAME.headers, FLAG.endHeaders | flags, id, fields([":status", code]));

const frames: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(ids, fc.nat({ max: 700 }), fc.constantFrom(0, END)).map((all) => data(...all)) },
  { weight: 1, arbitrary: ids.map((id) => frame(FRAME.data, FRAME_FLAG.padded, id, Buffer.of(2, 9, 0, 0))) },
  { weight: 1, arbitrary: ids.map((id) => connect(id)) },
  {
    weight: 1,
    arbitrary: fc.tuple(ids, fc.constantFrom(0, END)).map(([id, flags]) => get(id, flags, ["content-length", "5"])),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(ids, fc.constantFrom("100", "200", "404"), fc.constantFrom(0, END))
      .map((all) => status(...all)),
  },
  {
    weight: 1,
    arbitrary: ids.map((id) => frame(FRAME.headers, FLAG.endHeaders | END, id, fields(["x-trailer", "y"]))),
  },
  { weight: 1, arbitrary: ids.map((id) => frame(FRAME.headers, FLAG.none, id, fields([":status", "200"]))) },
  { weight: 1, arbitrary: ids.map((id) => frame(FRAME.continuation, FLAG.endHeaders, id)) },
  { weight: 2, arbitrary: fc.tuple(ids, fc.constantFrom(0, 8)).map((all) => reset(...all)) },
  {
    weight: 2,
    arbitrary: fc.tuple(ids, fc.constantFrom(1, 100, 70_000, 0x7fffffff)).map((all) => windowUpdate(...all)),
  },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 60_000, 0x7fffffff).map((bytes) => settings([4, bytes])) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1).map((ack) => frame(FRAME.ping, ack, 0, Buffer.alloc(8))) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 2 ** 31 - 1).map((last) => goaway(last)) },
);
/**
 * Bytes that the users of streams write, the next request of a client, or a frame of the peer. It may come in two pieces, and
 * the users reset all streams between these.
 */
type Step = number | "request" | { readonly frame: Buffer; readonly resetsWithin: boolean };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 16,
      arbitrary: fc.record<Step & object>({
        frame: frames,
        resetsWithin: fc.integer({ min: 0, max: 9 }).map((chance) => chance === 0),
      }),
    },
    { weight: 2, arbitrary: fc.nat({ max: 40_000 }) },
    { weight: 8, arbitrary: fc.constant<Step>("request") },
  ),
  { maxLength: 25 },
);

/** That a stream has ended once at most, and hears nothing behind a reset or a loss. */
function checkHeard({ heard }: HeardStream): void {
  const over = heard.findIndex((what) => /^(reset|lost)/.test(what));
  assert.ok(over < 0 || over === heard.length - 1, heard.join("; "));
  assert.ok(heard.filter((what) => what === "end").length <= 1, heard.join("; "));
}

/** What the connection's window let the session send, as the peer's frames have it. */
function granted(frame: Buffer): number {
  return frame[3] === FRAME.windowUpdate && frame.readUInt32BE(5) === 0 ? frame.readUInt32BE(9) : 0;
}

for (const role of ["client", "server"] as const) {
  test(`a ${role} stays within its bounds whatever frames come`, () => {
    fc.assert(
      fc.property(steps, (row) => {
        const peer = new FramePeer(role, { maxConcurrentStreams: MOST_STREAMS });
        const users: HeardStream[] = [];
        const request = [":method", "CONNECT", ":authority", "target.example:80"];
        for (let at = 0; role === "client" && at < MOST_STREAMS; at += 1) {
          const user = new HeardStream();
          user.stream = peer.session.request(request, false, user);
          users.push(user);
        }
        let [window, sent, nextId] = [65_535, 0, 1];
        for (const step of row) {
          const all = [...users, ...peer.requests];
          if (typeof step === "number") {
            for (const { stream } of all) if (stream?.waiting === 0) stream.write([Buffer.alloc(step + 1)], () => {});
          } else if (step === "request") {
            if (role === "server") peer.request(nextId);
            nextId += 2;
          } else {
            window += granted(step.frame);
            const cut = step.resetsWithin ? step.frame.length - 1 : step.frame.length;
            peer.send(step.frame.subarray(0, cut));
            if (step.resetsWithin) for (const { stream } of all) stream?.reset(8);
            const before = all.map((user) => user.bytes);
            peer.send(step.frame.subarray(cut));
            if (step.resetsWithin)
              assert.deepEqual(
                all.map((user) => user.bytes),
                before,
                "bytes came behind a reset",
              );
          }
          const written = peer.take();
          for (const { type, payload } of written) if (type === FRAME.data) sent += payload.length;
          assert.ok(sent <= window, `${sent} bytes were sent, of ${window}`);
          assert.ok(peer.session.streams <= MOST_STREAMS);
          for (const user of [...users, ...peer.requests]) checkHeard(user);
          if (peer.heard.some((what) => what.startsWith("broken"))) {
            const last = written.at(-1);
            assert.match(last === undefined ? "GOAWAY" : inShort(last), /^GOAWAY/);
            assert.equal(peer.session.streams, 0);
          }
        }
      }),
      { numRuns: 400 },
    );
  });
}
