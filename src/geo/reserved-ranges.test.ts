import assert from "node:assert/strict";
import { BlockList, isIPv4 } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { ipKey, parseIp, sharesPrefix } from "../core/ip-address.ts";
import { classifyAddress, RESERVED_RANGES } from "./reserved-ranges.ts";

// First and last address of every line of the threat list, and public neighbours where there are any.
const REFUSED: readonly (readonly [prefix: string, ...ips: string[]])[] = [
  ["0.0.0.0/8", "0.0.0.0", "0.255.255.255"],
  ["10.0.0.0/8", "10.0.0.0", "10.255.255.255"],
  ["100.64.0.0/10", "100.64.0.0", "100.127.255.255"],
  ["127.0.0.0/8", "127.0.0.0", "127.0.0.1", "127.255.255.255"],
  ["169.254.0.0/16", "169.254.0.0", "169.254.169.254", "169.254.255.255"],
  ["172.16.0.0/12", "172.16.0.0", "172.31.255.255"],
  ["192.0.0.0/24", "192.0.0.0", "192.0.0.255"],
  ["192.0.2.0/24", "192.0.2.0", "192.0.2.255"],
  ["192.88.99.0/24", "192.88.99.0", "192.88.99.255"],
  ["192.168.0.0/16", "192.168.0.0", "192.168.255.255"],
  ["198.18.0.0/15", "198.18.0.0", "198.19.255.255"],
  ["198.51.100.0/24", "198.51.100.0", "198.51.100.255"],
  ["203.0.113.0/24", "203.0.113.0", "203.0.113.255"],
  ["224.0.0.0/4", "224.0.0.0", "239.255.255.255"],
  ["240.0.0.0/4", "240.0.0.0", "255.255.255.254"],
  ["255.255.255.255/32", "255.255.255.255"],
  ["::/128", "::", "0:0:0:0:0:0:0:0", "::0.0.0.0"],
  ["::1/128", "::1", "0000:0000:0000:0000:0000:0000:0000:0001", "::0.0.0.1"],
  ["::/96", "::2", "::8.8.8.8", "::ffff:ffff"],
  ["::ffff:0:0/96", "::ffff:127.0.0.1", "::ffff:7f00:1", "0:0:0:0:0:ffff:7f00:1", "::FFFF:8.8.8.8", "::ffff:ffff:ffff"],
  ["::ffff:0:0:0/96", "::ffff:0:127.0.0.1", "::ffff:0:808:808"],
  ["64:ff9b::/96", "64:ff9b::", "64:ff9b::127.0.0.1", "64:FF9B::ffff:ffff"],
  ["64:ff9b:1::/48", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"],
  ["100::/64", "100::", "100::ffff:ffff:ffff:ffff"],
  ["100:0:0:1::/64", "100:0:0:1::1"],
  ["2001::/32", "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["2001::/23", "2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["2001:db8::/32", "2001:db8::", "2001:DB8:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["2002::/16", "2002::", "2002:7f00:1::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["3fff::/20", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["5f00::/16", "5f00::", "5f00:ffff::1"],
  ["fc00::/7", "fc00::", "fd00::2", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["fe80::/10", "fe80::", "fe80::1%eth0", "FE80::1%25eth0", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["fec0::/10", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["ff00::/8", "ff00::", "ff02::1%1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["::/0", "1::1", "4000::1", "e000::1", "64:ff9b:2::1", "101::1"],
];

const PUBLIC: readonly string[] = [
  ...["1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0"],
  ...["169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0"],
  ...["192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0"],
  ...["198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255", "8.8.8.8"],
  ...["2000::", "2001:200::", "2001:4860:4860::8888", "2001:db7:ffff::1", "2001:db9::", "2003::", "2606:4700::1111"],
  ...["3ffe:ffff::1", "3fff:1000::", "2A00:1450::1"],
];

for (const [prefix, ...ips] of REFUSED) {
  test(`refuses ${prefix}`, () => {
    for (const ip of ips) assert.equal(classifyAddress(ip)?.prefix, prefix, ip);
  });
}

test("the table of refused addresses has every range", () => {
  const tested = new Set(REFUSED.map(([prefix]) => prefix));
  for (const { prefix, name, rfc } of RESERVED_RANGES) {
    assert.ok(tested.has(prefix), prefix);
    assert.match(rfc, /^RFC \d+$/);
    assert.notEqual(name, "");
  }
});

test("public unicast is nothing reserved", () => {
  for (const ip of PUBLIC) assert.equal(classifyAddress(ip), undefined, ip);
});

test("what is no IP address, or is public but has a zone id, is refused", () => {
  for (const text of ["", "localhost", "127.1", "0x7f.1", "2130706433", "017700000001", "8.8.8.8:53", "[2606::1]"]) {
    assert.equal(classifyAddress(text)?.name, "not an IP address", text);
  }
  for (const text of ["８.8.8.8", "8.8.8.8 ", "8.8.8.08", "1.2.3.4%eth0", "8.8.8.8\0", ":::1"]) {
    assert.notEqual(classifyAddress(text), undefined, text);
  }
  assert.equal(classifyAddress("2606:4700::1%eth0")?.name, "address with a zone id");
});

test("every spelling of an IPv6 address has one key", () => {
  const groups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 8,
    maxLength: 8,
  });
  fc.assert(
    fc.property(groups, fc.boolean(), (values, upper) => {
      const full = values.map((value) => value.toString(16).padStart(4, "0")).join(":");
      const [high = 0, low = 0] = values.slice(6);
      const tail = `${values
        .slice(0, 6)
        .map((value) => value.toString(16))
        .join(":")}:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
      const short = new URL(`http://[${full}]`).hostname.slice(1, -1);
      const key = values.map((value) => value.toString(16).padStart(4, "0")).join("");
      for (const text of [full, tail, short]) assert.equal(ipKey(upper ? text.toUpperCase() : text), key, text);
    }),
  );
});

test("the verdict is that of the platform's block list", () => {
  // One list a family: a list that holds ::ffff:0:0/96 takes every IPv4 address for a member.
  const v4 = new BlockList();
  const v6 = new BlockList();
  for (const { prefix } of RESERVED_RANGES) {
    const [network = "", bits] = prefix.split("/");
    if (isIPv4(network)) v4.addSubnet(network, Number(bits), "ipv4");
    else v6.addSubnet(network, Number(bits), "ipv6");
  }
  fc.assert(
    fc.property(fc.ipV4(), (ip) => {
      assert.equal(classifyAddress(ip) !== undefined, v4.check(ip, "ipv4"), ip);
    }),
  );
  const unicast = fc.tuple(fc.integer({ min: 0x2000, max: 0x3fff }), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(
    fc.property(unicast, ([a, b]) => {
      const ip = `${a.toString(16)}:${b.toString(16)}::1`;
      assert.equal(classifyAddress(ip) !== undefined, v6.check(ip, "ipv6"), ip);
    }),
  );
});

test("any text gets an answer and never an exception", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.ipV6(), fc.ipV4Extended()), (text) => void classifyAddress(text)));
});

test("prefixes are compared bit by bit and never across families", () => {
  const bytes = (text: string): Uint8Array => parseIp(text)?.bytes ?? new Uint8Array();
  assert.equal(sharesPrefix(bytes("10.0.0.0"), bytes("10.1.0.0"), 15), true);
  assert.equal(sharesPrefix(bytes("10.0.0.0"), bytes("10.1.0.0"), 16), false);
  assert.equal(sharesPrefix(bytes("10.0.0.1"), bytes("10.0.0.0"), 31), true);
  assert.equal(sharesPrefix(bytes("10.0.0.1"), bytes("10.0.0.0"), 32), false);
  assert.equal(sharesPrefix(bytes("0.0.0.0"), bytes("::"), 0), false);
});
