import assert from "node:assert/strict";
import { test } from "node:test";
import { CURL_HELLO } from "../../test/support/client-hellos.ts";
import {
  FakePolicy,
  firstBytes,
  helloFor,
  LISTED,
  LISTED_SNI,
  request,
  unclear,
  verdicts,
} from "../../test/support/first-bytes-looks.ts";
import {
  askingAgain,
  messageOf,
  nameEntry,
  nameList,
  naming,
  offeringEarlyData,
  partsOf,
  recordsOf,
} from "../../test/support/odd-hellos.ts";
import { EGRESS_LIMITS } from "./limits.ts";

test("the next request of a stream is judged like the first, wherever a body ends", () => {
  const good = request("a.example").toString();
  const bad = request("bad.example").toString();
  const sized = "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\n\r\n";
  const chunked = "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n";
  const upgrade = "GET / HTTP/1.1\r\nHost: a.example\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n";
  const rows: readonly (readonly [string, readonly string[], unknown])[] = [
    ["a request", [good, bad], LISTED],
    ["in one piece", [good + bad], LISTED],
    ["after others", [good, good, good, bad], LISTED],
    ["behind empty lines", [good, "\r\n", bad], LISTED],
    ["behind a body", [sized, "{}", "{}", bad], LISTED],
    ["behind a body in one piece", [`${sized}1234${bad}`], LISTED],
    ["behind chunks", [chunked, "4\r\nab", "cd\r\n", "0\r\n", "\r\n", bad], LISTED],
    ["behind chunks in one piece", [`${chunked}4\r\nabcd\r\n0\r\n\r\n${bad}`], LISTED],
    ["odd chunks", [chunked, "4\nabcd\r\n"], unclear("body")],
    [
      "a body that begins as a request",
      [sized.replace("4", "40"), "GET / HTTP/1.1\r\nHost: bad.example\r\n\r\n"],
      unclear("body"),
    ],
    ["a body that is half a request", [sized, "GET ", "/ HTTP/1.1\r\nHost: bad.example\r\n\r\n"], unclear("body")],
    ["an upgrade to HTTP/2", [upgrade, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], unclear("request line")],
    ["an upgrade that is not taken", [upgrade, bad], LISTED],
    [
      "a hello behind CONNECT",
      ["CONNECT a.example:1 HTTP/1.1\r\n\r\n", helloFor("bad.example").toString("latin1")],
      LISTED_SNI,
    ],
    ["a frame of a WebSocket", [upgrade, "\x81\x85a(cd"], "open"],
    ["frames of a WebSocket", [upgrade, "\x81\x85a(cd", "e\n"], "end"],
  ];
  for (const [what, pieces, expected] of rows) {
    assert.deepEqual(verdicts(firstBytes("a.example"), ...pieces).at(-1), expected, what);
    assert.deepEqual(verdicts(firstBytes("a.example", new FakePolicy(false, false)), ...pieces), ["pass", "end"], what);
  }
  const body = "x".repeat(100_000);
  const long = verdicts(firstBytes("a.example"), sized.replace("4", String(body.length)), body, good);
  assert.deepEqual(new Set(long), new Set(["pass"]));
});

test("a PROXY header that servers end in several places is refused", () => {
  for (const header of ["PROXY UNKNOWN\nX: y\r\n", "PROXY UNKNOWN\rX: y\r\n", `PROXY ${"x".repeat(600)}\r\n`]) {
    const bytes = Buffer.concat([Buffer.from(header), request("bad.example")]);
    assert.deepEqual(verdicts(firstBytes("a.example"), bytes), [unclear("PROXY header")], header);
    assert.equal(verdicts(firstBytes("a.example", new FakePolicy(false, false)), bytes).at(-1), "end");
  }
});

test("a PROXY header hides no request and no hello", () => {
  const headers = ["PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY UNKNOWN\r\n", "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"];
  for (const header of headers) {
    for (const [inner, expected] of [
      [request("bad.example"), LISTED],
      [helloFor("bad.example"), LISTED_SNI],
    ] as const) {
      const whole = Buffer.concat([Buffer.from(header, "latin1"), inner]);
      assert.deepEqual(verdicts(firstBytes("a.example"), whole).at(-1), expected);
      assert.deepEqual(
        verdicts(firstBytes("a.example"), ...[...whole].map((byte) => Buffer.from([byte]))).at(-1),
        expected,
      );
    }
  }
});

test("a second hello is judged like the first, and what else follows a hello passes", () => {
  const base = partsOf(CURL_HELLO);
  const first = recordsOf(messageOf(askingAgain(naming(base, nameList(nameEntry("a.example"))))));
  const early = recordsOf(messageOf(offeringEarlyData(askingAgain(naming(base, nameList(nameEntry("a.example")))))));
  const second = helloFor("bad.example");
  const change = Buffer.from("140303000101", "hex");
  const data = Buffer.from(`1703030010${"00".repeat(16)}`, "hex");
  const rows: readonly (readonly [string, readonly Buffer[], unknown])[] = [
    ["at once", [first, second], LISTED_SNI],
    ["in one piece", [Buffer.concat([first, second])], LISTED_SNI],
    ["behind a change of cipher", [first, change, second], LISTED_SNI],
    ["behind early data", [early, data, data.subarray(0, 7), data.subarray(7), second], LISTED_SNI],
    ["in small records", [first, recordsOf(second.subarray(5), 1)], LISTED_SNI],
    ["an end of the handshake", [first, change, data], "end"],
    ["a key of TLS 1.2", [first, Buffer.from("160303000610000002aabb", "hex")], "end"],
  ];
  for (const [what, pieces, expected] of rows) {
    assert.deepEqual(verdicts(firstBytes("a.example"), ...pieces).at(-1), expected, what);
  }
  const much = Buffer.alloc(5 + 16_384);
  much.set([0x17, 3, 3, 0x40, 0]);
  const most = Math.ceil(EGRESS_LIMITS.maxBeforeSecondHello.value / much.length);
  const records = Array.from({ length: most }, () => much);
  assert.equal(
    verdicts(firstBytes("a.example"), early, ...records.slice(1), second)
      .at(-1)
      ?.toString(),
    LISTED_SNI.toString(),
  );
  assert.equal(verdicts(firstBytes("a.example"), early, ...records, much).at(-1), "end");
  const changes = Array.from(
    { length: Math.ceil(EGRESS_LIMITS.maxBeforeSecondHello.value / change.length) },
    () => change,
  );
  assert.deepEqual(
    verdicts(firstBytes("a.example"), first, Buffer.concat([...changes, change])).at(-1),
    unclear("TLS hello"),
  );
});

test("an end is an empty line to some servers", () => {
  const begun = Buffer.from("GET / HTTP/1.1\r\nHost: bad.example");
  for (const judgesHosts of [true, false]) {
    const look = firstBytes("a.example", new FakePolicy(false, judgesHosts));
    assert.equal(look.look(begun), "more");
    assert.throws(() => look.end(begun), { code: "ERR_POLICY_LISTED" });
  }
  const other = firstBytes("a.example");
  const harmless = Buffer.from("GET key");
  assert.equal(other.look(harmless), "open");
  other.end(harmless);
});
