import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { normaliseHost } from "../../wire/authority.ts";
import { rangeText } from "./address-range.ts";
import { type LineKind, normaliseListedName, readListLine } from "./read-list-line.ts";

function read(line: string): { kind: LineKind; entries: string[] } {
  const entries: string[] = [];
  const kind = readListLine(line, {
    name: (name, below) => entries.push(below ? `.${name}` : name),
    range: (range) => entries.push(rangeText(range)),
  });
  return { kind, entries };
}

/** What each line names: `.name` with all below it, `name` alone. */
const LINES: readonly (readonly [line: string, ...entries: string[]])[] = [
  // Hosts files.
  ["0.0.0.0 a.example b.example # x", "a.example", "b.example"],
  ["127.0.0.1\tA.Example.", "a.example"],
  ["::1 a.example", "a.example"],
  [":: a.example localhost", "a.example"],
  ["0.0.0.0 intranet-host", "intranet-host"],
  ["192.0.2.7 a.example", "a.example"],
  // Lists of names.
  ["example.com", ".example.com"],
  ["  EXAMPLE.com.  ", ".example.com"],
  ["\uFEFFexample.com", ".example.com"],
  [".example.com", ".example.com"],
  ["*.example.com", ".example.com"],
  ["+.example.com", ".example.com"],
  [".zip", ".zip"],
  ["example.com # why", ".example.com"],
  ["example.com // why", ".example.com"],
  ["example.com;why", ".example.com"],
  ["domain:example.com", ".example.com"],
  ["full:example.com", "example.com"],
  ["bücher.example", ".xn--bcher-kva.example"],
  ["XN--BCHER-KVA.example", ".xn--bcher-kva.example"],
  ["ｆｕｌｌ.example", ".full.example"],
  ["_dmarc.example.com", "._dmarc.example.com"],
  ["||example.com^", ".example.com"],
  ["||zip^", ".zip"],
  ["||example.com^|", ".example.com"],
  ["||example.com^$important,all", ".example.com"],
  ["||192.0.2.7^", "192.0.2.7"],
  ["address=/example.com/0.0.0.0", ".example.com"],
  ["address=/a.example/b.example/", ".a.example", ".b.example"],
  ["server=/example.com/", ".example.com"],
  ["local=/example.com/", ".example.com"],
  // Addresses.
  ["1.2.3.0/24 ; SBL1", "1.2.3.0/24"],
  ["1.2.3.4/24", "1.2.3.0/24"],
  ["1.2.3.4", "1.2.3.4"],
  ["1.2.3.4/32 # x", "1.2.3.4"],
  ["2001:DB8::/32", "2001:db8::/32"],
  ["2001:db8:0::1", "2001:db8::1"],
  ["::ffff:1.2.3.4", "::ffff:102:304"],
  ["1.2.3.0-1.2.3.255", "1.2.3.0/24"],
  ["1.2.3.4 - 1.2.3.9", "1.2.3.4-1.2.3.9"],
  ["2001:db8::1-2001:db8::5", "2001:db8::1-2001:db8::5"],
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["[2001:db8::1]", "2001:db8::1"],
  ["[2001:db8::]/32", "2001:db8::/32"],
  ["[2001:db8::/32]", "2001:db8::/32"],
  ["[2001:db8::1]-[2001:db8::5]", "2001:db8::1-2001:db8::5"],
  ["[2001:db8::1] # why", "2001:db8::1"],
  ["[2001:db8::1] malware", "2001:db8::1"],
  ["||[2001:db8::1]^", "2001:db8::1"],
  ["[192.0.2.7]", "192.0.2.7"],
  ["1.2.3.4\t17", "1.2.3.4"],
  ["1.2.3.4 malware", "1.2.3.4"],
  ["1.2.3.0\t1.2.3.255\t24\t1234\tNAME", "1.2.3.0/24"],
  ['{"cidr":"1.10.16.0/20","sblid":"SBL256894","rir":"apnic"}', "1.10.16.0/20"],
];

for (const [line, ...entries] of LINES) {
  test(`the line ${JSON.stringify(line)} names ${entries.join(", ")}`, () => {
    assert.deepEqual(read(line), { kind: "entry", entries });
  });
}

for (const line of [
  "",
  " \t ",
  "# 0.0.0.0 a.example",
  "; Spamhaus DROP List",
  "! Title: a list",
  "// a.example",
  "[Adblock Plus 2.0]",
  "[a list of example.com]",
  "[hosts]",
  "127.0.0.1 localhost",
  "127.0.0.1 localhost.localdomain",
  "255.255.255.255 broadcasthost",
  "::1 ip6-localhost ip6-loopback",
  "fe80::1%lo0 localhost",
  "ff02::1 ip6-allnodes",
  "0.0.0.0 0.0.0.0",
  "localhost",
  '{"type":"metadata","timestamp":1,"size":2}',
]) {
  test(`the line ${JSON.stringify(line)} is passed over`, () => {
    assert.deepEqual(read(line), { kind: "nothing", entries: [] });
  });
}

for (const line of [
  "word",
  "two words",
  "example.com other.example",
  "https://example.com/path",
  "example.com/path",
  "example.com:443",
  "[2001:db8::1]:443",
  "[2001:db8::1",
  "2001:db8::1]",
  "[example.com]",
  "[[2001:db8::1]]",
  "[2001:db8::1]x",
  "example.com##.banner",
  "@@||example.com^",
  "||example.com^$third-party",
  "||example.com/ads^",
  "||*.example.com^",
  "/banner[0-9]+/",
  "a*.example.com",
  "a..example.com",
  `${"a".repeat(64)}.example`,
  `${"a.".repeat(127)}example`,
  "1.2.3.4.5.6",
  "127.1",
  "0x7f.1",
  "1.2.3.0/33",
  "2001:db8::/129",
  "1.2.3.9-1.2.3.4",
  "1.2.3.4-2001:db8::1",
  "1.2.3.4 9.8.7.6",
  "0.0.0.0 8.8.8.8",
  "127.0.0.1 9.9.9.9",
  "address=/#/",
  "address=//",
  '{"cidr":"nonsense"}',
  '{"cidr":',
  "{}",
  "\0\0\0\0",
  "a\0b.example",
  "a\u200bb.example\u0007",
  "\ud800.example",
  "<html>",
]) {
  test(`the line ${JSON.stringify(line).slice(0, 60)} is unread`, () => {
    assert.deepEqual(read(line), { kind: "unread", entries: [] });
  });
}

test("any line is told without an error, and names only what targets are spelt as", () => {
  const parts = fc.constantFrom(
    "||",
    "^",
    "*.",
    ".",
    "a",
    "xn--",
    "1.2.3.4",
    "::",
    "/",
    " ",
    "#",
    "ü",
    "-",
    "{",
    '"cidr":',
  );
  const lines = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(parts).map((each) => each.join("")),
  );
  fc.assert(
    fc.property(lines, (line) => {
      const { kind } = read(line);
      assert.ok(kind === "entry" || kind === "nothing" || kind === "unread");
      readListLine(line, { name: (name) => assert.equal(normaliseHost(name), name), range: () => {} });
    }),
    { numRuns: 2000 },
  );
});

test("a plain name is normalised as a target is", () => {
  const labels = fc.string({ unit: fc.constantFrom(..."abzAZ09-_üß."), minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(labels, (text) => {
      let wanted: string | undefined;
      try {
        wanted = normaliseHost(text);
      } catch {
        // Refused, then.
      }
      // What is an address is read as one elsewhere.
      if (wanted !== undefined && /^[\d.]+$/.test(wanted)) wanted = undefined;
      if (wanted !== undefined) assert.equal(normaliseListedName(text), wanted);
      else assert.equal(normaliseListedName(text), undefined);
    }),
    { numRuns: 5000 },
  );
});
