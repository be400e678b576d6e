import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { onlyTypedErrors } from "../../test/support/hostile-bytes.ts";
import { formatConnectUdpPath, parseConnectUdpPath } from "./connect-udp-path.ts";

const PATHS: readonly (readonly [string, { readonly host: string; readonly port: number }])[] = [
  ["/.well-known/masque/udp/192.0.2.6/443/", { host: "192.0.2.6", port: 443 }],
  ["/.well-known/masque/udp/2001%3Adb8%3A%3A42/53/", { host: "2001:db8::42", port: 53 }],
  ["/.well-known/masque/udp/target.example.com/65535/", { host: "target.example.com", port: 65_535 }],
];

test("has the form of RFC 9298", () => {
  for (const [path, target] of PATHS) {
    assert.equal(formatConnectUdpPath(target), path);
    assert.deepEqual(parseConnectUdpPath(path), target);
  }
  assert.deepEqual(parseConnectUdpPath("/.well-known/masque/udp/0x7f.1/53/").host, "127.0.0.1");
  assert.deepEqual(parseConnectUdpPath("/.well-known/masque/udp/%3a%3a1/53/").host, "::1");
  assert.deepEqual(parseConnectUdpPath("/.well-known/masque/udp/m%C3%BCnchen.de/53/").host, "xn--mnchen-3ya.de");
});

test("other paths are refused", () => {
  const refused = [
    "",
    "/",
    "/.well-known/masque/udp/",
    "/.well-known/masque/udp/a/53",
    "/.well-known/masque/udp/a/53/?x",
    "/.well-known/masque/udp/a/53/x",
    "/.well-known/masque/udp/a/0/",
    "/.well-known/masque/udp//53/",
    "/.well-known/masque/udp/a/b/53/",
    "/.well-known/masque/udp/::1/53/",
    "/.well-known/masque/udp/%5B%3A%3A1%5D/53/",
    "/.well-known/masque/udp/fe80%3A%3A1%25eth0/53/",
    "/.well-known/masque/udp/a%2Fb/53/",
    "/.well-known/masque/udp/a%3A80/53/",
    "/.well-known/masque/udp/%2531/53/",
    "/.well-known/masque/udp/%FF/53/",
    "/.well-known/masque/udp/%zz/53/",
    "/.well-known/masque/udp/a\n/53/",
    "/.well-known/masque/tcp/a/53/",
    `/.well-known/masque/udp/a${"%E2%80%8B".repeat(200)}/53/`,
  ];
  for (const path of refused) assert.throws(() => parseConnectUdpPath(path), { code: "ERR_REQUEST_TARGET" }, path);
  assert.throws(() => formatConnectUdpPath({ host: "\ud800", port: 1 }), { code: "ERR_REQUEST_TARGET" });
});

test("any path is a target or a typed error", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.webSegment(), (text, segment) => {
      onlyTypedErrors(() => parseConnectUdpPath(text));
      onlyTypedErrors(() => parseConnectUdpPath(`/.well-known/masque/udp/${text}/53/`));
      onlyTypedErrors(() => parseConnectUdpPath(`/.well-known/masque/udp/${segment}/53/`));
    }),
  );
});
