import assert from "node:assert/strict";
import { validateHeaderName, validateHeaderValue } from "node:http";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import { FAKE_ROUTE } from "../../test/support/direct-opener.ts";
import { BywayError } from "../core/errors.ts";
import { noNodeError } from "../routing/no-node.ts";
import { parseItemList } from "../wire/structured-item.ts";
import { errorAnswer } from "./answer.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import { type ReportedRequest, reportedFields } from "./reported-fields.ts";
import type { OpenedStream } from "./stream-opener.ts";

const QUIET: ReportedRequest = { ignored: [], debug: false, reused: false };

function told(opened: Partial<OpenedStream>, request: Partial<ReportedRequest> = {}): Readonly<Record<string, string>> {
  const stream = new PassThrough();
  const fields = reportedFields({ stream, route: FAKE_ROUTE, ...opened }, { ...QUIET, ...request });
  return Object.fromEntries(
    fields.flatMap((name, index) => (index % 2 === 0 ? [[name, fields[index + 1] ?? ""]] : [])),
  );
}

test("nothing is told unasked but what changed and what was passed over", () => {
  assert.deepEqual(told({ requestId: "r1" }), {});
  const moved = { from: "k51old", reason: "failed" } as const;
  assert.deepEqual(told({ moved }, { ignored: ["zip", "os=mac os", 'a"b'] }), {
    "byway-ignored": 'zip, "os=mac os", "a\\"b"',
    "byway-session-moved": "k51old;reason=failed",
  });
  assert.deepEqual(told({ moved }, { reused: true }), {});
});

test("the way, the request and its figures are told when asked, and what is not known is not", () => {
  const hop = { peerId: "k51exit", country: "us", asn: 7922 };
  const route = { hops: [{ peerId: "k51guard" }, hop], exit: hop };
  const bytes = () => ({ sent: 12, received: 3456 });
  assert.deepEqual(told({ route, requestId: "r7.x", bytes }, { debug: true }), {
    "byway-exit": "k51exit;country=us;asn=7922",
    "byway-hops": "k51guard, k51exit;country=us;asn=7922",
    "byway-request-id": "r7.x",
    "byway-bytes": "sent=12, received=3456",
    "byway-cost": "0",
  });
  assert.deepEqual(Object.keys(told({}, { debug: true })), ["byway-exit", "byway-hops", "byway-cost"]);
});

test("nothing that is told can become another header, whoever wrote it", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 100 }),
    fc.constantFrom("a\r\nX-Injected: 1", "\n", " ", "", "é", "k51", 'a", b', "a\u0000b"),
  );
  const hop = fc.record({ peerId: text, country: text });
  fc.assert(
    fc.property(hop, text, fc.array(text, { maxLength: 40 }), (exit, id, ignored) => {
      const opened = { route: { hops: [exit], exit }, requestId: id, moved: { from: id, reason: "failed" as const } };
      const fields = told(opened, { ignored, debug: true });
      for (const [name, value] of Object.entries(fields)) {
        validateHeaderName(name);
        validateHeaderValue(name, value);
        assert.match(value, /^[!-~][ -~]*$/);
      }
      const names = parseItemList(fields["byway-ignored"] ?? "", 100, 0);
      assert.equal(names?.length, Math.min(ignored.length, INGRESS_LIMITS.maxReportedIgnored.value));
      const answer = errorAnswer(new BywayError("ERR_TARGET_RESET", id, { data: { requestId: id } }));
      for (const value of answer.headers) assert.match(value, /^[!-~][ -~]*$/);
    }),
  );
});

test("nobody writes a part of a field but the one that is theirs, and what was passed over is told in bounds", () => {
  const exit = { peerId: "k51exit", country: "de;asn=7922" };
  const { "byway-exit": shown } = told({ route: { hops: [exit], exit } }, { debug: true });
  assert.equal(shown, "k51exit");
  assert.deepEqual(told({ moved: { from: "k51old;reason=ended", reason: "failed" } }), {});
  const ignored = Array.from({ length: INGRESS_LIMITS.maxReportedIgnored.value + 1 }, () => "x".repeat(65));
  const { "byway-ignored": list = "" } = told({}, { ignored });
  assert.deepEqual(new Set(list.split(", ")), new Set(["x".repeat(64)]));
  assert.equal(list.split(", ").length, INGRESS_LIMITS.maxReportedIgnored.value);
});

test("a peer id cannot say where its node is, nor a reason begin a header", () => {
  const exit = { peerId: "k51;country=us" };
  const reason = "failed\r\nX-Injected: 1" as "failed";
  const opened = { route: { hops: [exit], exit }, moved: { from: "k51", reason } };
  assert.deepEqual(told(opened, { debug: true }), { "byway-cost": "0" });
});

test("a 503 carries the funnel, in bounds", () => {
  const funnel = [
    { left: 12, what: "exits" },
    { left: 0, what: "in zz" },
  ];
  const body = (error: BywayError): unknown => JSON.parse(errorAnswer(error).body);
  const error = noNodeError("country=zz", funnel);
  const { code, message, remedy } = error;
  assert.deepEqual(body(error), { code, message, remedy, constraint: "country=zz", funnel });
  const steps = Array.from({ length: 500 }, (_, left) => ({ left, what: "x".repeat(5000) }));
  const data = { constraint: "y".repeat(5000), funnel: [null, 1, "x", { left: "x" }, ...steps] };
  const long = errorAnswer(new BywayError("ERR_NO_NODE", "none", { data })).body;
  assert.ok(long.length < 10_000, `${long.length} characters`);
  assert.deepEqual(JSON.parse(long).funnel[0], { left: 0, what: "x".repeat(128) });
});

test("an error names its request where there is one", () => {
  const { headers } = errorAnswer(new BywayError("ERR_TARGET_RESET", "it broke", { data: { requestId: "r9" } }));
  assert.deepEqual(headers.slice(headers.indexOf("byway-request-id")), ["byway-request-id", "r9"]);
  assert.ok(!errorAnswer(new BywayError("ERR_TARGET_RESET", "it broke")).headers.includes("byway-request-id"));
});
