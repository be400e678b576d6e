import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  type ClientHttp2Session,
  connect,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type Settings,
} from "node:http2";
import { type TestContext, test } from "node:test";
import { closeOf, collect } from "../../../test/support/collect.ts";
import { CONNECT, type OurEnd, ourEnd, socketPair } from "../../../test/support/http2-ends.ts";
import { until } from "../../../test/support/proxy-fixture.ts";
import { ERROR_CODE } from "./error-code.ts";
import type { StreamDuplex } from "./stream-duplex.ts";

/*
 * Node's own HTTP/2 (nghttp2) at the other end, both ways round. Of its streams only "response", data and codes are looked
 * at: their ends say too much (`src/link/README.md`).
 */
const options = { timeout: 20_000 };
const REQUEST = { ":method": "CONNECT", ":authority": "target.example:80" };
const OK: readonly string[] = [":status", "200"];

interface NodeServer {
  readonly us: OurEnd;
  readonly node: ServerHttp2Session;
}

/** Our client at Node's server. */
async function atNodeServer(
  t: TestContext,
  serve: (stream: ServerHttp2Stream) => void,
  settings: Settings = {},
): Promise<NodeServer> {
  const [near, far] = await socketPair(t);
  const node = performServerHandshake(far, { settings });
  node.on("error", () => {}).on("stream", (stream: ServerHttp2Stream) => serve(stream.on("error", () => {})));
  return { us: ourEnd(near, { role: "client" }), node };
}

/** Node's client at our server. */
async function atOurServer(
  t: TestContext,
  serve: (stream: StreamDuplex, fields: readonly string[]) => void,
): Promise<{ readonly us: OurEnd; readonly node: ClientHttp2Session }> {
  const [near, far] = await socketPair(t);
  const us = ourEnd(far, { role: "server", enableConnectProtocol: true, maxHeaderListBytes: 8_192 }, serve);
  const node = connect("http://node.example", { createConnection: () => near });
  node.on("error", () => {});
  t.after(() => node.destroy());
  await once(node, "connect");
  node.setLocalWindowSize(1 << 24);
  return { us, node };
}

function echoOfNode(stream: ServerHttp2Stream): void {
  stream.respond({ ":status": 200 });
  stream.pipe(stream);
}

function echoOfOurs(stream: StreamDuplex): void {
  stream.respond(OK);
  stream.pipe(stream);
}

test("our client, Node's server: many streams with large bodies both ways", options, async (t) => {
  const { us } = await atNodeServer(t, echoOfNode);
  await Promise.all(
    Array.from({ length: 60 }, async (_, n) => {
      const body = randomBytes(n * 10_000);
      const { stream, heads } = us.open(CONNECT);
      stream.end(body);
      assert.ok((await collect(stream)).equals(body));
      assert.match(heads.join(), /^:status 200 date /);
    }),
  );
  us.session.close();
  await us.closed;
  assert.deepEqual(us.heard, ["settings"]);
});

test("Node's client, our server: many streams with large bodies both ways", options, async (t) => {
  const { us, node } = await atOurServer(t, echoOfOurs);
  await Promise.all(
    Array.from({ length: 60 }, async (_, n) => {
      const body = randomBytes(n * 10_000);
      const stream = node.request(REQUEST, { endStream: false });
      stream.end(body);
      assert.ok((await collect(stream)).equals(body));
    }),
  );
  node.close();
  await us.closed;
  assert.deepEqual(us.heard, ["settings", "goaway 0"]);
});

test("our client at our server: the same, and every byte in a write of its own", options, async (t) => {
  const [near, far] = await socketPair(t);
  const server = ourEnd(far, { role: "server" }, echoOfOurs);
  const us = ourEnd(near, { role: "client" });
  await Promise.all(
    Array.from({ length: 40 }, async (_, n) => {
      const body = randomBytes(n * 20_000);
      const { stream } = us.open(CONNECT);
      for (let at = 0; at < 500; at += 1) stream.write(body.subarray(at, at + 1));
      stream.end(body.subarray(500));
      assert.ok((await collect(stream)).equals(body));
    }),
  );
  us.session.close();
  await Promise.all([us.closed, server.closed]);
  assert.equal(server.session.streams, 0);
});

test("fields come as they are, compressed by Huffman and by a table or not", options, async (t) => {
  const heard: string[][] = [];
  const { node } = await atOurServer(t, (stream, fields) => {
    heard.push([...fields]);
    stream.respond([":status", "403", "proxy-status", "exit; error=denied", "byway-error", "ERR_POLICY_PORT"], true);
  });
  for (let n = 0; n < 3; n += 1) {
    const stream = node.request({ ":method": "GET", ":path": "/.well-known/byway", "x-long": `${n}`.repeat(500) });
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
    const { ":status": status, "proxy-status": why, "byway-error": code } = headers;
    assert.deepEqual([status, why, code], [403, "exit; error=denied", "ERR_POLICY_PORT"]);
    stream.resume();
    await closeOf(stream);
  }
  assert.deepEqual(
    heard.map((fields) => [fields[1], fields.at(-2), fields.at(-1)]),
    [0, 1, 2].map((n) => ["GET", "x-long", `${n}`.repeat(500)]),
  );
});

test("extended CONNECT is offered and taken, both ways", options, async (t) => {
  const asked: string[] = [];
  const { node } = await atOurServer(t, (stream, fields) => {
    asked.push(fields.join(" "));
    echoOfOurs(stream);
  });
  await until(() => node.remoteSettings.enableConnectProtocol === true);
  assert.equal(node.remoteSettings.maxHeaderListSize, 8_192);
  const stream = node.request({
    ...{ ":method": "CONNECT", ":protocol": "connect-udp", ":scheme": "https" },
    ...{ ":path": "/udp", ":authority": "a.example" },
  });
  stream.end("datagram");
  assert.equal(String(await collect(stream)), "datagram");
  assert.match(asked.join(), /:protocol connect-udp/);
  const { us } = await atNodeServer(t, echoOfNode, { enableConnectProtocol: true });
  await until(() => us.session.peerSettings.enableConnectProtocol);
  const ours = us.open([
    ...[":method", "CONNECT", ":protocol", "connect-udp", ":scheme", "https"],
    ...[":path", "/udp", ":authority", "a.example"],
  ]);
  ours.stream.end("datagram");
  assert.equal(String(await collect(ours.stream)), "datagram");
});

test("a reset of ours comes with its code and without an end before it", options, async (t) => {
  const arrived: ServerHttp2Stream[] = [];
  const { us } = await atNodeServer(t, (stream) => {
    stream.respond({ ":status": 200 });
    arrived.push(stream);
  });
  for (const [code, end] of [
    [ERROR_CODE.connectError, (stream: StreamDuplex) => stream.resetAndDestroy()],
    [ERROR_CODE.cancel, (stream: StreamDuplex) => stream.destroy()],
    [ERROR_CODE.noError, (stream: StreamDuplex) => stream.close()],
  ] as const) {
    const { stream } = us.open(CONNECT);
    stream.write("a part");
    await until(() => arrived.length === 1);
    const [far] = arrived.splice(0) as [ServerHttp2Stream];
    await once(far, "data");
    const closed = closeOf(far);
    end(stream);
    await closed;
    assert.deepEqual([far.rstCode, far.state.remoteClose ?? 0, stream.rstCode], [code, 0, code]);
  }
  assert.equal(us.session.streams, 0);
});

test("a reset of Node's is no end, whatever its code", options, async (t) => {
  for (const code of [ERROR_CODE.noError, ERROR_CODE.cancel, ERROR_CODE.enhanceYourCalm, ERROR_CODE.internalError]) {
    const { us, node } = await atNodeServer(t, (stream) => {
      stream.respond({ ":status": 200 });
      stream.write("a part", () => {
        // Otherwise Node sends END_STREAM before it.
        stream.end = () => stream;
        stream.close(code);
      });
    });
    const { stream } = us.open(CONNECT);
    const seen: string[] = [];
    for (const event of ["end", "error", "close"]) stream.on(event, () => seen.push(event));
    stream.resume();
    await closeOf(stream);
    assert.deepEqual([seen, stream.rstCode], [["error", "close"], code]);
    node.destroy();
    await us.closed;
  }
});

test(
  "a body that came whole stays readable behind a reset and behind the loss of the connection",
  options,
  async (t) => {
    const body = randomBytes(200_000);
    for (const cut of [(stream: ServerHttp2Stream) => stream.close(ERROR_CODE.cancel), undefined]) {
      const arrived = Promise.withResolvers<ServerHttp2Stream>();
      const { us, node } = await atNodeServer(t, (stream) => {
        stream.respond({ ":status": 200 });
        stream.end(body, () => arrived.resolve(stream));
      });
      const { stream } = us.open(CONNECT);
      stream.write("more is to come");
      const far = await arrived.promise;
      await until(() => stream.bytesRead === body.length);
      cut?.(far);
      if (cut === undefined) node.destroy();
      await until(() => stream.isClosed);
      assert.equal(stream.destroyed, false);
      const closed = closeOf(stream);
      assert.ok((await collect(stream)).equals(body));
      // It was cut all the same: what this end had to say was not heard to its end.
      await closed;
      assert.ok(stream.errored instanceof Error);
    }
  },
);

test("windows: a reader that waits holds up its own stream, at a window's bytes, and no other", options, async (t) => {
  const { us } = await atNodeServer(t, (stream) => {
    stream.respond({ ":status": 200 });
    stream.end(Buffer.alloc(3_000_000, 7));
  });
  const waiting = us.open(CONNECT).stream;
  await until(() => waiting.readableLength === 1 << 20);
  const other = us.open(CONNECT).stream;
  assert.equal((await collect(other)).length, 3_000_000);
  assert.equal(waiting.readableLength, 1 << 20);
  assert.equal((await collect(waiting)).length, 3_000_000);
});

test(
  "windows that Node changes in mid-flight: no byte is lost, and none sent that was not allowed",
  options,
  async (t) => {
    const arrived = Promise.withResolvers<ServerHttp2Stream>();
    const { us, node } = await atNodeServer(
      t,
      (stream) => {
        stream.respond({ ":status": 200 });
        arrived.resolve(stream);
      },
      { initialWindowSize: 1_000 },
    );
    const { stream } = us.open(CONNECT);
    const body = randomBytes(300_000);
    await until(() => us.heard.includes("settings"));
    stream.end(body);
    const far = await arrived.promise;
    await until(() => far.readableLength === 1_000);
    node.settings({ initialWindowSize: 500 });
    await once(node, "localSettings");
    node.settings({ initialWindowSize: 20_000 });
    await until(() => far.readableLength === 20_000);
    assert.ok((await collect(far)).equals(body));
  },
);

test("GOAWAY of Node's: open streams go on, and the session closes behind them", options, async (t) => {
  const arrived: ServerHttp2Stream[] = [];
  const { us, node } = await atNodeServer(t, (stream) => {
    stream.respond({ ":status": 200 });
    arrived.push(stream);
  });
  const { stream } = us.open(CONNECT);
  await until(() => arrived.length === 1);
  node.close();
  await until(() => us.heard.includes("goaway 0"));
  assert.equal(us.session.isUsable, false);
  arrived[0]?.end("last words");
  stream.end();
  assert.equal(String(await collect(stream)), "last words");
  await us.closed;
});

test("GOAWAY of ours: Node's open streams go on, and its new requests are not looked at", options, async (t) => {
  const served: StreamDuplex[] = [];
  const { us, node } = await atOurServer(t, (stream) => {
    stream.respond(OK);
    served.push(stream);
  });
  const first = node.request(REQUEST, { endStream: false });
  await once(first, "response");
  us.session.close();
  const late = node.request(REQUEST, { endStream: false });
  late.on("error", () => {});
  const goaway = once(node, "goaway");
  await closeOf(late);
  assert.deepEqual([(await goaway)[0], late.rstCode, served.length], [0, ERROR_CODE.refusedStream, 1]);
  served[0]?.end("last words");
  first.end();
  assert.equal(String(await collect(first)), "last words");
  await us.closed;
});

test("Node's limit of streams is kept, and ours by Node", options, async (t) => {
  let open = 0;
  let most = 0;
  const { us } = await atNodeServer(
    t,
    (stream) => {
      open += 1;
      most = Math.max(most, open);
      stream.respond({ ":status": 200 });
      stream.resume().once("end", () => {
        open -= 1;
        stream.end();
      });
    },
    { maxConcurrentStreams: 3 },
  );
  await until(() => us.heard.includes("settings"));
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      const { stream } = us.open(CONNECT);
      stream.end("x");
      assert.equal((await collect(stream)).length, 0);
    }),
  );
  assert.equal(most, 3);
});

test("pings both ways", options, async (t) => {
  const { us, node } = await atNodeServer(t, echoOfNode);
  assert.ok(((await new Promise<number | undefined>((resolve) => us.session.ping(resolve))) ?? -1) >= 0);
  await new Promise<void>((resolve, reject) => node.ping((error) => (error ? reject(error) : resolve())));
  assert.equal(us.counts.pinged, 1);
});

test("a session that is destroyed says so, and Node's streams fail", options, async (t) => {
  const { us, node } = await atOurServer(t, echoOfOurs);
  const stream = node.request(REQUEST, { endStream: false });
  stream.on("error", () => {});
  await once(stream, "response");
  const goaway = once(node, "goaway");
  us.session.destroy(new Error("for a test"), ERROR_CODE.enhanceYourCalm);
  assert.equal((await goaway)[0], ERROR_CODE.enhanceYourCalm);
  await us.closed;
});

test(
  "memory that is lent to a stream is given back when it has left, whatever the pace of the reader",
  options,
  async (t) => {
    const far = Promise.withResolvers<ServerHttp2Stream>();
    const { us } = await atNodeServer(t, (stream) => {
      stream.respond({ ":status": 200 });
      far.resolve(stream);
    });
    const { stream } = us.open(CONNECT);
    const sizes = [70_000, 1, 1_024, 1_025, 16_384, 300, 65_536];
    let returned = 0;
    for (let n = 0; n < 70; n += 1) {
      const chunk = Buffer.alloc(sizes[n % sizes.length] ?? 0, n);
      stream.write(chunk, () => {
        // As a pool does whose memory goes to the next stream.
        chunk.fill(0xee);
        returned += 1;
      });
    }
    stream.end();
    const wanted = Buffer.concat(Array.from({ length: 70 }, (_, n) => Buffer.alloc(sizes[n % sizes.length] ?? 0, n)));
    assert.ok((await collect(await far.promise)).equals(wanted));
    assert.equal(returned, 70);
  },
);
