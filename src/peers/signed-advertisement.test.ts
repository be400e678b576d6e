import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BywayError } from "../core/errors.ts";
import { generateIdentity } from "../identity/identity.ts";
import type { Advertisement } from "../wire/advertisement.ts";
import { openAdvertisement, signAdvertisement } from "./signed-advertisement.ts";

const identity = generateIdentity();
const nowSec = 1_800_000_000;
const check = { nowMs: nowSec * 1000, localNetwork: false };
const plain: Advertisement = {
  v: 1,
  peer: identity.peerId,
  seq: 7,
  issuedAtSec: nowSec,
  expiresAtSec: nowSec + 7_200,
  roles: ["relay", "exit"],
  endpoints: [{ host: "8.8.8.8", port: 443 }],
  country: "de",
  protocols: ["tcp"],
  policy: { acceptedPorts: [{ first: 443, last: 443 }] },
  software: "byway/0.1.0",
};

function open(change: Partial<Advertisement>, options = check): Advertisement {
  return openAdvertisement(signAdvertisement({ ...plain, ...change }, identity), options);
}

test("what a peer signs is what others read", () => {
  assert.deepEqual(open({}), plain);
});

test("times: expired, future-dated and too long-lived ones are refused", () => {
  const expired = { issuedAtSec: nowSec - 7_200, expiresAtSec: nowSec };
  assert.throws(() => open(expired), { code: "ERR_ADVERTISEMENT_EXPIRED" });
  assert.throws(() => open({ issuedAtSec: nowSec + 301 }), { code: "ERR_ADVERTISEMENT_FUTURE" });
  assert.equal(open({ issuedAtSec: nowSec + 300 }).seq, 7);
  assert.throws(() => open({ expiresAtSec: nowSec + 7_201 }), { code: "ERR_ADVERTISEMENT_MALFORMED" });
});

test("a number that is ahead of its time is refused: it would outlast all that is told elsewhere", () => {
  assert.equal(open({ seq: (nowSec + 600) * 1000 }).seq, (nowSec + 600) * 1000);
  assert.throws(() => open({ seq: (nowSec + 600) * 1000 + 1 }), { code: "ERR_ADVERTISEMENT_MALFORMED" });
  assert.throws(() => open({ seq: Number.MAX_SAFE_INTEGER }), { code: "ERR_ADVERTISEMENT_MALFORMED" });
});

test("private endpoints are refused but on a local network", () => {
  for (const host of ["127.0.0.1", "192.168.1.1", "10.0.0.1", "fe80::1", "fd00::1", "169.254.169.254"]) {
    const endpoints = [
      { host: "8.8.8.8", port: 1 },
      { host, port: 1 },
    ];
    assert.throws(() => open({ endpoints }), { code: "ERR_ADVERTISEMENT_PRIVATE" }, host);
    assert.equal(open({ endpoints }, { ...check, localNetwork: true }).endpoints.length, 2);
  }
});

test("nobody can sign for another peer", () => {
  const other = generateIdentity();
  assert.throws(() => signAdvertisement(plain, other), { code: "ERR_INTERNAL" });
  // One who says to be that peer has no key but its own to sign with.
  const { publicKey, privateKey } = other;
  const liar = { peerId: identity.peerId, publicKey, privateKey, sign: (bytes: Uint8Array) => other.sign(bytes) };
  assert.throws(() => openAdvertisement(signAdvertisement(plain, liar), check), {
    code: "ERR_ADVERTISEMENT_SIGNATURE",
    message: /names one peer and is signed by another/,
  });
});

test("any changed, cut or added byte is refused with a typed error", () => {
  const envelope = signAdvertisement(plain, identity);
  fc.assert(
    fc.property(fc.nat(envelope.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(2), (at, change, kind) => {
      const altered =
        kind === 0
          ? envelope.with(at, (envelope[at] ?? 0) ^ change)
          : kind === 1
            ? envelope.slice(0, at)
            : Buffer.concat([envelope, Buffer.alloc(at + 1, change)]);
      assert.throws(
        () => openAdvertisement(altered, check),
        (error) => error instanceof BywayError && error.kind === "hop",
      );
    }),
  );
});
