import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type OutgoingHttpHeaders, sensitiveHeaders } from "node:http2";
import { connect as connectTcp, createServer as createTcpServer, type Socket } from "node:net";
import { test } from "node:test";
import { FrameRecorder } from "../../../../test/support/frame-recorder.ts";
import { fieldFault } from "../field-rules.ts";
import { CLIENT_PREFACE, FRAME_HEAD_BYTES, SETTING } from "../frame-format.ts";
import { FrameReader } from "../frame-reader.ts";
import { writeHeadersHead, writeSettings, writeSettingsAck } from "../write-frame.ts";
import { HpackDecoder } from "./decoder.ts";
import { HpackEncoder } from "./encoder.ts";

/*
 * The codec at one end of a connection, and nghttp2 (in node:http2) at the other: its encoder uses Huffman, the dynamic table,
 * size updates and literals that are never indexed.
 */
const MAX_FRAME_BYTES = 16_384;
/** Every character that a value may have, blanks and HTAB in the middle. */
const EVERY_CHARACTER = `x${String.fromCharCode(9, ...Array.from({ length: 224 }, (_, at) => at + 32).filter((code) => code !== 127))}x`;
const DEADLINE_MS = 20_000;

/** Header lists that share much with one another, so that a table is of use. */
function lists(count: number): readonly OutgoingHttpHeaders[] {
  return Array.from({ length: count }, (_, at) => ({
    "user-agent": "a/1.0",
    "x-every": EVERY_CHARACTER,
    "x-number": String(at),
    [`x-name-${at % 20}`]: "value ".repeat(at % 30).trim(),
    cookie: [`a=${at % 3}`, "b=2"],
    authorization: "secret",
    [sensitiveHeaders]: ["authorization"],
  }));
}

/** What a list of `lists` must be read as, without pseudo-fields. */
function expected(headers: OutgoingHttpHeaders): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).flatMap((each) => [name, String(each)]),
  );
}

function regular(fields: readonly string[]): readonly string[] {
  return fields.filter((_, at) => !fields[at - (at % 2)]?.startsWith(":"));
}

/** Reads header lists of one direction. */
class ListReader extends FrameRecorder {
  readonly lists: (readonly string[])[] = [];
  readonly decoder: HpackDecoder;

  constructor(tableBytes?: number) {
    super();
    this.decoder = new HpackDecoder({ tableBytes });
  }

  override onHeaders(_id: number, bytes: Uint8Array, start: number, end: number): void {
    this.lists.push(this.decoder.decode(bytes, start, end) ?? ["too long", ""]);
  }
}

function write(socket: Socket, frame: (target: Uint8Array) => number): void {
  const target = new Uint8Array(MAX_FRAME_BYTES);
  socket.write(target.subarray(0, frame(target)));
}

/** Feeds what a socket receives to a reader, until `isOver`. */
async function read(socket: Socket, reader: FrameReader, isOver: () => boolean): Promise<void> {
  const failed = once(socket, "close").then(() => assert.fail("the connection has ended"));
  failed.catch(() => {});
  await Promise.race([
    failed,
    new Promise<void>((resolve, reject) => {
      socket.on("data", (chunk: Buffer) => {
        try {
          reader.push(chunk);
        } catch (error) {
          reject(error);
        }
        if (isOver()) resolve();
      });
    }),
  ]);
}

for (const tableBytes of [4_096, 100, 0]) {
  test(`reads the requests of node:http2 with a table of ${tableBytes} bytes`, { timeout: DEADLINE_MS }, async () => {
    await using server = createTcpServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    const client = connect(`http://127.0.0.1:${address.port}`);
    client.on("error", () => {});
    const [socket] = (await once(server, "connection")) as [Socket];
    socket.on("error", () => {});
    write(socket, (target) => writeSettings(target, 0, [[SETTING.headerTableBytes, tableBytes]]));
    await once(client, "remoteSettings");
    const sent = lists(60);
    for (const headers of sent) client.request({ ":path": "/a", ...headers }).on("error", () => {});
    // Until the peer has our SETTINGS its table has the size of RFC 7541; node:http2 sends no list before it here.
    const sink = new ListReader(tableBytes);
    await read(
      socket,
      new FrameReader(sink, { role: "server", maxFrameBytes: MAX_FRAME_BYTES }),
      () => sink.lists.length === sent.length,
    );
    for (const [at, fields] of sink.lists.entries()) {
      assert.equal(fieldFault(fields, "request"), undefined);
      assert.deepEqual(
        new Set(fields.slice(0, 8)),
        new Set([":method", "GET", ":path", "/a", ":scheme", "http", ":authority", `127.0.0.1:${address.port}`]),
      );
      assert.deepEqual(regular(fields), expected(sent[at] ?? {}));
    }
    assert.equal(sink.decoder.tableBytes > 0, tableBytes > 0, "the table was used where there is one");
    client.destroy();
    socket.destroy();
  });
}

for (const headerTableSize of [4_096, 0]) {
  test(`node:http2 with a table of ${headerTableSize} bytes reads our requests, and we its answers`, {
    timeout: DEADLINE_MS,
  }, async () => {
    const heard: string[][] = [];
    const sent = lists(40);
    await using server = createServer({ settings: { headerTableSize } }, (request, response) => {
      heard.push(request.rawHeaders);
      response.writeHead(200, { date: "today", ...sent[heard.length - 1] });
      response.addTrailers({ "x-trailer": "last" });
      response.end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    const socket = connectTcp(address.port, "127.0.0.1");
    await once(socket, "connect");
    const encoder = new HpackEncoder();
    const request = (at: number): readonly string[] => [
      ...[":method", at % 2 === 0 ? "GET" : "POST", ":scheme", "https", ":authority", "a.example", ":path", "/"],
      ...expected(sent[at] ?? {}),
    ];
    const ask = (at: number): void =>
      write(socket, (target) =>
        writeHeadersHead(target, 0, encoder.encode(request(at), target, FRAME_HEAD_BYTES), 2 * at + 1, true),
      );
    socket.write(CLIENT_PREFACE);
    write(socket, (target) => writeSettings(target, 0, [[SETTING.enablePush, 0]]));
    write(socket, (target) => writeSettingsAck(target, 0));
    for (let at = 0; at < sent.length; at += 1) ask(at);
    const sink = new ListReader();
    // Each answer has a head and trailers.
    await read(
      socket,
      new FrameReader(sink, { role: "client", maxFrameBytes: MAX_FRAME_BYTES }),
      () => sink.lists.length === 2 * sent.length,
    );
    assert.deepEqual(
      heard,
      sent.map((_, at) => request(at)),
    );
    const heads = sink.lists.filter((fields) => fields[0] === ":status");
    assert.deepEqual(
      heads.map(regular),
      sent.map((headers) => ["date", "today", ...expected(headers)]),
    );
    for (const fields of heads) assert.equal(fieldFault(fields, "response"), undefined);
    const trailers = sink.lists.filter((fields) => fields[0] !== ":status");
    for (const fields of trailers) {
      assert.deepEqual(fields, ["x-trailer", "last"]);
      assert.equal(fieldFault(fields, "trailers"), undefined);
    }
    socket.destroy();
  });
}
