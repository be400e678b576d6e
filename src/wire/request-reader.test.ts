import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hostileBytes } from "../../test/support/hostile-bytes.ts";
import { type RequestRead, RequestReader } from "./request-reader.ts";

const CURL = "GET /path?q HTTP/1.1\r\nHost: www.example:8080\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n";

function read(text: string): RequestRead {
  return new RequestReader().read(Buffer.from(text, "latin1"));
}

/** Found, the hosts, and what is unclear. */
function summary(text: string): readonly unknown[] {
  const { found, hosts, unclear } = read(text);
  return [found, hosts, ...(unclear === undefined ? [] : [unclear])];
}

test("every way to name a host in a plain request is read, and more than one", () => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    [CURL, ["www.example"]],
    ["GET / HTTP/1.0\r\n\r\n", []],
    ["GET / HTTP/1.1\r\nHost:\r\n\r\n", []],
    ["GET / HTTP/1.1\nhOsT:a.example\n\n", ["a.example"]],
    ["GET / HTTP/1.1\r\nHost: a.example\r\nX: y\r\nHost: b.example \t\r\n\r\n", ["a.example", "b.example"]],
    ["GET http://u:p@a.example:81/x?y HTTP/1.1\r\nHost: b.example\r\n\r\n", ["a.example", "b.example"]],
    ["GET HTTPS://a.example HTTP/1.1\r\n\r\n", ["a.example"]],
    ["x foo+bar://a.example?u@x HTTP/1.1\r\n\r\n", ["a.example"]],
    ["CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n", ["a.example", "a.example"]],
    ["OPTIONS * HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", ["[2001:db8::1]"]],
    ["GET / HTTP/1.1\r\nHost: 2001:db8::1\r\n\r\n", ["2001:db8::1"]],
    ["\r\n\n\r\nM-SEARCH /x HTTP/1.1\r\nHost: a.example\r\n\r\nbody", ["a.example"]],
    ["GET / HTTP/1.1\r\nX: Host: b.example\r\nXHost: b.example\r\n\r\nHost: b.example\r\n", []],
  ];
  for (const [text, hosts] of rows) assert.deepEqual(summary(text), ["end", hosts], JSON.stringify(text));
  const { line, end } = read(`\r\n${CURL}rest`);
  assert.deepEqual([line, end?.bytes, end?.body.isOver], ["GET /path?q HTTP/1.1", CURL.length + 2, true]);
});

test("what servers read in several ways is told as unclear", () => {
  const line = [
    ...[
      "GET  / HTTP/1.1",
      "GET /  HTTP/1.1",
      "GET / HTTP/1.1 ",
      " GET / HTTP/1.1",
      "GET\t/ HTTP/1.1",
      "GET\v/\fHTTP/1.1",
    ],
    ...[
      "GET\xa0/\x85HTTP/1.1",
      "GET / HTTP/1.10",
      "GET / HTTP/2.0",
      "GET / HTTP/1.2",
      "GET / http/1.1",
      "GET /a b HTTP/1.1",
    ],
    ...[
      "GET / HTTP/1.1 x",
      "GET x HTTP/1.1",
      "GET HTTP/1.1",
      "PRI * HTTP/2.0",
      "GET http:/a HTTP/1.1",
      "GET /\x01 HTTP/1.1",
    ],
    ...["\0\x01\x7f\x9fGET / HTTP/1.1", "\x16GET / HTTP/1.1", "GET / HTTP/1.1\t", "\x1fGET / HTTP/1.1"],
    ...["\rGET / HTTP/1.1", "GET\r/\rHTTP/1.1", "GET / HTTP/1.1\r"],
  ];
  for (const text of line) {
    assert.deepEqual(
      summary(`${text}\r\nHost: a.example\r\n\r\n`),
      ["header", [], "request line"],
      JSON.stringify(text),
    );
  }
  const hosts = ["a:x", "x:80:", "u@a.example", "[::1", "a]", "[::1]x"];
  for (const host of hosts) {
    assert.deepEqual(summary(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`), ["header", [], "host"], host);
  }
  assert.deepEqual(summary("GET http://a:x/ HTTP/1.1\r\n\r\n"), ["header", [], "host"]);
  assert.deepEqual(summary("GET http://u@v@a/ HTTP/1.1\r\n\r\n"), ["header", [], "host"]);
  const fields = [
    ...[
      "Host : a",
      " Host: a",
      "Host:\r\n a",
      "Host:\ra",
      "junk",
      "\0Host: a",
      "H\0ost: a",
      "X Y: z",
      ": z",
      "Host\t:a",
    ],
    ...["X: y\rHost: a", "Host: a\0b", "\r"],
  ];
  for (const field of fields) {
    assert.deepEqual(summary(`GET / HTTP/1.1\r\n${field}\r\n\r\n`).at(2), "header line", JSON.stringify(field));
  }
  const lengths = [
    ...["Content-Length: 1\r\nContent-Length: 1", "Content-Length: +1", "Content-Length: 1, 1", "Content-Length:"],
    ...[
      "Transfer-Encoding: chunked\r\nContent-Length: 1",
      "Transfer-Encoding: gzip, chunked",
      "Transfer-Encoding: xchunked",
    ],
  ];
  for (const field of lengths) {
    assert.deepEqual(summary(`POST / HTTP/1.1\r\n${field}\r\n\r\n`), ["end", [], "length of body"], field);
  }
  assert.deepEqual(summary("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").at(2), "length of body");
  assert.deepEqual(summary("CONNECT a:1 HTTP/1.1\r\nContent-Length: 1\r\n\r\n").at(2), "length of body");
});

test("a line that names no HTTP is a request of HTTP/0.9 to some servers, and its header is read while it looks like one", () => {
  const rows: readonly (readonly [string, string, readonly string[]])[] = [
    ["GET http://a.example/\r\n", "open", ["a.example"]],
    ["GET /\r\nHost: a.example\r\n", "open", ["a.example"]],
    ["GET / RTSP/1.0\r\nHost: a.example\r\n\r\n", "end", ["a.example"]],
    ["SOURCE / ICE/1.0\r\nHost: a.example\r\n", "open", ["a.example"]],
    ["GET / FOO/9.9\r\nHost: a.example\r\n", "open", ["a.example"]],
    ["GET key\r\n", "open", []],
    ["GET key\r\nGET key2\r\n", "none", []],
    ["EHLO a.example\r\nMAIL FROM:<a@b.example>\r\n", "none", []],
    ["NICK x\r\n folded\r\n", "open", []],
    ['CONNECT {"verbose":true}\r\nPING\r\n', "none", []],
  ];
  for (const [text, found, hosts] of rows) assert.deepEqual(summary(text), [found, hosts], JSON.stringify(text));
  assert.equal(read("GET / FOO/9.9\r\njunk\r\nHost: a\r\n\r\n").unclear, "header line");
  for (const field of ["Host : a", "Host:\r\n a", "\tHost: a", "Host: a:x"]) {
    assert.equal(read(`GET /\r\n${field}\r\n\r\n`).unclear === undefined, false, JSON.stringify(field));
  }
});

test("each line is told when it has ended, wherever the bytes are cut, and none twice", () => {
  const long = `\r\nGET http://b.example/ HTTP/1.1\r\nHost: www.example:8080\r\nX: ${"y".repeat(99)}\r\nHost: c.example\r\n\r\n`;
  for (const text of [long, long.replaceAll("\r", "")]) {
    const bytes = Buffer.from(text);
    const reader = new RequestReader();
    const told: string[] = [];
    for (let length = 1; length <= bytes.length; length += 1) {
      const { found, hosts, unclear } = reader.read(bytes.subarray(0, length));
      told.push(...hosts);
      assert.equal(unclear, undefined);
      const lines = bytes.toString("latin1", 0, length).trimStart().split("\n").length;
      if (length === bytes.length) assert.equal(found, "end");
      else assert.equal(found, lines === 1 ? "open" : "header", `at ${length}`);
    }
    assert.deepEqual(told, ["b.example", "www.example", "c.example"]);
  }
});

test("what no server takes for a request waits for nothing", () => {
  const others = [
    ...["READY\r\n", "SSH-2.0-OpenSSH_9.6\r\n", "AT\r\n", "root\r\n", "POST\r\n", "STOMP\naccept-version:1.2\n\n\0"],
    ...[
      "{",
      "<?xml",
      "(GET / HTTP/1.1",
      "G/T / HTTP/1.1\r\n",
      "\xff\xfb\x18",
      "AMQP\0\0\t\x01",
      '"GET" / HTTP/1.1\r\n',
    ],
  ];
  for (const text of others) assert.deepEqual(summary(text), ["none", []], JSON.stringify(text));
  for (const text of [
    "\r",
    "\r\n\r\n",
    "G",
    "GET",
    "GET ",
    "POST /x",
    "x",
    "VERSION-CONTROL /x",
    "GET / HTTP/1.1",
    " ",
    "AT\r",
  ]) {
    assert.deepEqual(summary(text), ["open", []], JSON.stringify(text));
  }
});

test("what Python passes over in a header does not end the look at the fields behind it", () => {
  for (const odd of [": x", ":", ":x: y", "From x", "From a@b.example Mon"]) {
    const [found, hosts] = summary(`GET /HTTP/1.1\r\n${odd}\r\nHost: a.example\r\n\r\n`);
    assert.deepEqual([found, hosts], ["end", ["a.example"]], odd);
    assert.deepEqual(summary(`GET / HTTP/1.1\r\n${odd}\r\nHost: a.example\r\n\r\n`), ["header", [], "header line"]);
  }
});

test("a CR alone ends a line as well, in bytes that have not ended", () => {
  assert.deepEqual(summary("GET / HTTP/1.1\rHost: a.example\r\r"), ["header", [], "request line"]);
  assert.deepEqual(summary("GET http://a.example/\rx"), ["open", ["a.example"]]);
});

test("changed bytes are read the same in pieces as at once", () => {
  const samples = [CURL, "CONNECT a.example:443 HTTP/1.1\r\nHost : b.example\n\n", "GET /\r\nHost: a\r\n\r\n"];
  fc.assert(
    fc.property(
      hostileBytes(samples.map((text) => Buffer.from(text))),
      fc.array(fc.nat({ max: 200 }), { maxLength: 5 }),
      (bytes, cuts) => {
        const seen = Buffer.from(bytes);
        const whole = new RequestReader().read(seen);
        const reader = new RequestReader();
        const hosts: string[] = [];
        for (const cut of [...cuts.toSorted((a, b) => a - b), seen.length]) {
          if (cut === 0) continue;
          const answer = reader.read(seen.subarray(0, cut));
          hosts.push(...answer.hosts);
          const isLast = cut >= seen.length;
          if (answer.unclear !== undefined) return assert.notEqual(whole.unclear, undefined);
          if (answer.found === "none" || answer.found === "end" || isLast)
            return assert.equal(answer.found, whole.found);
        }
      },
    ),
    { numRuns: 2_000 },
  );
});
