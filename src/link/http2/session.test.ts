import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, data, FramePeer, goaway, HeardStream, inShort } from "../../../test/support/frame-peer.ts";
import { FLAG, FRAME, fields, frame, reset, SETTING, settings, windowUpdate } from "../../../test/support/raw-http2.ts";
import { ERROR_CODE } from "./error-code.ts";
import { HIGHEST_31_BIT } from "./frame-format.ts";
import { HTTP2_LIMITS } from "./limits.ts";
import type { SessionStream } from "./session-stream.ts";

const CONNECT = [":method", "CONNECT", ":authority", "target.example:80"];
const { cancel, noError, refusedStream, enhanceYourCalm, protocolError } = ERROR_CODE;
const GRANTED = (id: number, flags = 0): Buffer =>
  frame(FRAME.headers, FLAG.endHeaders | flags, id, fields([":status", "200"]));

/** A request of a client session, and what its user hears. */
function ask(peer: FramePeer, isLast = false): { readonly stream: SessionStream; readonly user: HeardStream } {
  const user = new HeardStream();
  const stream = peer.session.request(CONNECT, isLast, user);
  user.stream = stream;
  return { stream, user };
}

test("a client begins with the preface, its settings and a wider connection", () => {
  const peer = new FramePeer(
    "client",
    { initialWindowBytes: 1_000_000, connectionWindowBytes: 2_000_000, maxConcurrentStreams: 7, maxFrameBytes: 20_000 },
    settings(),
    false,
  );
  const [first, second] = peer.take();
  assert.deepEqual(first?.payload, settings([2, 0], [3, 7], [4, 1_000_000], [5, 20_000]).subarray(9));
  assert.equal(second === undefined ? "" : inShort(second), `WINDOW_UPDATE 0 by ${2_000_000 - 65_535}`);
});

test("a server says what lists it takes and that it understands extended CONNECT, which a client then knows", () => {
  const server = new FramePeer("server", { maxHeaderListBytes: 8_192, enableConnectProtocol: true }, settings(), false);
  const [first] = server.take();
  assert.deepEqual(first?.payload, settings([3, 100], [4, 65_535], [6, 8_192], [8, 1]).subarray(9));
  const client = new FramePeer("client", {}, settings([SETTING.enableConnect, 1], [SETTING.maxConcurrentStreams, 3]));
  assert.deepEqual(client.session.peerSettings, {
    initialWindowBytes: 65_535,
    maxConcurrentStreams: 3,
    enableConnectProtocol: true,
  });
});

test("a request, its answer and both ends", () => {
  const peer = new FramePeer("client");
  const { stream, user } = ask(peer);
  assert.deepEqual(peer.taken(), ["HEADERS 1"]);
  peer.send(frame(FRAME.headers, FLAG.endHeaders, 1, fields([":status", "103"])), GRANTED(1), data(1, 5));
  assert.deepEqual(user.heard, ["interim :status 103", "head :status 200"]);
  assert.deepEqual([user.bytes, stream.state, peer.counts.sentInterim], [5, "open", 1]);
  stream.end();
  assert.deepEqual([peer.taken(), stream.state], [["DATA 1 length 0 end"], "half-closed (local)"]);
  peer.send(data(1, 3, FLAG.endStream));
  assert.deepEqual([user.heard.at(-1), user.bytes, stream.state, peer.session.streams], ["end", 8, "closed", 0]);
  assert.deepEqual(peer.taken(), []);
});

test("DATA before the head of an answer, and what is no answer, end the stream", () => {
  for (const wrong of [
    data(1, 1),
    frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, fields([":status", "100"])),
    frame(FRAME.headers, FLAG.endHeaders, 1, fields(["x", "y"])),
    frame(FRAME.headers, FLAG.endHeaders, 1, fields([":status", "200"], [":path", "/"])),
  ]) {
    const peer = new FramePeer("client");
    const { user } = ask(peer);
    peer.take();
    peer.send(wrong);
    assert.deepEqual(peer.taken(), [`RST_STREAM 1 code ${protocolError}`]);
    assert.deepEqual(user.heard, [`reset ${protocolError}`]);
  }
});

test("a server pushes nothing, and opens no stream", () => {
  for (const wrong of [
    connect(2),
    connect(3),
    frame(FRAME.pushPromise, FLAG.endHeaders, 1, Buffer.of(0, 0, 0, 2, 0x82)),
  ]) {
    const peer = new FramePeer("client");
    const { user } = ask(peer);
    peer.take();
    peer.send(wrong);
    assert.deepEqual(peer.taken(), [`GOAWAY last 0 code ${protocolError}`]);
    assert.match(user.heard.join(), /^lost: /);
  }
});

test("RST_STREAM is no end, also behind END_STREAM, and what comes late is dropped", () => {
  const peer = new FramePeer("server");
  peer.send(connect(1), data(1, 4, FLAG.endStream), reset(1, noError));
  const [first] = peer.requests;
  assert.deepEqual(first?.heard.slice(1), ["end", `reset ${noError}`]);
  peer.send(connect(3));
  const [, second] = peer.requests;
  second?.stream?.reset(cancel);
  assert.deepEqual(peer.taken(), [`RST_STREAM 3 code ${cancel}`]);
  // The peer had sent these before it read that.
  peer.send(data(3, 10_000), frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 3, fields(["x", "y"])));
  peer.send(windowUpdate(3, 1_000), reset(3, cancel));
  assert.deepEqual([second?.bytes, second?.heard.length, peer.session.isOver], [0, 1, false]);
  // What they cost of the connection's window is given back.
  peer.send(connect(5), ...Array.from({ length: 8 }, () => data(3, 16_000)));
  assert.equal(peer.session.isOver, false);
  const given = peer.taken().filter((what) => what.startsWith("WINDOW_UPDATE 0"));
  assert.ok(given.length >= 4, given.join());
});

test("a reset forgets what waits, and no END_STREAM goes before it", () => {
  const peer = new FramePeer("client", {}, settings([SETTING.initialWindowSize, 10]));
  const { stream } = ask(peer);
  peer.take();
  let done = 0;
  stream.write([Buffer.alloc(30)], () => {
    done += 1;
  });
  assert.deepEqual(peer.taken(), ["DATA 1 length 10"]);
  stream.reset(cancel);
  stream.end();
  assert.deepEqual([peer.taken(), done], [[`RST_STREAM 1 code ${cancel}`], 1]);
  peer.send(windowUpdate(1, 100));
  assert.deepEqual(peer.taken(), []);
});

test("DATA waits for both windows, is sent as far as they go, and no window is widened by what is late", () => {
  const peer = new FramePeer("client", {}, settings([SETTING.initialWindowSize, 100_000]));
  const { stream } = ask(peer);
  peer.take();
  let done = 0;
  stream.write([Buffer.alloc(150_000)], () => {
    done += 1;
  });
  const sum = (): number =>
    peer.take().reduce((bytes, { type, payload }) => bytes + (type === FRAME.data ? payload.length : 0), 0);
  assert.deepEqual([sum(), done], [65_535, 0]);
  peer.send(windowUpdate(0, 1_000_000));
  assert.equal(sum(), 100_000 - 65_535);
  peer.send(windowUpdate(1, 1));
  assert.equal(sum(), 1);
  peer.send(settings([SETTING.initialWindowSize, 0]));
  peer.send(windowUpdate(1, 100_000));
  assert.deepEqual([sum(), done], [0, 0]);
  peer.send(windowUpdate(1, 10));
  assert.equal(sum(), 10);
  peer.send(settings([SETTING.initialWindowSize, HIGHEST_31_BIT - 100_011]));
  assert.deepEqual([sum(), done], [150_000 - 100_011, 1]);
});

test("the peer's frame limit is kept, and of its settings the last counts", () => {
  const peer = new FramePeer("client", {}, settings([SETTING.initialWindowSize, 1_000_000]));
  peer.send(windowUpdate(0, 1_000_000));
  const { stream } = ask(peer);
  const write = (): readonly string[] => {
    stream.write([Buffer.alloc(40_000)], () => {});
    return peer.taken().filter((what) => what.startsWith("DATA"));
  };
  assert.deepEqual(write(), ["DATA 1 length 16384", "DATA 1 length 16384", "DATA 1 length 7232"]);
  peer.send(settings([SETTING.maxFrameSize, 20_000]));
  assert.deepEqual(write(), ["DATA 1 length 20000", "DATA 1 length 20000"]);
  peer.send(
    settings([SETTING.maxFrameSize, 1 << 20], [SETTING.initialWindowSize, 5], [SETTING.initialWindowSize, 900_000]),
  );
  assert.deepEqual(write(), ["DATA 1 length 40000"]);
});

test("streams take turns by frames, and chunks of one write share frames", () => {
  const peer = new FramePeer("client");
  const [a, b] = [ask(peer).stream, ask(peer).stream];
  a.write([Buffer.alloc(20_000), Buffer.alloc(10), Buffer.alloc(4_990)], () => {});
  b.write([Buffer.alloc(20_000)], () => {});
  assert.deepEqual(peer.taken().slice(2), [
    ...["DATA 1 length 16384", "DATA 3 length 16384", "DATA 1 length 8616", "DATA 3 length 3616"],
  ]);
});

test("requests wait for the peer's SETTINGS_MAX_CONCURRENT_STREAMS, in their order, also where it is 0", () => {
  const peer = new FramePeer("client", {}, settings([SETTING.maxConcurrentStreams, 0]));
  const [first, second, third] = [ask(peer), ask(peer), ask(peer)];
  first.stream.write([Buffer.from("early")], () => {});
  third.stream.end();
  assert.deepEqual([peer.taken(), peer.session.streams], [[], 3]);
  peer.send(settings([SETTING.maxConcurrentStreams, 1]));
  assert.deepEqual(peer.taken(), ["SETTINGS ack", "HEADERS 1", "DATA 1 length 5"]);
  // Taken back before it was sent, it leaves nothing on the wire.
  second.stream.reset(cancel);
  assert.deepEqual(peer.taken(), []);
  peer.send(reset(1, cancel));
  assert.deepEqual(peer.taken(), ["HEADERS 3", "DATA 3 length 0 end"]);
  assert.equal(third.stream.state, "half-closed (local)");
});

test("a window that SETTINGS change holds for requests that waited as well", () => {
  const peer = new FramePeer("client", {}, settings([SETTING.maxConcurrentStreams, 0]));
  const { stream } = ask(peer);
  stream.write([Buffer.alloc(100)], () => {});
  peer.send(settings([SETTING.initialWindowSize, 7], [SETTING.maxConcurrentStreams, 1]));
  assert.deepEqual(peer.taken(), ["SETTINGS ack", "HEADERS 1", "DATA 1 length 7"]);
});

test("more streams than announced are refused until that is acknowledged, and then break the session", () => {
  const hasty = new FramePeer("server", { maxConcurrentStreams: 2 }, settings(), false);
  hasty.send(settings(), connect(1), connect(3), connect(5), data(5, 10), connect(7));
  assert.deepEqual(
    hasty.taken().slice(2),
    [5, 7].map((id) => `RST_STREAM ${id} code ${refusedStream}`),
  );
  assert.deepEqual([hasty.requests.length, hasty.counts.wasReset], [2, 2]);
  hasty.requests[0]?.stream?.reset(cancel);
  hasty.send(connect(9));
  assert.equal(hasty.requests.length, 3);
  hasty.send(frame(FRAME.settings, FLAG.ack, 0), connect(11));
  assert.equal(hasty.taken().at(-1), `GOAWAY last 11 code ${protocolError}`);
});

test("a request that nobody takes is refused", () => {
  const peer = new FramePeer("server");
  peer.takesRequests = false;
  peer.request(1);
  assert.deepEqual([peer.taken(), peer.session.streams], [[`RST_STREAM 1 code ${refusedStream}`], 0]);
});

test("a header list that is too long comes as such, and the connection goes on", () => {
  const peer = new FramePeer("server");
  peer.request(1, ...Array.from({ length: 40 }, (_, n) => [`x-${n}`, "v".repeat(100)] as const));
  assert.match(peer.requests[0]?.heard.join() ?? "", /^too long: \d{4}$/);
  peer.requests[0]?.stream?.sendHead([":status", "431"], true);
  peer.request(3);
  assert.deepEqual(peer.taken(), ["HEADERS 1 end"]);
  assert.deepEqual([peer.requests.length, peer.counts.sentLongList], [2, 1]);
});

test("a session whose ids are used up takes no more requests, and ends when its streams have", () => {
  const peer = new FramePeer("client", { firstStreamId: HIGHEST_31_BIT - 2 });
  ask(peer);
  assert.equal(peer.session.isUsable, true);
  ask(peer);
  assert.equal(peer.session.isUsable, false);
  assert.deepEqual(peer.taken(), [
    ...[`HEADERS ${HIGHEST_31_BIT - 2}`, `HEADERS ${HIGHEST_31_BIT}`, "GOAWAY last 0 code 0"],
  ]);
  assert.throws(() => ask(peer), /takes no requests/);
  peer.send(GRANTED(HIGHEST_31_BIT), reset(HIGHEST_31_BIT, cancel));
  assert.equal(peer.hasEnded, false);
  peer.send(reset(HIGHEST_31_BIT - 2, cancel));
  assert.equal(peer.hasEnded, true);
});

test("close lets streams end, looks at no more requests, and closes behind the last", () => {
  const peer = new FramePeer("server");
  peer.request(1);
  peer.session.close();
  peer.session.close();
  assert.deepEqual(peer.taken(), ["GOAWAY last 1 code 0"]);
  peer.send(connect(3), data(3, 100), frame(FRAME.ping, FLAG.none, 0, Buffer.alloc(8)), data(1, 10, FLAG.endStream));
  assert.deepEqual([peer.taken(), peer.requests.length, peer.hasEnded], [["PING ack"], 1, false]);
  const [request] = peer.requests;
  assert.equal(request?.heard.at(-1), "end");
  request?.stream?.sendHead([":status", "200"], false);
  request?.stream?.write([Buffer.alloc(100)], () => request.stream?.end());
  assert.deepEqual(peer.taken(), ["HEADERS 1", "DATA 1 length 100", "DATA 1 length 0 end"]);
  assert.deepEqual([peer.hasEnded, peer.session.isOver, peer.heard], [true, true, ["settings"]]);
  peer.session.wireClosed();
  assert.deepEqual(peer.heard, ["settings", "closed"]);
});

test("the last stream's end goes along with its last bytes, though the session ends behind it", () => {
  const peer = new FramePeer("server");
  peer.send(connect(1), data(1, 1, FLAG.endStream));
  const { stream } = peer.requests[0] ?? {};
  if (stream?.owner === undefined) throw new Error("no request came");
  stream.owner.endsWithThese = () => true;
  peer.session.close();
  stream.sendHead([":status", "200"], false);
  stream.write([Buffer.alloc(2_000)], () => {});
  assert.deepEqual(peer.taken(), ["GOAWAY last 1 code 0", "HEADERS 1", "DATA 1 length 2000 end"]);
  assert.equal(peer.hasEnded, true);
});

test("GOAWAY of the peer ends the requests that it leaves out, and those that were not sent; others go on", () => {
  const peer = new FramePeer("client", {}, settings([SETTING.maxConcurrentStreams, 2]));
  const [first, second, unsent] = [ask(peer), ask(peer), ask(peer)];
  peer.take();
  peer.send(goaway(1));
  assert.deepEqual([second.user.heard, unsent.user.heard], [[`reset ${refusedStream}`], [`reset ${refusedStream}`]]);
  assert.deepEqual([peer.session.isUsable, peer.hasEnded, peer.taken()], [false, false, []]);
  peer.send(GRANTED(1), data(1, 5, FLAG.endStream));
  assert.deepEqual(first.user.heard, ["head :status 200", "end"]);
  first.stream.end();
  assert.deepEqual([peer.taken(), peer.hasEnded], [["DATA 1 length 0 end"], true]);
});

test("GOAWAY may take back more, and nothing that it has taken back", () => {
  const peer = new FramePeer("client");
  const [first, second] = [ask(peer), ask(peer)];
  peer.send(goaway(HIGHEST_31_BIT));
  peer.send(goaway(3), goaway(1));
  assert.deepEqual([first.user.heard, second.user.heard], [[], [`reset ${refusedStream}`]]);
  peer.take();
  peer.send(goaway(3));
  assert.deepEqual(peer.taken(), [`GOAWAY last 0 code ${protocolError}`]);
});

test("GOAWAY with an error ends the session; only requests that it leaves out were not looked at", () => {
  const peer = new FramePeer("client");
  const [first, second] = [ask(peer), ask(peer)];
  peer.send(goaway(1, refusedStream));
  assert.deepEqual(second.user.heard, [`reset ${refusedStream}`]);
  assert.deepEqual(first.user.heard, [`lost: the peer ended the session with HTTP/2 error ${refusedStream}`]);
  assert.deepEqual([peer.session.isOver, peer.heard.slice(1, 2)], [true, [`goaway ${refusedStream}`]]);
});

test("destroy says GOAWAY, loses every stream, and lets go of the connection in time", () => {
  const peer = new FramePeer("client");
  const { user } = ask(peer);
  peer.session.destroy(new Error("for a test"), enhanceYourCalm);
  assert.deepEqual(peer.taken(), ["HEADERS 1", `GOAWAY last 0 code ${enhanceYourCalm}`]);
  assert.deepEqual([user.heard, peer.hasEnded, peer.isDestroyed], [["lost: for a test"], true, false]);
  peer.send(GRANTED(1), data(1, 1, FLAG.endStream));
  assert.deepEqual(user.heard, ["lost: for a test"]);
  peer.clock.advance(60_000);
  assert.equal(peer.isDestroyed, true);
  peer.session.wireClosed();
  peer.session.wireClosed();
  assert.deepEqual(peer.heard, ["settings", "closed"]);
  assert.equal(peer.clock.pending, 0);
});

test("a connection that closes loses every stream; none ends", () => {
  const peer = new FramePeer("client", {}, settings([SETTING.maxConcurrentStreams, 1]));
  const [first, waiting] = [ask(peer), ask(peer)];
  peer.send(GRANTED(1), data(1, 10));
  peer.session.wireClosed(new Error("ECONNRESET"));
  assert.deepEqual(first.user.heard, ["head :status 200", "lost: ECONNRESET"]);
  assert.deepEqual(waiting.user.heard, ["lost: ECONNRESET"]);
  assert.deepEqual(peer.heard.slice(1), ["broken: ECONNRESET", "closed"]);
  assert.equal(
    peer.session.ping(() => {}),
    false,
  );
});

test("a ping is answered with its round trip, in any order, and by the end of the session", () => {
  const peer = new FramePeer("client");
  const heard: (number | undefined)[] = [];
  for (let n = 0; n < 3; n += 1)
    assert.equal(
      peer.session.ping((ms) => heard.push(ms)),
      true,
    );
  const [first, second] = peer.take().map(({ payload }) => frame(FRAME.ping, FLAG.ack, 0, payload));
  if (first === undefined || second === undefined) throw new Error("no ping was sent");
  peer.clock.advance(30);
  peer.send(second);
  peer.clock.advance(5);
  peer.send(first, first, frame(FRAME.ping, FLAG.ack, 0, Buffer.alloc(8, 0xff)));
  assert.deepEqual([heard, peer.counts.sentUseless], [[30, 35], 2]);
  peer.session.destroy(new Error("over"));
  assert.deepEqual(heard, [30, 35, undefined]);
});

test("no more pings than a few are on their way", () => {
  const peer = new FramePeer("client");
  const sent = Array.from({ length: 100 }, () => peer.session.ping(() => {})).filter((isSent) => isSent);
  assert.equal(sent.length, HTTP2_LIMITS.ownPings.value);
});

test("a window of ours that widens counts at once, and one that narrows once it is acknowledged", () => {
  const peer = new FramePeer("server");
  peer.takes = false;
  peer.request(1);
  peer.session.setInitialWindow(100_000);
  peer.send(windowUpdate(0, 1_000_000), ...Array.from({ length: 6 }, () => data(1, 16_000)));
  assert.deepEqual([peer.requests[0]?.bytes, peer.session.isOver], [96_000, false]);
  peer.session.setInitialWindow(10_000);
  peer.send(frame(FRAME.settings, FLAG.ack, 0), data(1, 4_000));
  assert.deepEqual([peer.requests[0]?.bytes, peer.session.isOver], [100_000, false]);
  peer.requests[0]?.stream?.consumed(95_000);
  peer.send(frame(FRAME.settings, FLAG.ack, 0));
  // 95,000 were given back, of which 90,000 make up for the narrower window.
  peer.send(data(1, 5_000));
  assert.equal(peer.session.isOver, false);
  peer.send(data(1, 1));
  assert.equal(peer.session.isOver, true);
});
