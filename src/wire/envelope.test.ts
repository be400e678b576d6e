import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { test } from "node:test";
import { generateKeyPair } from "@libp2p/crypto/keys";
import { RecordEnvelope } from "@libp2p/peer-record";
import fc from "fast-check";
import { hex, hostileBytes, onlyTypedErrors } from "../../test/support/hostile-bytes.ts";
import { decodeEnvelope, type Envelope, encodeEnvelope, envelopeSigningInput } from "./envelope.ts";

const DOMAIN = "byway-advertisement";
const SAMPLE: Envelope = {
  publicKey: new Uint8Array(32).fill(0xaa),
  payloadType: hex("2f78"),
  payload: hex("010203"),
  signature: new Uint8Array(64).fill(0xbb),
};
const SAMPLE_BYTES = hex(`0a24 08011220 ${"aa".repeat(32)} 1202 2f78 1a03 010203 2a40 ${"bb".repeat(64)}`);
const LARGE: Envelope = { ...SAMPLE, payload: new Uint8Array(1_024).fill(7) };

test("has the form of libp2p RFC 0002", () => {
  assert.deepEqual(encodeEnvelope(SAMPLE), SAMPLE_BYTES);
  assert.deepEqual(decodeEnvelope(SAMPLE_BYTES), SAMPLE);
  assert.deepEqual(decodeEnvelope(encodeEnvelope(LARGE)), LARGE);
  assert.deepEqual(envelopeSigningInput("ab", hex("2f78"), hex("010203")), hex("02 6162 02 2f78 03 010203"));
});

test("js-libp2p opens what is sealed here", async () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const publicKey = new Uint8Array(createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(12));
  for (const payload of [hex("00"), new Uint8Array(127), new Uint8Array(128), LARGE.payload]) {
    const { payloadType } = SAMPLE;
    const signature = new Uint8Array(sign(null, envelopeSigningInput(DOMAIN, payloadType, payload), privateKey));
    const bytes = encodeEnvelope({ publicKey, payloadType, payload, signature });
    const opened = await RecordEnvelope.openAndCertify(bytes, DOMAIN);
    assert.deepEqual(opened.payload, payload);
    assert.deepEqual(opened.publicKey.raw, publicKey);
    await assert.rejects(RecordEnvelope.openAndCertify(bytes, "another"));
  }
});

test("what js-libp2p seals is opened here, and written again byte for byte", async () => {
  const key = await generateKeyPair("Ed25519");
  const record = { domain: DOMAIN, codec: hex("2f78"), marshal: () => LARGE.payload, equals: () => false };
  const bytes = (await RecordEnvelope.seal(record, key)).marshal();
  const envelope = decodeEnvelope(bytes);
  assert.deepEqual(envelope.publicKey, key.publicKey.raw);
  const input = envelopeSigningInput(DOMAIN, envelope.payloadType, envelope.payload);
  const jwk = { kty: "OKP", crv: "Ed25519", x: Buffer.from(envelope.publicKey).toString("base64url") };
  assert.ok(verify(null, input, createPublicKey({ key: jwk, format: "jwk" }), envelope.signature));
  assert.deepEqual(encodeEnvelope(envelope), new Uint8Array(bytes));
});

test("any other form of the same envelope is refused", () => {
  const text = Buffer.from(SAMPLE_BYTES).toString("hex");
  const refused = [
    "",
    text.slice(0, -2),
    `${text}00`,
    `${text}2a00`,
    `${text}${text}`,
    text.replace("12022f78", "1282002f78"),
    text.replace("12022f78", "128280002f78"),
    text.replace("12022f78", "1200"),
    text.replace("12022f78", ""),
    text.replace("12022f781a03010203", "1a0301020312022f78"),
    text.replace("1a03010203", "1a030102032000"),
    text.replace("1a03010203", "1a00"),
    text.replace("0a2408011220", "0a2408001220"),
    text.replace("0a2408011220aa", "0a2308011220"),
    text.replace("2a40bb", "2a3f"),
    text.replace("12022f78", `1241${"2f".repeat(65)}`),
    text.replace("1a03010203", `1a8108${"00".repeat(1_025)}`),
    "00".repeat(2_000),
  ];
  for (const bytes of refused) {
    assert.notEqual(bytes, text);
    assert.throws(() => decodeEnvelope(hex(bytes)), { code: "ERR_ADVERTISEMENT_MALFORMED" }, bytes);
  }
});

test("hostile bytes give typed errors, or an envelope of that very form", () => {
  fc.assert(
    fc.property(hostileBytes([SAMPLE_BYTES, encodeEnvelope(LARGE)]), (bytes) => {
      onlyTypedErrors(() => assert.deepEqual(encodeEnvelope(decodeEnvelope(bytes)), bytes));
    }),
    { numRuns: 500 },
  );
});

test("what could not be read is not written", () => {
  const broken: readonly Partial<Envelope>[] = [
    { publicKey: new Uint8Array(31) },
    { signature: new Uint8Array(65) },
    { payload: new Uint8Array(1_025) },
    { payload: new Uint8Array() },
    { payloadType: new Uint8Array() },
  ];
  for (const part of broken) assert.throws(() => encodeEnvelope({ ...SAMPLE, ...part }), { code: "ERR_INTERNAL" });
});
