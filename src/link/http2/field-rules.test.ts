import assert from "node:assert/strict";
import { test } from "node:test";
import { type FieldsOf, fieldFault } from "./field-rules.ts";

const CONNECT = [":method", "CONNECT", ":authority", "a.example:443"];
const GET = [":method", "GET", ":scheme", "https", ":authority", "a.example", ":path", "/x?y"];
const UDP = [
  ...[":method", "CONNECT", ":protocol", "connect-udp", ":scheme", "https", ":authority", "a.example"],
  ...[":path", "/.well-known/masque/udp/192.0.2.1/53/", "capsule-protocol", "?1"],
];
const OK = [":status", "200"];

function replaced(fields: readonly string[], name: string, value: string): readonly string[] {
  return fields.map((part, at) => (at % 2 === 1 && fields[at - 1] === name ? value : part));
}

function without(fields: readonly string[], name: string): readonly string[] {
  return fields.filter((_, at) => fields[at - (at % 2)] !== name);
}

test("allows what RFC 9113 and RFC 8441 allow", () => {
  const allowed: readonly (readonly [FieldsOf, readonly string[]])[] = [
    ["request", CONNECT],
    ["request", GET],
    ["request", UDP],
    ["request", [":path", "/", ":method", "m-search", ":scheme", "http"]],
    ["request", [":method", "OPTIONS", ":scheme", "https", ":path", "*", ":authority", "a"]],
    [
      "request",
      [...GET, "te", "trailers", "x-y_z.0!#$%&'*+-^`|~", "a\tb  c\x80\xff", "cookie", "a", "cookie", "b", "empty", ""],
    ],
    ["response", OK],
    ["response", [":status", "103", "link", "<a>"]],
    ["response", [":status", "599", "server", "x"]],
    ["trailers", ["x", "y"]],
    ["trailers", []],
  ];
  for (const [of, fields] of allowed) assert.equal(fieldFault(fields, of), undefined, fields.join(" "));
});

test("refuses names and values with forbidden characters (§8.2.1)", () => {
  for (let code = 0; code < 256; code += 1) {
    const character = String.fromCharCode(code);
    const isName = /[!#$%&'*+\-.^_`|~0-9a-z]/.test(character);
    for (const name of [`x${character}`, `${character}x`, `x${character}x`]) {
      const fault = fieldFault([...OK, name, "v"], "response");
      assert.equal(fault === undefined, isName, `${code} in a name`);
    }
    const isValue = code === 9 || (code >= 32 && code !== 127);
    const isEnd = isValue && code !== 9 && code !== 32;
    assert.equal(fieldFault([...OK, "x", `v${character}v`], "response") === undefined, isValue, `${code} in a value`);
    assert.equal(fieldFault([...OK, "x", `${character}v`], "response") === undefined, isEnd, `${code} before a value`);
    assert.equal(fieldFault([...OK, "x", `v${character}`], "response") === undefined, isEnd, `${code} behind a value`);
  }
  assert.ok(fieldFault([...OK, "", "v"], "response"));
  assert.ok(fieldFault(replaced(CONNECT, ":authority", "a\r\nb"), "request"));
  assert.ok(fieldFault(replaced(GET, ":path", "/ "), "request"));
});

test("refuses fields of HTTP/1 connections (§8.2.2)", () => {
  for (const name of ["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"]) {
    assert.equal(fieldFault([...GET, name, "x"], "request"), `${name} belongs to HTTP/1`);
    assert.equal(fieldFault([...OK, name, "x"], "response"), `${name} belongs to HTTP/1`);
    assert.equal(fieldFault([name, "x"], "trailers"), `${name} belongs to HTTP/1`);
  }
  for (const value of ["", "gzip", "trailers, gzip", "Trailers"])
    assert.ok(fieldFault([...GET, "te", value], "request"));
});

test("pseudo-fields come first, once, and where they belong (§8.3)", () => {
  assert.ok(fieldFault(["x", "y", ...GET], "request"));
  assert.ok(fieldFault([...without(GET, ":authority"), "x", "y", ":authority", "a.example"], "request"));
  assert.ok(fieldFault([...GET.slice(0, 2), "x", "y", ...GET.slice(2)], "request"));
  for (let at = 0; at < UDP.length - 2; at += 2) {
    const twice = [...UDP.slice(at, at + 2), ...UDP];
    assert.equal(fieldFault(twice, "request"), `${UDP[at]} comes twice`);
  }
  assert.ok(fieldFault([...OK, ...OK], "response"));
  assert.ok(fieldFault([...GET, ...OK], "request"));
  assert.ok(fieldFault([...OK, ...GET], "response"));
  for (const name of [":x", ":", ":Method", ":METHOD", ": method"])
    assert.ok(fieldFault([name, "x", ...GET], "request"));
  assert.ok(fieldFault(OK, "trailers"));
  assert.ok(fieldFault(["x", "y", ...GET.slice(0, 2)], "trailers"));
});

test("a request has the pseudo-fields of its kind (§8.3.1, §8.5, RFC 8441 §4)", () => {
  assert.ok(fieldFault([], "request"));
  for (const name of [":method", ":scheme", ":path"]) {
    assert.ok(fieldFault(without(GET, name), "request"), `GET without ${name}`);
    assert.ok(fieldFault(replaced(GET, name, ""), "request"), `GET with an empty ${name}`);
    assert.ok(fieldFault(without(UDP, name), "request"), `an extended CONNECT without ${name}`);
  }
  for (const method of ["G T", "GET/", "(", "\xe9"]) assert.ok(fieldFault(replaced(GET, ":method", method), "request"));
  for (const path of ["x", "*", "http://a/"]) assert.ok(fieldFault(replaced(GET, ":path", path), "request"));
  for (const scheme of ["1", "ht tp", "http:"]) assert.ok(fieldFault(replaced(GET, ":scheme", scheme), "request"));
  for (const fields of [CONNECT, UDP]) {
    assert.equal(fieldFault(without(fields, ":authority"), "request"), "CONNECT without :authority");
    assert.equal(fieldFault(replaced(fields, ":authority", ""), "request"), "CONNECT without :authority");
  }
  assert.equal(fieldFault([":scheme", "https", ...CONNECT], "request"), "CONNECT with :scheme or :path");
  assert.equal(fieldFault([":path", "/", ...CONNECT], "request"), "CONNECT with :scheme or :path");
  assert.equal(fieldFault([":protocol", "websocket", ...GET], "request"), ":protocol without CONNECT");
});

test("an answer has a status (§8.3.2), and never 101 (§8.6)", () => {
  assert.ok(fieldFault([], "response"));
  assert.ok(fieldFault(["x", "y"], "response"));
  for (const status of ["", "20", "2000", "099", "abc", "2 0", "+20", "0200", "101"]) {
    assert.ok(fieldFault([":status", status], "response"), status);
  }
});
