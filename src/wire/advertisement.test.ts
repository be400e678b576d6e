import assert from "node:assert/strict";
import { test } from "node:test";
import { encode, rfc8949EncodeOptions } from "cborg";
import fc from "fast-check";
import { hex, hostileBytes, onlyTypedErrors } from "../../test/support/hostile-bytes.ts";
import { type Advertisement, decodeAdvertisement, encodeAdvertisement } from "./advertisement.ts";

const PEER = "k51qzi5uqu5dljtg5upm7x7ugan9lql3ewyknv4r4mhhkwzn8n7cnbd1unfwgq";
const SMALL: Advertisement = {
  v: 1,
  peer: PEER,
  seq: 1,
  issuedAtSec: 1_800_000_000,
  expiresAtSec: 1_800_007_200,
  roles: ["exit"],
  endpoints: [{ host: "192.0.2.1", port: 443 }],
  protocols: ["tcp"],
  policy: { acceptedPorts: [{ first: 443, last: 443 }] },
  software: "byway/0.1.0",
};
const FULL: Advertisement = {
  ...SMALL,
  seq: Number.MAX_SAFE_INTEGER,
  roles: ["relay", "exit"],
  endpoints: [
    { host: "192.0.2.1", port: 443 },
    { host: "2001:db8::1", port: 65_535 },
  ],
  via: [PEER],
  country: "de",
  region: "Hesse",
  city: "Frankfurt am Main",
  asn: 4_294_967_295,
  isp: "Example Telecom",
  network: "residential",
  upMbps: 40,
  downMbps: 250,
  protocols: ["tcp", "udp"],
  availability: { last7Days: 1, last30Days: 0.9973 },
  upSinceSec: 1_790_000_000,
  load: 0.25,
  price: { microUsdcPerGiB: 100_000n, microUsdcPerRequest: 0n },
  policy: {
    acceptedPorts: [
      { first: 1, last: 24 },
      { first: 26, last: 464 },
      { first: 466, last: 586 },
      { first: 588, last: 2_524 },
      { first: 2_526, last: 65_535 },
    ],
  },
  family: [PEER, "family-1"],
  pay: { chainId: 8_453, contract: `0x${"ab".repeat(20)}`, payee: `0x${"0f".repeat(20)}` },
};

function withWire(change: Readonly<Record<string, unknown>>): Uint8Array {
  const wire: Record<string, unknown> = {
    v: 1,
    peer: PEER,
    seq: 1,
    issuedAt: 1_800_000_000,
    expiresAt: 1_800_007_200,
    roles: ["exit"],
    endpoints: ["192.0.2.1:443"],
    protocols: ["tcp"],
    policy: { ports: [[443, 443]] },
    software: "byway/0.1.0",
    ...change,
  };
  return encode(wire, { ...rfc8949EncodeOptions, ignoreUndefinedProperties: true });
}

test("has always the same bytes", () => {
  const bytes = hex(`aa
    6176 01
    63736571 01
    6470656572 783e ${Buffer.from(PEER).toString("hex")}
    65726f6c6573 81 6465786974
    66706f6c696379 a1 65706f727473 81 82 1901bb 1901bb
    686973737565644174 1a6b49d200
    68736f667477617265 6b62797761792f302e312e30
    69656e64706f696e7473 81 6d3139322e302e322e313a343433
    69657870697265734174 1a6b49ee20
    6970726f746f636f6c73 81 63746370`);
  assert.deepEqual(encodeAdvertisement(SMALL), bytes);
  assert.deepEqual(decodeAdvertisement(bytes), SMALL);
});

test("every field comes back as it went in", () => {
  assert.deepEqual(decodeAdvertisement(encodeAdvertisement(FULL)), FULL);
  assert.deepEqual(
    Object.keys(FULL).toSorted(),
    [
      "asn availability city country downMbps endpoints expiresAtSec family isp issuedAtSec load network pay peer policy",
      "price protocols region roles seq software upMbps upSinceSec v via",
    ]
      .join(" ")
      .split(" "),
  );
});

test("keys to come are passed over", () => {
  const bytes = withWire({ zz: { deep: [1, [2, [3]], "ü", new Uint8Array(3), true, null] }, pay2: -1, "": 0.5 });
  assert.deepEqual(decodeAdvertisement(bytes), SMALL);
});

test("a field that is missing, of another type or out of range is named", () => {
  const faults: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    ...["v", "peer", "seq", "issuedAt", "expiresAt", "roles", "endpoints", "protocols", "policy", "software"].flatMap(
      (key) => [
        [key, { [key]: undefined }] as const,
        [key, { [key]: null }] as const,
        [key, { [key]: new Map() }] as const,
      ],
    ),
    ["v", { v: 2 }],
    ["peer", { peer: PEER.toUpperCase() }],
    ["peer", { peer: `${PEER}\n` }],
    ["seq", { seq: -1 }],
    ["seq", { seq: 2n ** 53n }],
    ["seq", { seq: 1.5 }],
    ["issuedAt", { issuedAt: 2 ** 41 }],
    ["expires", { expiresAt: 1_800_000_000 }],
    ["roles", { roles: ["Exit"] }],
    ["roles", { roles: ["a".repeat(33)] }],
    ["roles", { roles: Array(17).fill("a") }],
    ["endpoints", { endpoints: ["example.com:443"] }],
    ["endpoints", { endpoints: ["a:443"] }],
    ["endpoints", { endpoints: ["127.1:443"] }],
    ["endpoints", { endpoints: ["192.0.2.1:0"] }],
    ["endpoints", { endpoints: ["192.0.2.1"] }],
    ["endpoints", { endpoints: ["[2001:db8:0::1]:1"] }],
    ["via", { via: ["x"] }],
    ["country", { country: "DE" }],
    ["country", { country: "deu" }],
    ["region", { region: "" }],
    ["region", { region: " x" }],
    ["city", { city: "a\nb" }],
    ["city", { city: "a\u001b[31m" }],
    ["city", { city: "M\u00fcnchen" }],
    ["city", { city: "a".repeat(65) }],
    ["asn", { asn: 0 }],
    ["asn", { asn: 2 ** 32 }],
    ["isp", { isp: 7 }],
    ["network", { network: "Residential" }],
    ["upMbps", { upMbps: -1 }],
    ["downMbps", { downMbps: 1e9 }],
    ["availability", { availability: [1] }],
    ["availability", { availability: [1, 1, 1] }],
    ["availability", { availability: [1, 1.01] }],
    ["load", { load: -0.1 }],
    ["load", { load: "1" }],
    ["price", { price: { microUsdcPerGiB: 1 } }],
    ["price microUsdcPerGiB", { price: { microUsdcPerGiB: -1, microUsdcPerRequest: 0 } }],
    ["price", { price: { microUsdcPerGiB: 2n ** 64n - 1n, microUsdcPerRequest: 0 } }],
    ["policy", { policy: { ports: [[443]] } }],
    ["policy", { policy: { ports: [[443, 80]] } }],
    [
      "policy",
      {
        policy: {
          ports: [
            [1, 80],
            [80, 90],
          ],
        },
      },
    ],
    ["policy", { policy: { ports: [[0, 80]] } }],
    ["policy", { policy: { ports: Array.from({ length: 65 }, (_, at) => [at + 1, at + 1]) } }],
    ["family", { family: [""] }],
    ["pay", { pay: { chainId: 1, contract: new Uint8Array(19), payee: new Uint8Array(20) } }],
    ["software", { software: "a\u007f" }],
  ];
  for (const [field, change] of faults) {
    assert.throws(
      () => decodeAdvertisement(withWire(change)),
      { code: "ERR_ADVERTISEMENT_MALFORMED", message: new RegExp(`^an advertisement (?:has no )?${field} ?`) },
      `${field} ${String(Object.values(change))}`,
    );
  }
});

test("another encoding of the same content is refused", () => {
  const bytes = Buffer.from(encodeAdvertisement(SMALL)).toString("hex");
  const seq = "6373657101";
  const refused = [
    "",
    "a0",
    "01",
    "f6",
    `${bytes}00`,
    bytes.slice(0, -2),
    bytes.replace(/^aa/, "bf").concat("ff"),
    bytes.replace(/^aa/, "b80a"),
    bytes.replace(/^aa/, "d9d9f7aa"),
    bytes.replace(`617601${seq}`, `${seq}617601`),
    bytes.replace(seq, "637365711801"),
    bytes.replace(seq, "63736571f93c00"),
    bytes.replace(seq, "63736571c24101"),
    bytes.replace(/^aa/, "ab").replace(seq, seq + seq),
    bytes.replace(/^aa/, "ab").replace(/^ab/, "ab01" + "01"),
    bytes.replace(/^aa/, "ab").concat("7a0000000178f97e00"),
    bytes.replace("6b6279776179", "6b627977ff79"),
    "81".repeat(1_024),
    "a1".repeat(600),
    "9b7fffffffffffffff",
    "bb7fffffffffffffff",
    "5b7fffffffffffffff",
  ];
  for (const text of refused) {
    assert.notEqual(text, bytes);
    assert.throws(() => decodeAdvertisement(hex(text)), { code: "ERR_ADVERTISEMENT_MALFORMED" }, text.slice(0, 80));
  }
});

test("more than 1,024 bytes are refused, however they came about", () => {
  assert.throws(() => decodeAdvertisement(withWire({ zz: "a".repeat(900) })), { message: /bytes long$/ });
  const families = Array.from({ length: 16 }, () => PEER);
  assert.throws(() => encodeAdvertisement({ ...FULL, family: families }), { code: "ERR_ADVERTISEMENT_MALFORMED" });
});

test("what could not be read is not written", () => {
  const broken: readonly Partial<Advertisement>[] = [
    { city: "a\nb" },
    { country: "Germany" },
    { load: Number.NaN },
    { seq: -1 },
    { endpoints: [{ host: "example.com", port: 443 }] },
    { endpoints: [{ host: "::0001", port: 443 }] },
    { pay: { chainId: 1, contract: "0xAB", payee: "" } },
    { isp: "\ud800" },
  ];
  for (const part of broken) {
    assert.throws(() => encodeAdvertisement({ ...SMALL, ...part }), { code: "ERR_ADVERTISEMENT_MALFORMED" });
  }
});

test("hostile bytes give typed errors, or an advertisement that can be written", () => {
  fc.assert(
    fc.property(hostileBytes([encodeAdvertisement(SMALL), encodeAdvertisement(FULL)], 1_100), (bytes) => {
      onlyTypedErrors(() => encodeAdvertisement(decodeAdvertisement(bytes)));
    }),
    { numRuns: 1_000 },
  );
});
