import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIp } from "../core/ip-address.ts";
import { homesInside, ipv4Inside, isWellKnownNat64, nat64PrefixesOf, translated } from "./nat64.ts";

/** The table of RFC 6052 §2.4: 192.0.2.33 behind each length of prefix. */
const RFC_6052: readonly (readonly [bits: number, address: string])[] = [
  [32, "2001:db8:c000:221::"],
  [40, "2001:db8:1c0:2:21::"],
  [48, "2001:db8:122:c000:2:2100::"],
  [56, "2001:db8:122:3c0:0:221::"],
  [64, "2001:db8:122:344:c0:2:2100::"],
  [96, "2001:db8:122:344::192.0.2.33"],
];

function bytesOf(ip: string): Uint8Array {
  return parseIp(ip)?.bytes ?? assert.fail(ip);
}

test("finds the IPv4 address at each of the six places of RFC 6052", () => {
  for (const [bits, address] of RFC_6052) assert.equal(ipv4Inside(bytesOf(address), bits), "192.0.2.33", address);
});

test("an answer for ipv4only.arpa shows prefix and length, and any other address shows none", () => {
  const cases: readonly (readonly [address: string, bits: number | undefined])[] = [
    ["2001:db8:c000:aa::", 32],
    ["2001:db8:1c0:0:aa::", 40],
    ["2001:db8:122:c000:0:aa00::", 48],
    ["2001:db8:122:3c0:0:aa::", 56],
    ["2001:db8:122:344:c0:0:aa00::", 64],
    ["2001:db8:122:344::192.0.0.170", 96],
    ["2001:db8:122:344::192.0.0.171", 96],
    ["64:ff9b::c000:aa", 96],
    ["2001:db8:122:344::192.0.0.172", undefined],
    ["2606:4700::1111", undefined],
    ["192.0.0.170", undefined],
    ["nonsense", undefined],
  ];
  for (const [address, bits] of cases) {
    assert.deepEqual(
      nat64PrefixesOf(address).map((prefix) => prefix.bits),
      bits === undefined ? [] : [bits],
      address,
    );
  }
});

test("an address behind a prefix stands for the IPv4 address inside, whatever else is in it", () => {
  const [prefix = assert.fail()] = nat64PrefixesOf("2a00:77:122:344:c0:0:aa00::");
  assert.equal(translated(bytesOf("2a00:77:122:344:8:808:800::"), prefix), "8.8.8.8");
  assert.equal(translated(bytesOf("2a00:77:122:344:ff08:808:8ff:1"), prefix), "8.8.8.8");
  assert.equal(translated(bytesOf("2a00:77:122:345:8:808:800::"), prefix), undefined);
  assert.equal(translated(bytesOf("8.8.8.8"), prefix), undefined);
});

test("while no prefix is known, an address of a home is seen at each place", () => {
  for (const [ip, inside] of [
    ["2a00:77::192.168.1.1", ["192.168.1.1"]],
    ["2a00:77:a00:1::", ["10.0.0.1"]],
    ["2a00:77:10a:0:1::", ["10.0.0.1"]],
    ["2a00:77:122:a00:0:100::", ["10.0.0.1"]],
    ["2a00:77:122:30a:0:1::", ["10.0.0.1"]],
    ["2a00:77:122:344:a:0:100::", ["10.0.0.1"]],
    ["2a00:77:122:344::127.0.0.1", ["127.0.0.1"]],
    ["2a00:77:122:344::169.254.169.254", ["169.254.169.254"]],
    ["2a00:77:122:344:a:0:100:1", []],
    ["2606:4700:4700::1111", []],
    ["2a00:77::8.8.8.8", []],
  ] as const) {
    assert.deepEqual(homesInside(bytesOf(ip)), inside, ip);
  }
});

test("the well-known prefix is one block and not its neighbours", () => {
  assert.ok(isWellKnownNat64("64:ff9b::808:808"));
  for (const ip of ["64:ff9b:1::808:808", "64:ff9b:0:0:0:1::", "8.8.8.8", "2606:4700::1", "x"]) {
    assert.equal(isWellKnownNat64(ip), false, ip);
  }
});
