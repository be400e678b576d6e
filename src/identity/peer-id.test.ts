import assert from "node:assert/strict";
import { test } from "node:test";
import { generateKeyPair } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import fc from "fast-check";
import { hex, onlyTypedErrors } from "../../test/support/hostile-bytes.ts";
import { isSoundPoint } from "./ed25519-rule.ts";
import { parsePeerId, peerIdFromPublicKey, publicKeyFromPeerId, shortPeerId } from "./peer-id.ts";

// RFC 8032 §7.1, test 1.
const KEY = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
const ID = "k51qzi5uqu5dljtg5upm7x7ugan9lql3ewyknv4r4mhhkwzn8n7cnbd1unfwgq";

test("a key has the peer id that it always had", () => {
  assert.equal(peerIdFromPublicKey(KEY), ID);
});

test("a peer id has 62 characters and leads back to its key", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }).filter(isSoundPoint), (key) => {
      const id = peerIdFromPublicKey(key);
      assert.match(id, /^k51[0-9a-z]{59}$/);
      assert.deepEqual(publicKeyFromPeerId(id), key);
      assert.equal(parsePeerId(id), id);
    }),
  );
});

test("libp2p gives the same ids, in both of its spellings", async () => {
  for (let round = 0; round < 5; round += 1) {
    const theirs = peerIdFromPrivateKey(await generateKeyPair("Ed25519"));
    const ours = peerIdFromPublicKey(theirs.publicKey.raw);
    assert.equal(parsePeerId(theirs.toString()), ours);
    assert.match(theirs.toString(), /^12D3Koo/);
    assert.deepEqual(publicKeyFromPeerId(ours), theirs.publicKey.raw);
  }
});

test("one key has one text of each form", () => {
  const refused = [
    "",
    ID.slice(0, -1),
    `${ID}a`,
    ID.toUpperCase(),
    `K${ID.slice(1)}`,
    ` ${ID}`,
    ID.replace("k51", "k50"),
    "k".padEnd(62, "0"),
    "k".padEnd(10_000, "z"),
    "12D3KooW",
    "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
    "bafzaajaiaejcbv22taayfmikw7kux7wtzfsaooxaof7t3kggewx4cgti64dvcrul",
  ];
  for (const text of refused) {
    assert.throws(() => parsePeerId(text), { code: "ERR_PARAMETER_VALUE" }, text.slice(0, 70));
  }
});

test("any text is a peer id or a typed error", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 70 }), (text) => onlyTypedErrors(() => parsePeerId(text))),
  );
  fc.assert(
    fc.property(fc.nat({ max: 61 }), fc.string({ minLength: 1, maxLength: 1 }), (at, other) => {
      const text = `${ID.slice(0, at)}${other}${ID.slice(at + 1)}`;
      onlyTypedErrors(() => assert.equal(parsePeerId(text), text));
    }),
  );
});

test("messages show the end of an id, where ids differ", () => {
  assert.equal(shortPeerId(ID), "…d1unfwgq");
});
