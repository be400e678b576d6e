import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hostileBytes } from "../../test/support/hostile-bytes.ts";
import { type PartialRequest, type RequestHosts, readRequestHosts } from "./request-hosts.ts";

const CURL = "GET /path?q HTTP/1.1\r\nHost: www.example:8080\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n";

function read(text: string): RequestHosts {
  return readRequestHosts(Buffer.from(text, "latin1"));
}

/** The hosts of a request, or what was found in their place. */
function hosts(text: string): unknown {
  const answer = read(text);
  return answer.found === "request" ? answer.hosts : answer.found;
}

test("every way to name a host in a request is read, and more than one", () => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    [CURL, ["www.example"]],
    ["GET / HTTP/1.0\r\n\r\n", []],
    ["GET / HTTP/1.1\r\nHost:\r\n\r\n", []],
    ["GET / HTTP/1.1\nhOsT:a.example\n\n", ["a.example"]],
    ["GET / HTTP/1.1\r\nHost: a.example\r\nX: y\r\nHost: b.example\r\n\r\n", ["a.example", "b.example"]],
    ["GET / HTTP/1.1\r\nHost : a.example\r\n\r\n", ["a.example"]],
    ["GET / HTTP/1.1\r\nHost:\r\n a.example\r\n\r\n", ["a.example"]],
    ["GET http://u:p@a.example:81/x?y HTTP/1.1\r\nHost: b.example\r\n\r\n", ["a.example", "b.example"]],
    ["GET HTTPS://a.example HTTP/1.1\r\n\r\n", ["a.example"]],
    ["CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n", ["a.example", "a.example"]],
    ["OPTIONS * HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", ["[2001:db8::1]"]],
    ["GET / HTTP/1.1\r\nHost: 2001:db8::1\r\n\r\n", ["2001:db8::1"]],
    ["\r\n\r\nM-SEARCH /x HTTP/1.1\r\nHost: a.example\r\n\r\nbody", ["a.example"]],
    ["GET / HTTP/1.1\r\nX: Host: b.example\r\nXHost: b.example\r\n\r\nHost: b.example\r\n", []],
  ];
  for (const [text, expected] of rows) assert.deepEqual(hosts(text), expected, JSON.stringify(text));
  assert.deepEqual(read(CURL), { found: "request", target: "/path?q", hosts: ["www.example"] });
});

test("a header that is not over is waited for, wherever it is cut", () => {
  for (const text of [CURL, CURL.replaceAll("\r", ""), `\r\n${CURL}`]) {
    const bytes = Buffer.from(text);
    let before: PartialRequest | undefined;
    for (let length = 1; length < bytes.length; length += 1) {
      const answer = readRequestHosts(bytes.subarray(0, length), before);
      // Empty lines alone may be all that somebody wants to say.
      if (answer.found === "none") assert.equal(bytes.toString("latin1", 0, length).trim(), "");
      else assert.equal(answer.found, "more", `at ${length}`);
      before = answer.found === "more" ? answer : undefined;
    }
    assert.deepEqual(readRequestHosts(bytes, before), read(text));
    assert.deepEqual(hosts(text), ["www.example"]);
  }
});

test("what is no request of HTTP/1 waits for nothing", () => {
  const others = [
    "",
    "\r\n",
    "EHLO a.example\r\n",
    "NICK /x\r\n",
    "GET /\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "OPTIONS rtsp://a.example RTSP/1.0\r\n",
    "SSH-2.0-OpenSSH_9.6\r\n",
    "READY",
    "SAY hello",
    "USER",
    "get / HTTP/1.1\r\n\r\n",
    "GET\t/ HTTP/1.1\r\n\r\n",
    `${"A".repeat(21)} / HTTP/1.1\r\n\r\n`,
    "\x16\x03\x01",
    "\0\0\0",
    `${"\r\n".repeat(33)}GET / HTTP/1.1\r\n\r\n`,
  ];
  for (const text of others) assert.equal(hosts(text), "none", JSON.stringify(text));
  for (const text of ["G", "GET", "GET ", "POST /x", "VERSION-CONTROL /x", "GET / HTTP/1.1\r\n"]) {
    assert.equal(hosts(text), "more", text);
  }
});

test("changed bytes give one of the three answers, in pieces the same as at once", () => {
  const samples = [CURL, "CONNECT a.example:443 HTTP/1.1\r\nHost : b.example\n\n"].map((text) => Buffer.from(text));
  fc.assert(
    fc.property(hostileBytes(samples), fc.array(fc.nat({ max: 200 }), { maxLength: 5 }), (bytes, cuts) => {
      const seen = Buffer.from(bytes);
      let before: PartialRequest | undefined;
      for (const cut of [...cuts.toSorted((a, b) => a - b), seen.length]) {
        if (cut === 0) continue;
        const part = seen.subarray(0, cut);
        const answer = readRequestHosts(part, before);
        assert.deepEqual(answer.found, readRequestHosts(part).found);
        if (answer.found !== "more") return;
        before = answer;
      }
    }),
    { numRuns: 2_000 },
  );
});
