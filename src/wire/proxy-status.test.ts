import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ERROR_TABLE } from "../core/error-table.ts";
import { formatProxyStatus, parseProxyStatus } from "./proxy-status.ts";

test("has the form of RFC 9209", () => {
  assert.equal(formatProxyStatus({ error: "dns_error" }), "byway; error=dns_error");
  assert.equal(
    formatProxyStatus({ error: "dns_error", details: 'no "a\\b" …ü😀\r\nx: y\0' }),
    'byway; error=dns_error; details="no \\"a\\\\b\\" ...u???x: y?"',
  );
  assert.equal(formatProxyStatus({ proxy: "exit 1", error: "x y" }), '"exit 1"; error=proxy_internal_error');
});

test("every token of the error table can be sent", () => {
  for (const { token } of Object.values(ERROR_TABLE)) {
    assert.deepEqual(parseProxyStatus(formatProxyStatus({ error: token })), [{ proxy: "byway", error: token }]);
  }
});

test("the RFC's own examples are read", () => {
  assert.deepEqual(parseProxyStatus("ExampleCDN; error=connection_timeout"), [
    { proxy: "ExampleCDN", error: "connection_timeout" },
  ]);
  assert.deepEqual(parseProxyStatus("r34.example.net; error=http_request_error, ExampleCDN"), [
    { proxy: "r34.example.net", error: "http_request_error" },
    { proxy: "ExampleCDN" },
  ]);
  assert.deepEqual(
    parseProxyStatus(
      'ExampleCDN;error="a string";next-hop=backend.example.org:8001;received-status=503;a;b=?0;c=:AA==:',
    ),
    [{ proxy: "ExampleCDN" }],
  );
  assert.deepEqual(parseProxyStatus('"a, \\"b\\"" ,\tc;details="d" '), [
    { proxy: 'a, "b"' },
    { proxy: "c", details: "d" },
  ]);
});

test("a malformed or endless header is nothing", () => {
  const malformed = [
    "",
    " ",
    ",",
    "a,",
    "a,,b",
    "a b",
    "a;",
    "a;=b",
    "a;error=",
    "a;Error=b",
    'a;error="b',
    '"a',
    "(a b)",
    "3",
    "?1",
    "ü",
    "a\n",
    "a;b".repeat(5_000),
    `${"a,".repeat(16)}a`,
    `a${Array.from({ length: 17 }, (_, at) => `;k${at}`).join("")}`,
  ];
  for (const header of malformed) assert.deepEqual(parseProxyStatus(header), [], header.slice(0, 40));
});

test("what is written is read again, printable and cut to 256 characters", () => {
  const text = fc.string({ unit: "binary", maxLength: 300 });
  fc.assert(
    fc.property(text, text, text, (proxy, error, details) => {
      const header = formatProxyStatus({ proxy, error, details });
      assert.match(header, /^[ -~]*$/);
      const [status, ...more] = parseProxyStatus(header);
      assert.deepEqual(more, []);
      assert.ok(status?.error !== undefined);
      assert.match(status.details ?? "", /^[ -~]{0,256}$/);
      if (/^[ -~]*$/.test(details)) assert.equal(status.details, details.slice(0, 256));
    }),
  );
});

test("nothing makes the reader throw", () => {
  const pieces = fc.constantFrom(
    "a",
    ";",
    "=",
    ",",
    " ",
    '"',
    "\\",
    ":",
    "?1",
    "1.5",
    "(",
    "error",
    "details",
    "@1",
    '%"',
  );
  const headers = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(headers, (header) => {
      for (const status of parseProxyStatus(header)) assert.equal(typeof status.proxy, "string");
    }),
    { numRuns: 500 },
  );
});
