import assert from "node:assert/strict";
import { test } from "node:test";
import { saysNothingOfItself, waitingProgram } from "./waiting-programs.ts";

const CHROMIUM =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
const TARGET = "http://a.example/";
const CONNECT = "a.example:443";

/** What programs send without a name, as they were seen to: request line, fields. */
function shape(line: string, ...fields: string[]) {
  const [method, url, version = ""] = line.split(" ");
  const rawHeaders = fields.flatMap((field) => [field.slice(0, field.indexOf(":")), field.replace(/^[^:]*: ?/, "")]);
  return { method, url, httpVersion: version.replace("HTTP/", ""), rawHeaders };
}

const WAITING: readonly (readonly [string, string, ...string[]])[] = [
  ["git", `GET ${TARGET} HTTP/1.1`, "Host: a.example", "User-Agent: git/2.39.5", "Proxy-Connection: Keep-Alive"],
  ["git", `CONNECT ${CONNECT} HTTP/1.1`, `Host: ${CONNECT}`, "User-Agent: git/2.39.5", "Proxy-Connection: Keep-Alive"],
  ["Subversion", `OPTIONS ${TARGET} HTTP/1.1`, "Host: a.example", "User-Agent: SVN/1.14.2 (x86_64) serf/1.3.9"],
  ["Subversion", `CONNECT ${CONNECT} HTTP/1.1`, "Host: a.example"],
  ["Subversion", "CONNECT [2001:db8::1]:443 HTTP/1.1", "Host: [2001:db8::1]"],
  ["ffmpeg", `GET ${TARGET} HTTP/1.1`, "User-Agent: Lavf/59.27.100", "Range: bytes=0-", "Connection: close"],
  ["ffmpeg", `GET ${TARGET} HTTP/1.1`, "User-Agent: player/1", "Host: a.example", "Icy-MetaData: 1"],
  ["ffmpeg", `CONNECT ${CONNECT} HTTP/1.1`, "Host: 127.0.0.1:1080", "Connection: close"],
  ["lftp", `GET ${TARGET} HTTP/1.1`, "Host: a.example", "User-Agent: lftp/4.9.2", "Connection: keep-alive"],
  ["lftp", `CONNECT ${CONNECT} HTTP/1.1`],
  ["w3m", `GET ${TARGET} HTTP/1.0`, "User-Agent: w3m/0.5.3+git20230121", "Host: a.example"],
  ["Lynx", `CONNECT ${CONNECT} HTTP/1.0`, "Host: a.example", "User-Agent: Lynx/2.9.0dev.12 libwww-FM/2.14"],
  ["Java", `GET ${TARGET} HTTP/1.1`, "User-Agent: Java/17.0.15", "Host: a.example", "Proxy-Connection: keep-alive"],
  ["Java", `GET ${TARGET} HTTP/1.1`, "Content-Length: 0", "Host: a.example", "User-Agent: Java-http-client/17.0.15"],
  ["Chromium", `GET ${TARGET} HTTP/1.1`, "Host: a.example", "Proxy-Connection: keep-alive", `User-Agent: ${CHROMIUM}`],
  [
    "Chromium",
    `CONNECT ${CONNECT} HTTP/1.1`,
    `Host: ${CONNECT}`,
    "Proxy-Connection: keep-alive",
    `User-Agent: ${CHROMIUM}`,
  ],
  [
    "Firefox",
    `GET ${TARGET} HTTP/1.1`,
    "Host: a.example",
    `User-Agent: ${FIREFOX}`,
    "Accept: */*",
    "Accept-Language: en",
  ],
  [
    "Firefox",
    `CONNECT ${CONNECT} HTTP/1.1`,
    `User-Agent: ${FIREFOX}`,
    "Proxy-Connection: keep-alive",
    "Connection: keep-alive",
    `Host: ${CONNECT}`,
  ],
];

const OTHERS: readonly (readonly [string, ...string[]])[] = [
  // curl, also in the clothes of a browser
  [
    `GET ${TARGET} HTTP/1.1`,
    "Host: a.example",
    "User-Agent: curl/7.88.1",
    "Accept: */*",
    "Proxy-Connection: Keep-Alive",
  ],
  [
    `GET ${TARGET} HTTP/1.1`,
    "Host: a.example",
    `User-Agent: ${CHROMIUM}`,
    "Accept: */*",
    "Proxy-Connection: Keep-Alive",
  ],
  [`CONNECT ${CONNECT} HTTP/1.1`, `Host: ${CONNECT}`, "User-Agent: curl/7.88.1", "Proxy-Connection: Keep-Alive"],
  // wget
  [
    `GET ${TARGET} HTTP/1.1`,
    "User-Agent: Wget/1.21.3",
    "Accept: */*",
    "Host: a.example",
    "Proxy-Connection: Keep-Alive",
  ],
  // Python: http.client of 3.11 and 3.12, requests in the clothes of a browser
  [`CONNECT ${CONNECT} HTTP/1.0`],
  [`CONNECT ${CONNECT} HTTP/1.1`, `Host: ${CONNECT}`],
  [
    `GET ${TARGET} HTTP/1.1`,
    "Host: a.example",
    `User-Agent: ${FIREFOX}`,
    "Accept-Encoding: gzip",
    "Accept: */*",
    "Connection: keep-alive",
  ],
  // Subversion at a port of its own, and hosts that are not the target's
  ["CONNECT a.example:8443 HTTP/1.1", "Host: a.example:8443"],
  ["CONNECT a.example:8443 HTTP/1.1", "Host: a.example"],
  [`CONNECT ${CONNECT} HTTP/1.1`, "Host: b.example"],
  [`CONNECT ${CONNECT} HTTP/1.0`, "Host: a.example"],
  // Go, node, an agent of npm
  [`CONNECT ${CONNECT} HTTP/1.1`, `Host: ${CONNECT}`, "User-Agent: Go-http-client/1.1"],
  [`CONNECT ${CONNECT} HTTP/1.1`, `Host: ${CONNECT}`, "Proxy-Connection: close"],
  [`CONNECT ${CONNECT} HTTP/1.1`, `host: ${CONNECT}`, "connection: close"],
  [`CONNECT ${CONNECT} HTTP/1.1`, "host: a.example", "connection: close"],
  [`GET ${TARGET} HTTP/1.1`, "User-Agent: axios/1.7 (not git/2)", "Host: a.example"],
];

test("programs that wait for a 407 are known by what they send, with a name as without", () => {
  for (const [program, line, ...fields] of WAITING) {
    assert.equal(waitingProgram(shape(line, ...fields)), program, line + fields);
    for (let at = 0; at <= fields.length; at += 1) {
      const named = fields.toSpliced(at, 0, "Proxy-Authorization: Basic YTpi");
      assert.equal(waitingProgram(shape(line, ...named)), program, line + named);
    }
  }
});

test("programs that send a name unasked, or cannot be told from such, are not taken for waiting ones", () => {
  for (const [line, ...fields] of OTHERS)
    assert.equal(waitingProgram(shape(line, ...fields)), undefined, line + fields);
});

test("a CONNECT with no field but Host says nothing of its program", () => {
  // ncat, connect-proxy, nc, socat, rsync; then Java's HttpClient and Ruby.
  const silent = [[`CONNECT ${CONNECT} HTTP/1.0`], [`CONNECT ${CONNECT} HTTP/1.1`, `Host: ${CONNECT}`]] as const;
  for (const [line, ...fields] of silent) {
    assert.equal(saysNothingOfItself(shape(line, ...fields)), true, line);
    assert.equal(saysNothingOfItself(shape(line, ...fields, "User-Agent: curl/7.88.1")), false, line);
    assert.equal(saysNothingOfItself(shape(line.replace("CONNECT", "GET"), ...fields)), false, line);
  }
});
