import { CURL_HELLO } from "./client-hellos.ts";
import {
  askingAgain,
  messageOf,
  nameEntry,
  nameList,
  naming,
  offeringEarlyData,
  partsOf,
  recordsOf,
} from "./odd-hellos.ts";
import type { Pieces } from "./odd-requests.ts";

const BLOCKED = "blocked.example";

/** A request with this first line and Host; connections are closed after it. */
function ask(line: string, host = BLOCKED): string {
  return `${line}\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
}

/** A request that a server answers and waits for the next one behind. */
function first(fields = "", method = "GET"): string {
  return `${method} / HTTP/1.1\r\nHost: ok.example\r\n${fields}\r\n`;
}

const PLAIN = ask("GET / HTTP/1.1");
const ABSOLUTE = `http://${BLOCKED}/`;

const LINES = {
  plain: "GET / HTTP/1.1",
  "two spaces": "GET  / HTTP/1.1",
  "two spaces before the version": "GET /  HTTP/1.1",
  "a space at the end": "GET / HTTP/1.1 ",
  "a space at the start": " GET / HTTP/1.1",
  "a tab": "GET\t/\tHTTP/1.1",
  "a vertical tab": "GET\v/\vHTTP/1.1",
  "a space of latin1": "GET\xa0/\xa0HTTP/1.1",
  "a CR for a space": "GET\r/\rHTTP/1.1",
  "version 1.10": "GET / HTTP/1.10",
  "version 1.01": "GET / HTTP/1.01",
  "version 1.2": "GET / HTTP/1.2",
  "version 2.0": "GET / HTTP/2.0",
  "version 0.9": "GET / HTTP/0.9",
  "no version": "GET /",
  RTSP: "GET / RTSP/1.0",
  "RTSP's own method": "DESCRIBE / RTSP/1.0",
  ICE: "SOURCE / ICE/1.0",
  "another method": "MOVE / HTTP/1.1",
  "a method with _": "GE_T / HTTP/1.1",
  "a method with a digit": "G3T / HTTP/1.1",
  "a method in lower case": "get / HTTP/1.1",
  "a long method": `${"A".repeat(21)} / HTTP/1.1`,
  "four words": "GET /a b HTTP/1.1",
} as const;

const HOSTS = {
  "a port that is no number": `${BLOCKED}:x`,
  "a colon behind the port": `${BLOCKED}:80:`,
  "an exclamation mark": `a!b.${BLOCKED}`,
  "an at sign": `a@b.${BLOCKED}`,
  "a star": `*.${BLOCKED}`,
  "a label of 64": `${"a".repeat(64)}.${BLOCKED}`,
  "a byte beyond ASCII": `\xff.${BLOCKED}`,
  "a dot at the end": `${BLOCKED}.`,
  capitals: BLOCKED.toUpperCase(),
} as const;

const TEXTS: Readonly<Record<string, string | readonly string[]>> = {
  "HTTP/0.9, a field without a name": `GET /HTTP/1.1\r\n: z\r\nHost: ${BLOCKED}\r\n\r\n`,
  "HTTP/0.9, the first line of a mailbox": `GET /HTTP/1.1\r\nFrom z\r\nHost: ${BLOCKED}\r\n\r\n`,
  "an empty line": `\r\n${PLAIN}`,
  "an empty line first": ["\r\n", PLAIN],
  "a lone LF first": ["\n", PLAIN],
  "a lone CR first": ["\r", PLAIN],
  "many empty lines": ["\r\n".repeat(100), PLAIN],
  "LF for CRLF": PLAIN.replaceAll("\r", ""),
  "a method in two": ["M", ask("OVE / HTTP/1.1")],
  "the target": ask(`GET ${ABSOLUTE} HTTP/1.1`, "ok.example"),
  "the target of another scheme": ask(`GET foo://${BLOCKED}/ HTTP/1.1`, "ok.example"),
  "the target of another method": ask(`FOO ${ABSOLUTE} HTTP/1.1`, "ok.example"),
  "the target with a user": ask(`GET http://u@${BLOCKED}/ HTTP/1.1`, "ok.example"),
  "the target with an odd port": ask(`GET http://${BLOCKED}:80x/ HTTP/1.1`, "ok.example"),
  "the target of HTTP/0.9": `GET ${ABSOLUTE}\r\n`,
  CONNECT: ask(`CONNECT ${BLOCKED}:80 HTTP/1.1`, "ok.example"),
  "a folded Host": `GET / HTTP/1.1\r\nHost:\r\n ${BLOCKED}\r\n\r\n`,
  "a space before the colon": `GET / HTTP/1.1\r\nHost : ${BLOCKED}\r\n\r\n`,
  "a second Host": `GET / HTTP/1.1\r\nHost: ok.example\r\nHost: ${BLOCKED}\r\n\r\n`,
  "an odd line before it": `GET / HTTP/1.1\r\nX Y: z\r\nHost: ${BLOCKED}\r\n\r\n`,
  "no end": `GET / HTTP/1.1\r\nHost: ${BLOCKED}`,
  "the second request": first() + PLAIN,
  "the second request, later": [first(), PLAIN],
  "behind a body": [first("Content-Length: 4\r\n", "POST"), "ab", `cd${PLAIN}`],
  "behind chunks": [first("Transfer-Encoding: chunked\r\n", "POST"), "4\r\nabcd\r", `\n0\r\n\r\n${PLAIN}`],
  "two lengths": `${first("Transfer-Encoding: chunked\r\nContent-Length: 200\r\n", "POST")}0\r\n\r\n${PLAIN}`,
  "in a body": first(`Content-Length: ${PLAIN.length}\r\n`) + PLAIN,
  "half in a body": `${first("Content-Length: 4\r\n")}${PLAIN}`,
  "behind an upgrade that is not taken": first("Upgrade: websocket\r\nConnection: upgrade\r\n") + PLAIN,
  "behind empty lines between requests": `${first()}\r\n\r\n${PLAIN}`,
  "behind a PROXY header": `PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n${PLAIN}`,
  "behind a PROXY header in bytes": `\r\n\r\n\0\r\nQUIT\n\x20\0\0\0${PLAIN}`,
  "behind a PROXY line with a LF in it": `PROXY UNKNOWN a\nX: y\r\n${PLAIN}`,
  "behind a long PROXY line": `PROXY UNKNOWN ${"x".repeat(600)}\r\n${PLAIN}`,
  "behind a PROXY header, later": ["PROXY UNKNOWN\r\n", first(), PLAIN],
  ...Object.fromEntries(Object.entries(LINES).map(([what, line]) => [`line: ${what}`, ask(line)])),
  ...Object.fromEntries(Object.entries(HOSTS).map(([what, host]) => [`host: ${what}`, ask("GET / HTTP/1.1", host)])),
};

/** Requests for `blocked.example`, or for it as well, each of which one server or another serves. */
export const PLAIN_TRICKS: Readonly<Record<string, Pieces>> = Object.fromEntries(
  Object.entries(TEXTS).map(([what, text]) => [what, [text].flat().map((piece) => Buffer.from(piece, "latin1"))]),
);

const BASE = partsOf(CURL_HELLO);
const NAME = nameEntry(BLOCKED);
const OTHER = nameEntry("x", 1);

function hello(...lists: readonly Buffer[]): Buffer {
  return recordsOf(messageOf(naming(BASE, ...lists)));
}

const ONE = hello(nameList(NAME));
const AGAIN = askingAgain(naming(BASE, nameList(nameEntry("ok.example"))));
const WARNING = Buffer.from("15030100020100", "hex");

/** Hellos for `blocked.example`, and one for the target itself. */
export const HELLO_TRICKS: Readonly<Record<string, Buffer>> = {
  "no trick: the target's own name": hello(nameList(nameEntry("ok.example"))),
  plain: ONE,
  "a name with a port": hello(nameList(nameEntry(`${BLOCKED}:443`))),
  "a star": hello(nameList(nameEntry(`*.${BLOCKED}`))),
  "a byte beyond ASCII": hello(nameList(nameEntry(`\xff.${BLOCKED}`))),
  "a name over 253": hello(nameList(nameEntry(`${"a.".repeat(125)}${BLOCKED}`))),
  "another kind of name before": hello(nameList(OTHER, NAME)),
  "another kind of name behind": hello(nameList(NAME, OTHER)),
  "two names": hello(nameList(nameEntry("ok.example"), NAME)),
  "two lists": hello(nameList(nameEntry("ok.example")), nameList(NAME)),
  "a warning first": Buffer.concat([WARNING, ONE]),
  "a warning between": Buffer.concat([recordsOf(ONE.subarray(5, 60)), WARNING, recordsOf(ONE.subarray(60))]),
  "major version 2": recordsOf(ONE.subarray(5), 16_384, 0x0200),
  "small records": recordsOf(ONE.subarray(5), 3),
  "a second hello": Buffer.concat([recordsOf(messageOf(AGAIN)), ONE]),
  "a second hello behind early data": Buffer.concat([
    recordsOf(messageOf(offeringEarlyData(AGAIN))),
    Buffer.from("170303000100", "hex"),
    ONE,
  ]),
};
