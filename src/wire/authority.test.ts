import assert from "node:assert/strict";
import { isIPv4, isIPv6 } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { onlyTypedErrors } from "../../test/support/hostile-bytes.ts";
import { formatHostPort } from "../core/network-address.ts";
import { normaliseHost, parseAuthority } from "./authority.ts";

const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  "127.0.0.1": [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "0x7f.1",
    "0X7F.0.0.1",
    "0x7f000001",
    "2130706433",
    "017700000001",
    "0177.0.0.01",
    "127.0.0.1.",
    "１２７.0.0.1",
    "127。0．0｡1",
    "①②⑦.1",
  ],
  "0.0.0.0": ["0", "0x", "0.0"],
  "::ffff:7f00:1": ["0:0:0:0:0:ffff:7f00:1", "::ffff:127.0.0.1", "[::FFFF:127.0.0.1]", "0:0::0:ffff:7f00:0001"],
  "::1": ["::1", "[::1]", "0:0:0:0:0:0:0:1", "0000::0001"],
  "2001:db8::1:0:0:1": ["2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"],
  localhost: ["localhost", "LOCALHOST", "localhost.", "ｌｏｃａｌｈｏｓｔ", "local\u00adhost", "local\u200bhost"],
  "xn--mnchen-3ya.de": ["münchen.de", "MÜNCHEN.DE", "mu\u0308nchen.de", "xn--mnchen-3ya.de"],
  "_dmarc.example": ["_dmarc.example"],
  "1.com": ["1.com"],
};

test("every spelling of a host becomes the same one", () => {
  for (const [canonical, spellings] of Object.entries(SPELLINGS)) {
    for (const spelling of spellings) assert.equal(normaliseHost(spelling), canonical, spelling);
  }
});

test("what is no host is refused", () => {
  const refused = [
    "",
    ".",
    "..",
    "a..",
    "a..b",
    ".a",
    " a",
    "a ",
    "a b",
    "a\tb",
    "a\nb",
    "a\r\nx: y",
    "a\0",
    "\u0085a",
    "\ud800",
    "a%41",
    "a％41",
    "%31%32%37.1",
    "user@a",
    "user＠a",
    "a:80",
    "a：80",
    "127.0.0.1:80",
    "[::1]:80",
    "a/b",
    "a／b",
    "a\\b",
    "a?b",
    "a#b",
    "a,b",
    "a;b",
    'a"b',
    "*.a",
    "a(b)",
    "http://a",
    "fe80::1%eth0",
    "fe80::1%25eth0",
    "[fe80::1%eth0]",
    "[::1",
    "::1]",
    "[[::1]]",
    "[a]",
    "[127.0.0.1]",
    "1::2::3",
    ":::",
    "::ffff:1.2.3",
    "12345::",
    "256.0.0.1",
    "1.2.3.4.5",
    "09",
    "a.0x1",
    "4294967296",
    `${"a".repeat(64)}.b`,
    `${"a".repeat(50)}.`.repeat(5).concat("abcd"),
    "a".repeat(10_000),
    "ü".repeat(200),
  ];
  for (const host of refused) {
    assert.throws(() => normaliseHost(host), { code: "ERR_REQUEST_TARGET" }, JSON.stringify(host));
  }
});

test("a normalised host is plain ASCII and its own normal form, whatever it came from", () => {
  const pieces = fc.constantFrom(
    "127",
    "1",
    "0x7f",
    "０",
    ".",
    "。",
    "a",
    "Ü",
    "ß",
    "-",
    "_",
    ":",
    "[",
    "]",
    "%",
    "xn--",
    "\u200d",
    "e",
  );
  const hosts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 30 }),
    fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(hosts, (host) => {
      onlyTypedErrors(() => {
        const normal = normaliseHost(host);
        assert.match(normal, /^[a-z0-9_.:-]+$/);
        assert.equal(normaliseHost(normal), normal);
        assert.ok(!normal.endsWith("."));
        // Nothing that a resolver or inet_aton would take for an address is left in another spelling.
        if (/(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(normal)) assert.ok(isIPv4(normal), normal);
        if (normal.includes(":")) assert.ok(isIPv6(normal), normal);
      });
    }),
    { numRuns: 500 },
  );
});

test("every number below 2^32 is an IPv4 address in three bases", () => {
  fc.assert(
    fc.property(fc.nat({ max: 0xffffffff }), (number) => {
      const dotted = [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join(".");
      for (const text of [`${number}`, `0x${number.toString(16)}`, `0${number.toString(8)}`, dotted]) {
        assert.equal(normaliseHost(text), dotted);
      }
    }),
  );
});

test("an authority is a host and a port", () => {
  assert.deepEqual(parseAuthority("Example.COM:443"), { host: "example.com", port: 443 });
  assert.deepEqual(parseAuthority("127.1:65535"), { host: "127.0.0.1", port: 65_535 });
  assert.deepEqual(parseAuthority("[0::1]:1"), { host: "::1", port: 1 });
  const refused = [
    "",
    ":",
    ":80",
    "a",
    "a:",
    "a:0",
    "a:65536",
    "a:99999",
    "a:123456",
    "a:080",
    "a:+80",
    "a:-1",
    "a:8 0",
    "a: 80",
    "a:80 ",
    "a:80\n",
    "a:８０",
    "a:80/",
    "a:80:80",
    "::1:80",
    "[::1]",
    "[::1]80",
    "[]:80",
    "[a]:80",
    "u:p@a:80",
    "http://a:80",
    "[fe80::1%eth0]:80",
    `${"a".repeat(300)}:80`,
  ];
  for (const text of refused) {
    assert.throws(() => parseAuthority(text), { code: "ERR_REQUEST_TARGET" }, JSON.stringify(text));
  }
});

test("any authority is refused or comes back as it is written", () => {
  const pieces = fc.constantFrom("a.b", "127.1", "[::1]", ":", "80", "443", "@", "]", "[", ".", "0", "%");
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(pieces, { maxLength: 6 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(texts, (text) => {
      onlyTypedErrors(() => {
        const target = parseAuthority(text);
        assert.deepEqual(parseAuthority(formatHostPort(target)), target);
      });
    }),
    { numRuns: 300 },
  );
});

test("a URL or a port in place of a host is told so", () => {
  for (const host of ["http://example.com/", "example.com:80", "[::1]:80"])
    assert.throws(() => normaliseHost(host), { code: "ERR_REQUEST_TARGET", message: /without scheme and port$/ });
});
