import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIp } from "../core/ip-address.ts";
import type { HostPort } from "../core/network-address.ts";
import { nat64PrefixesOf, translated } from "../geo/nat64.ts";
import { AddressGuard, type AddressGuardOptions, type EgressPurpose } from "./address-guard.ts";
import type { LocalNetwork } from "./local-addresses.ts";
import { wellKnownInside } from "./nat64-watch.ts";

const LOCAL: LocalNetwork = {
  addresses: ["127.0.0.1", "::1", "8.8.4.4", "2606:4700:0:1::5", "192.168.1.5"],
  gateways: ["9.9.9.1", "2606:4700:0000:0009:0000:0000:0000:0001"],
  prefixes: ["127.0.0.1/8", "8.8.4.4/24", "2606:4700:0:1::5/64", "0.0.0.0/0", "::/0"],
};

function guard(options: AddressGuardOptions = {}, listeners: readonly HostPort[] = [], local = LOCAL): AddressGuard {
  return new AddressGuard({ local: () => local, listeners: () => listeners }, options);
}

function refused(of: AddressGuard, ip: string, port: number, message: RegExp, as: EgressPurpose = "target"): void {
  assert.throws(() => of.check(ip, port, as), { code: "ERR_TARGET_PROHIBITED", message });
}

test("lets public addresses pass and says which range stops the others", () => {
  guard().check("1.1.1.1", 443, "target");
  guard().check("2606:4700:4700::1111", 443, "hop");
  refused(guard(), "10.1.2.3", 80, /^10\.1\.2\.3 is in 10\.0\.0\.0\/8, private network \(RFC 1918\)$/);
  refused(guard(), "::ffff:7f00:1", 80, /IPv4-mapped/);
  refused(guard(), "127.1", 80, /not an IP address/);
});

test("what a client is told of a name does not show the inner address", () => {
  assert.throws(() => guard().check("10.1.2.3", 80, "target", "a.example"), {
    code: "ERR_TARGET_PROHIBITED",
    message: "a.example resolves to an address that is in 10.0.0.0/8, private network (RFC 1918)",
  });
});

test("refuses the machine's own public addresses, gateways and links, in every spelling", () => {
  refused(guard(), "8.8.4.4", 443, /address of the node itself/);
  refused(guard(), "2606:4700:0:1::5", 443, /address of the node itself/);
  refused(guard(), "2606:4700:0000:0001:0:0:0.0.0.5", 443, /address of the node itself/);
  refused(guard(), "9.9.9.1", 443, /gateway/);
  refused(guard(), "2606:4700:0:9::1", 443, /gateway/);
  refused(guard(), "8.8.4.9", 443, /own link/);
  refused(guard(), "2606:4700:0:1:abcd::9", 443, /own link/);
  refused(guard(), "8.8.4.4", 443, /address of the node itself/, "hop");
  guard().check("8.8.5.1", 443, "target");
  guard().check("2606:4700:1:2::5", 443, "target");
});

test("refuses the whole home: the /56 around each public IPv6 address that is the node's, and no more", () => {
  const home: LocalNetwork = {
    addresses: ["2a00:1450:99:b0a5::5", "fd00:0:0:aa00::5", "fe80::1", "8.8.4.4"],
    gateways: [],
    prefixes: ["2a00:1450:99:b0a5::5/128"],
  };
  const of = guard({}, [{ host: "2a00:1450:77:7700::1", port: 4433 }], home);
  for (const as of ["target", "hop"] as const) {
    for (const ip of ["2a00:1450:99:b000::1", "2a00:1450:99:b0a5::6", "2a00:1450:99:b0ff:ffff:ffff:ffff:ffff"]) {
      refused(of, ip, 443, /own home/, as);
    }
    refused(of, "2a00:1450:77:77ff::9", 22, /own home/, as);
    of.check("2a00:1450:99:b100::1", 443, as);
    of.check("2a00:1450:99:afff::1", 443, as);
    of.check("2a00:1450:77:7600::1", 443, as);
    of.check("8.8.4.5", 443, as);
  }
  assert.throws(() => of.check("2a00:1450:99:b001::1", 443, "target", "a.example"), {
    message: "a.example resolves to an address that is an address of the node's own home",
  });
});

test("sees at once when the machine's addresses change", () => {
  let local = LOCAL;
  const moving = new AddressGuard({ local: () => local, listeners: () => [] });
  moving.check("5.5.5.5", 443, "target");
  local = { ...LOCAL, addresses: ["5.5.5.5"] };
  refused(moving, "5.5.5.5", 443, /address of the node itself/);
});

test("refuses where the node listens, by whatever address it is reached", () => {
  const listeners = [
    { host: "7.7.7.7", port: 4433 },
    { host: "0.0.0.0", port: 9000 },
  ];
  refused(guard({}, listeners), "7.7.7.7", 4433, /listening port/);
  const lab = guard({ localNetwork: true }, [...listeners, { host: "127.10.0.1", port: 4433 }]);
  refused(lab, "127.10.0.1", 4433, /listening port/, "hop");
  refused(lab, "127.99.0.1", 9000, /listening port/, "hop");
  refused(lab, "192.168.1.5", 9000, /listening port/, "hop");
  lab.check("127.20.0.1", 4433, "hop", undefined);
});

test("refuses every port where others reach the node, as endpoints or as they saw it, for targets and hops", () => {
  let seen: readonly string[] = ["5.5.5.5", "2a00:1450:88:8800::1"];
  const listeners = [
    { host: "192.168.1.5", port: 4433 },
    { host: "7.7.7.7", port: 4433 },
    { host: "0.0.0.0", port: 9000 },
  ];
  const of = new AddressGuard({ local: () => LOCAL, listeners: () => listeners, seen: () => seen });
  for (const as of ["target", "hop"] as const) {
    for (const port of [1, 80, 443, 4434, 8080, 65_535]) {
      refused(of, "7.7.7.7", port, /^7\.7\.7\.7 is an address at which others reach the node itself$/, as);
      refused(of, "5.5.5.5", port, /others reach the node/, as);
      refused(of, "2a00:1450:88:8800:0::0.0.0.1", port, /others reach the node/, as);
    }
    refused(of, "2a00:1450:88:88aa::1", 443, /own home/, as);
    refused(
      of,
      "64:ff9b::7.7.7.7",
      80,
      /^64:ff9b::7\.7\.7\.7 contains an IPv4 address that is an address at which/,
      as,
    );
    of.check("7.7.7.8", 80, as);
    of.check("5.5.5.4", 80, as);
  }
  listeners.push({ host: "7.7.7.9", port: 80 });
  refused(of, "7.7.7.9", 443, /others reach the node/);
  seen = ["6.6.6.6"];
  of.check("5.5.5.5", 80, "target");
  refused(of, "6.6.6.6", 80, /others reach the node/);
});

test("an operator's word opens one port of an address where others reach the node", () => {
  const of = guard({ allowTargets: [{ host: "7.7.7.7", port: 80 }] }, [{ host: "7.7.7.7", port: 4433 }]);
  of.check("7.7.7.7", 80, "target");
  refused(of, "7.7.7.7", 81, /others reach the node/);
  refused(of, "64:ff9b::7.7.7.7", 80, /others reach the node/);
  refused(of, "7.7.7.7", 80, /others reach the node/, "hop");
});

test("IPv6 that stands for IPv4 is judged by what is inside, and by itself", () => {
  const [known = assert.fail()] = nat64PrefixesOf("2a00:64:64::192.0.0.170");
  const inside = (ip: string): readonly string[] => {
    const bytes = parseIp(ip)?.bytes ?? new Uint8Array();
    return [...wellKnownInside(ip), ...[translated(bytes, known) ?? []].flat()];
  };
  const listeners = [{ host: "7.7.7.7", port: 4433 }];
  const of = new AddressGuard({ local: () => LOCAL, listeners: () => listeners, inside });
  for (const as of ["target", "hop"] as const) {
    for (const prefix of ["64:ff9b::", "2a00:64:64::"]) {
      of.check(`${prefix}1.1.1.1`, 443, as);
      for (const [ip, message] of [
        ["10.0.0.1", /private network/],
        ["127.0.0.1", /loopback/],
        ["169.254.169.254", /link-local/],
        ["192.0.0.170", /protocol assignments/],
        ["0.0.0.1", /this host/],
        ["224.0.0.1", /multicast/],
        ["8.8.4.4", /node itself/],
        ["9.9.9.1", /gateway/],
        ["8.8.4.9", /own link/],
        ["7.7.7.7", /others reach/],
      ] as const) {
        refused(of, `${prefix}${ip}`, 443, message, as);
      }
    }
    refused(of, "64:ff9b:1::1.1.1.1", 443, /local-use/, as);
    refused(of, "64:ff9b::1:1.1.1.1", 443, /outside of global unicast/, as);
    of.check("2a00:64:65::10.0.0.1", 443, as);
  }
  assert.throws(() => of.check("64:ff9b::10.0.0.1", 80, "target", "a.example"), {
    message: "a.example resolves to an address that is in 10.0.0.0/8, private network (RFC 1918)",
  });
});

test("a lab opens loopback and private addresses to hops and never to targets", () => {
  const lab = guard({ localNetwork: true });
  for (const ip of ["127.20.0.1", "::1", "10.0.0.1", "172.16.0.1", "192.168.1.5", "100.64.0.1", "fd00::1"]) {
    new AddressGuard(
      { local: () => LOCAL, listeners: () => [], inside: () => ["10.0.0.1"] },
      { localNetwork: true },
    ).check(ip, 4433, "hop");
    lab.check(ip, 4433, "hop");
    refused(lab, ip, 4433, /in /);
    refused(guard(), ip, 4433, /in /, "hop");
  }
  for (const ip of ["169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "::ffff:127.0.0.1", "192.0.2.1"]) {
    refused(lab, ip, 4433, /in /, "hop");
  }
});

test("an opened address opens exactly itself on exactly its port", () => {
  const open = guard({
    allowTargets: [
      { host: "127.0.0.1", port: 8000 },
      { host: "FD00:0::2", port: 80 },
      { host: "8.8.4.4", port: 22 },
    ],
  });
  open.check("127.0.0.1", 8000, "target");
  open.check("127.0.0.1", 8000, "target", "public.example");
  open.check("fd00::2", 80, "target");
  open.check("8.8.4.4", 22, "target");
  refused(open, "127.0.0.1", 8001, /loopback/);
  refused(open, "127.0.0.2", 8000, /loopback/);
  refused(open, "::ffff:127.0.0.1", 8000, /IPv4-mapped/);
  refused(open, "127.0.0.1", 8000, /loopback/, "hop");
  refused(open, "8.8.4.4", 23, /node itself/);
});

test("an opened name opens whatever private address it resolves to, on its port", () => {
  const open = guard({
    allowTargets: [
      { host: "Intranet.Example.", port: 80 },
      { host: "nas.local", port: 80 },
    ],
  });
  for (const ip of ["10.0.0.1", "127.0.0.1", "fd00::9", "8.8.4.4"]) {
    open.check(ip, 80, "target", "intranet.example");
    assert.throws(() => open.check(ip, 81, "target", "intranet.example"), { code: "ERR_TARGET_PROHIBITED" });
    assert.throws(() => open.check(ip, 80, "target", "sub.intranet.example"), { code: "ERR_TARGET_PROHIBITED" });
    assert.throws(() => open.check(ip, 80, "target"), { code: "ERR_TARGET_PROHIBITED" });
  }
  for (const ip of ["169.254.169.254", "224.0.0.1", "0.0.0.0", "::ffff:10.0.0.1"]) {
    assert.throws(() => open.check(ip, 80, "target", "intranet.example"), { code: "ERR_TARGET_PROHIBITED" }, ip);
  }
  open.checkName("nas.local", 80);
  assert.throws(() => open.checkName("nas.local", 81), { code: "ERR_TARGET_PROHIBITED", message: /RFC 6762/ });
  assert.throws(() => open.checkName("router", 80), { code: "ERR_TARGET_PROHIBITED", message: /one label/ });
});

test("a target that cannot be read is refused when the guard is made", () => {
  assert.throws(() => guard({ allowTargets: [{ host: "a b", port: 80 }] }), { code: "ERR_REQUEST_TARGET" });
});
