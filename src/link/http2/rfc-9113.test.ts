import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { connect, data, FramePeer, get, inShort } from "../../../test/support/frame-peer.ts";
import { FLAG, FRAME, fields, frame, reset, SETTING, settings, windowUpdate } from "../../../test/support/raw-http2.ts";
import { ERROR_CODE } from "./error-code.ts";

/*
 * What a server must answer to frames that break RFC 9113, section by section: the cases that h2spec tries, and some more. What
 * comes before is a connection whose settings are exchanged.
 */
const { protocolError, flowControlError, streamClosed, frameSizeError, compressionError, enhanceYourCalm, cancel } =
  ERROR_CODE;
const END = FLAG.endStream;
const PADDED = 8;
const PRIORITY = 2;
const WIDEST = 0x7fffffff;
const continuation = (id: number, flags: number, ...lines: readonly (readonly [string, string])[]): Buffer =>
  frame(FRAME.continuation, flags, id, fields(...lines));
const request = (...lines: readonly (readonly [string, string])[]): Buffer =>
  frame(FRAME.headers, FLAG.endHeaders | END, 1, fields(...lines));
const post = (length: string): Buffer =>
  frame(
    FRAME.headers,
    FLAG.endHeaders,
    1,
    fields([":method", "POST"], [":scheme", "https"], [":path", "/"], ["content-length", length]),
  );

/** What ends the connection: the frames, and the code of GOAWAY. */
const CONNECTION: Readonly<Record<string, readonly [code: number, ...frames: readonly Uint8Array[]]>> = {
  "4.1 a frame longer than allowed": [frameSizeError, connect(1), data(1, 16_385)],
  "4.2 HEADERS longer than allowed": [frameSizeError, frame(FRAME.headers, FLAG.endHeaders, 1, Buffer.alloc(16_385))],
  "4.3 a header block that cannot be decoded": [
    compressionError,
    frame(FRAME.headers, FLAG.endHeaders, 1, Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
  ],
  "4.3 PRIORITY within a header block": [
    protocolError,
    frame(FRAME.headers, FLAG.none, 1, fields([":method", "GET"])),
    frame(PRIORITY, FLAG.none, 1, Buffer.alloc(5)),
  ],
  "4.3 HEADERS of another stream within a header block": [
    protocolError,
    frame(FRAME.headers, FLAG.none, 1, fields([":method", "GET"])),
    get(3),
  ],
  "5.1 idle: DATA": [protocolError, data(1, 1)],
  "5.1 idle: RST_STREAM": [protocolError, reset(1, cancel)],
  "5.1 idle: WINDOW_UPDATE": [protocolError, windowUpdate(1, 100)],
  "5.1 idle: CONTINUATION": [protocolError, continuation(1, FLAG.endHeaders)],
  "5.1 idle: DATA on a stream that only a server could open": [protocolError, data(2, 1)],
  "5.1 half-closed (remote): CONTINUATION": [protocolError, get(1, END), continuation(1, FLAG.endHeaders)],
  "5.1 closed by RST_STREAM: DATA": [streamClosed, connect(1), reset(1, cancel), data(1, 1)],
  "5.1 closed by RST_STREAM: HEADERS": [streamClosed, connect(1), reset(1, cancel), connect(1)],
  "5.1 closed by RST_STREAM: CONTINUATION": [
    protocolError,
    connect(1),
    reset(1, cancel),
    continuation(1, FLAG.endHeaders),
  ],
  "5.1.1 an even id": [protocolError, get(2)],
  "5.1.1 an id below one that was used": [protocolError, get(5), get(3)],
  "5.1.1 an id that was used": [streamClosed, connect(1), reset(1, cancel), connect(3), connect(1)],
  "5.5 an unknown frame within a header block": [
    protocolError,
    frame(FRAME.headers, FLAG.none, 1, fields([":method", "GET"])),
    frame(99, FLAG.none, 0),
  ],
  "6.1 DATA on stream 0": [protocolError, data(0, 1)],
  "6.1 padding longer than the frame": [protocolError, connect(1), frame(FRAME.data, PADDED, 1, Buffer.of(5, 1, 2))],
  "6.2 HEADERS on stream 0": [protocolError, get(0)],
  "6.2 padding longer than the frame": [
    protocolError,
    frame(FRAME.headers, PADDED | FLAG.endHeaders, 1, Buffer.of(200, 0x82)),
  ],
  "6.3 PRIORITY on stream 0": [protocolError, frame(PRIORITY, FLAG.none, 0, Buffer.alloc(5))],
  "6.4 RST_STREAM on stream 0": [protocolError, reset(0, cancel)],
  "6.4 RST_STREAM with another length": [frameSizeError, connect(1), frame(FRAME.reset, FLAG.none, 1, Buffer.alloc(3))],
  "6.5 an acknowledgement with a payload": [frameSizeError, frame(FRAME.settings, FLAG.ack, 0, Buffer.alloc(6))],
  "6.5 SETTINGS on a stream": [protocolError, connect(1), frame(FRAME.settings, FLAG.none, 1, Buffer.alloc(6))],
  "6.5 SETTINGS with half a parameter": [frameSizeError, frame(FRAME.settings, FLAG.none, 0, Buffer.alloc(3))],
  "6.5.2 ENABLE_PUSH 2": [protocolError, settings([2, 2])],
  "6.5.2 INITIAL_WINDOW_SIZE above 2^31-1": [flowControlError, settings([SETTING.initialWindowSize, WIDEST + 1])],
  "6.5.2 MAX_FRAME_SIZE below 2^14": [protocolError, settings([SETTING.maxFrameSize, 16_383])],
  "6.5.2 MAX_FRAME_SIZE above 2^24-1": [protocolError, settings([SETTING.maxFrameSize, 16_777_216])],
  "6.5.3 an acknowledgement of nothing": [protocolError, frame(FRAME.settings, FLAG.ack, 0)],
  "6.6 PUSH_PROMISE": [
    protocolError,
    connect(1),
    frame(FRAME.pushPromise, FLAG.endHeaders, 1, Buffer.of(0, 0, 0, 2, 0x82)),
  ],
  "6.7 PING on a stream": [protocolError, connect(1), frame(FRAME.ping, FLAG.none, 1, Buffer.alloc(8))],
  "6.7 PING with another length": [frameSizeError, frame(FRAME.ping, FLAG.none, 0, Buffer.alloc(7))],
  "6.8 GOAWAY on a stream": [protocolError, connect(1), frame(FRAME.goaway, FLAG.none, 1, Buffer.alloc(8))],
  "6.9 WINDOW_UPDATE by 0 on the connection": [protocolError, windowUpdate(0, 0)],
  "6.9 WINDOW_UPDATE with another length": [frameSizeError, frame(FRAME.windowUpdate, FLAG.none, 0, Buffer.alloc(3))],
  "6.9.1 a connection window above 2^31-1": [flowControlError, windowUpdate(0, WIDEST), windowUpdate(0, WIDEST)],
  "6.9.1 more DATA than the stream's window": [
    flowControlError,
    connect(1),
    ...Array.from({ length: 5 }, () => data(1, 16_384)),
  ],
  "6.9.2 SETTINGS that make a window wider than 2^31-1": [
    flowControlError,
    connect(1),
    windowUpdate(1, WIDEST - 65_535),
    settings([SETTING.initialWindowSize, 65_536]),
  ],
  "6.10 CONTINUATION behind END_HEADERS": [protocolError, get(1), continuation(1, FLAG.endHeaders)],
  "6.10 CONTINUATION on stream 0": [
    protocolError,
    frame(FRAME.headers, FLAG.none, 1, fields([":method", "GET"])),
    continuation(0, FLAG.endHeaders),
  ],
  "6.10 CONTINUATION behind DATA": [protocolError, connect(1), data(1, 1), continuation(1, FLAG.endHeaders)],
  "6.10 CONTINUATION without end (CVE-2024-27316)": [
    enhanceYourCalm,
    frame(FRAME.headers, FLAG.none, 1, fields([":method", "GET"])),
    ...Array.from({ length: 10 }, () => continuation(1, FLAG.none, ["a", "b"])),
  ],
};

/** What ends one stream, and leaves the connection. */
const STREAM: Readonly<Record<string, readonly [code: number, ...frames: readonly Uint8Array[]]>> = {
  "5.1 half-closed (remote): DATA": [streamClosed, get(1, END), data(1, 1)],
  "5.1 half-closed (remote): HEADERS": [streamClosed, get(1, END), get(1, END)],
  "6.3 PRIORITY with another length": [frameSizeError, connect(1), frame(PRIORITY, FLAG.none, 1, Buffer.alloc(4))],
  "6.9 WINDOW_UPDATE by 0": [protocolError, connect(1), windowUpdate(1, 0)],
  "6.9.1 a window above 2^31-1": [flowControlError, connect(1), windowUpdate(1, WIDEST)],
  "8.1 second HEADERS that do not end the stream": [protocolError, connect(1), connect(1)],
  "8.1 trailers with a pseudo-field": [
    protocolError,
    connect(1),
    frame(FRAME.headers, FLAG.endHeaders | END, 1, fields([":path", "/"])),
  ],
  "8.2.1 a name in capitals": [protocolError, get(1, END, ["X-Test", "a"])],
  "8.2.2 a field of HTTP/1 connections": [protocolError, get(1, END, ["connection", "keep-alive"])],
  "8.2.2 te with another value than trailers": [protocolError, get(1, END, ["te", "gzip"])],
  "8.3 an unknown pseudo-field": [protocolError, get(1, END, [":test", "a"])],
  "8.3 a pseudo-field of answers": [protocolError, get(1, END, [":status", "200"])],
  "8.3 a pseudo-field behind a field": [
    protocolError,
    request([":method", "GET"], [":scheme", "https"], ["x", "y"], [":path", "/"]),
  ],
  "8.3.1 an empty path": [protocolError, request([":method", "GET"], [":scheme", "https"], [":path", ""])],
  "8.3.1 no method": [protocolError, request([":scheme", "https"], [":path", "/"])],
  "8.3.1 no scheme": [protocolError, request([":method", "GET"], [":path", "/"])],
  "8.3.1 no path": [protocolError, request([":method", "GET"], [":scheme", "https"])],
  "8.3.1 two methods": [protocolError, get(1, END, [":method", "GET"])],
  "8.1.1 less DATA than content-length says": [protocolError, post("2"), data(1, 1, END)],
  "8.1.1 more DATA than content-length says": [protocolError, post("2"), data(1, 3)],
  "8.1.1 a content-length of no body": [protocolError, get(1, END, ["content-length", "1"])],
  "8.1.1 two lengths": [protocolError, get(1, 0, ["content-length", "1"], ["content-length", "2"])],
  "8.5 CONNECT with a path": [
    protocolError,
    request([":method", "CONNECT"], [":authority", "a.example:1"], [":path", "/"]),
  ],
};

suite("frames that end the connection", () => {
  for (const [name, [code, ...frames]] of Object.entries(CONNECTION)) {
    test(name, () => {
      const peer = new FramePeer("server");
      peer.takes = false;
      peer.send(...frames);
      const last = peer.take().at(-1);
      assert.ok(last !== undefined);
      assert.match(inShort(last), new RegExp(`^GOAWAY last \\d+ code ${code}$`));
      assert.deepEqual([peer.hasEnded, peer.session.isOver, peer.heard.at(-1)?.split(":")[0]], [true, true, "broken"]);
      // Whatever the peer still sends, and however long it keeps the connection.
      peer.send(connect(7), data(7, 10));
      assert.deepEqual(peer.take(), []);
      peer.clock.advance(60_000);
      assert.equal(peer.isDestroyed, true);
      const ends = frames.some((one) => Buffer.compare(one, get(1, END)) === 0);
      for (const { heard } of peer.requests) assert.equal(heard.includes("end"), ends, heard.join());
    });
  }
});

suite("frames that end their stream", () => {
  for (const [name, [code, ...frames]] of Object.entries(STREAM)) {
    test(name, () => {
      const peer = new FramePeer("server");
      peer.send(...frames);
      assert.deepEqual(
        peer.taken().filter((frame) => !frame.startsWith("WINDOW_UPDATE")),
        [`RST_STREAM 1 code ${code}`],
      );
      assert.equal(peer.counts.wasReset, 1);
      assert.equal(peer.requests[0]?.heard.at(-1) ?? `reset ${code}`, `reset ${code}`);
      peer.send(connect(101), data(101, 3, END));
      assert.equal(peer.requests.at(-1)?.bytes, 3);
      assert.equal(peer.session.isOver, false);
    });
  }
});

/** What is allowed, and what is answered. */
const ALLOWED: Readonly<Record<string, readonly [answers: readonly string[], ...frames: readonly Uint8Array[]]>> = {
  "4.1 an unknown frame": [[], frame(99, 0xff, 0, Buffer.alloc(8))],
  "4.1 flags that mean nothing": [["PING ack"], frame(FRAME.ping, 0xfe, 0, Buffer.alloc(8))],
  "5.1 PRIORITY on idle, half-closed and closed streams": [
    [],
    frame(PRIORITY, FLAG.none, 9, Buffer.alloc(5)),
    get(1, END),
    frame(PRIORITY, FLAG.none, 1, Buffer.alloc(5)),
    reset(1, cancel),
    frame(PRIORITY, FLAG.none, 1, Buffer.alloc(5)),
  ],
  "5.1 WINDOW_UPDATE and RST_STREAM on half-closed and closed streams": [
    [],
    get(1, END),
    windowUpdate(1, 100),
    reset(1, cancel),
    windowUpdate(1, 100),
    reset(1, cancel),
  ],
  "5.3 a stream that depends on itself": [[], frame(PRIORITY, FLAG.none, 1, Buffer.of(0, 0, 0, 1, 0))],
  "6.2 HEADERS with priority and padding": [
    [],
    frame(
      FRAME.headers,
      0x20 | PADDED | FLAG.endHeaders,
      1,
      Buffer.concat([
        Buffer.of(2, 0, 0, 0, 0, 9),
        fields([":method", "CONNECT"], [":authority", "a.example:1"]),
        Buffer.alloc(2),
      ]),
    ),
  ],
  "6.5 unknown settings": [["SETTINGS ack"], settings([0xff, 1])],
  "6.5 SETTINGS without a parameter": [["SETTINGS ack"], settings()],
  "6.7 PING": [["PING ack"], frame(FRAME.ping, FLAG.none, 0, Buffer.from("8 bytes."))],
  "6.7 an answer to no PING": [[], frame(FRAME.ping, FLAG.ack, 0, Buffer.alloc(8))],
  "6.8 GOAWAY": [["GOAWAY last 0 code 0"], frame(FRAME.goaway, FLAG.none, 0, Buffer.alloc(8))],
  "8.1 trailers": [
    [],
    connect(1),
    data(1, 1),
    frame(FRAME.headers, FLAG.endHeaders | END, 1, fields(["x-checksum", "1"])),
  ],
  "8.1.1 as much DATA as content-length says": [[], post("3"), data(1, 1), data(1, 2, END)],
};

suite("frames that are allowed", () => {
  for (const [name, [answers, ...frames]] of Object.entries(ALLOWED)) {
    test(name, () => {
      const peer = new FramePeer("server");
      peer.send(...frames);
      // GOAWAY lets a session without streams close: it is not asked whether it goes on.
      const isClosing = name.includes("GOAWAY");
      assert.deepEqual(peer.taken(), isClosing ? [] : answers);
      for (const { heard } of peer.requests) assert.ok(!heard.some((what) => what.startsWith("lost")), heard.join());
      if (isClosing) return;
      peer.send(connect(101), data(101, 3, END));
      assert.deepEqual([peer.requests.at(-1)?.bytes, peer.session.isOver], [3, false]);
    });
  }
});

test("3.4 what is no preface, and what is no SETTINGS behind it, ends the connection", () => {
  for (const first of [connect(1), frame(FRAME.ping, FLAG.none, 0, Buffer.alloc(8)), windowUpdate(0, 1)]) {
    const peer = new FramePeer("server", {}, settings(), false);
    peer.take();
    peer.send(first);
    assert.deepEqual(peer.taken(), [`GOAWAY last 0 code ${protocolError}`]);
  }
  const client = new FramePeer("client", {}, settings(), false);
  client.take();
  client.send(frame(FRAME.headers, FLAG.endHeaders, 1, fields([":status", "200"])));
  assert.deepEqual(client.taken(), [`GOAWAY last 0 code ${protocolError}`]);
});

test("3.4 a peer that sends no SETTINGS is let go", () => {
  const peer = new FramePeer("server", {}, settings(), false);
  peer.take();
  peer.clock.advance(10_000);
  assert.deepEqual(peer.taken(), [`GOAWAY last 0 code ${ERROR_CODE.settingsTimeout}`]);
  const punctual = new FramePeer("server");
  punctual.clock.advance(60_000);
  assert.deepEqual([punctual.taken(), punctual.clock.pending], [[], 0]);
});

test("every byte may come by itself", () => {
  const peer = new FramePeer("server");
  const all = Buffer.concat([
    connect(1),
    data(1, 5),
    frame(FRAME.ping, FLAG.none, 0, Buffer.alloc(8)),
    frame(FRAME.data, PADDED | END, 1, Buffer.of(2, 9, 9, 0, 0)),
  ]);
  for (const byte of all) peer.send(Buffer.of(byte));
  assert.deepEqual(peer.taken(), ["PING ack"]);
  assert.equal(peer.requests[0]?.bytes, 7);
  assert.equal(peer.requests[0]?.heard.at(-1), "end");
});
