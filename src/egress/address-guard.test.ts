import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostPort } from "../core/network-address.ts";
import { AddressGuard, type AddressGuardOptions, type EgressPurpose } from "./address-guard.ts";
import type { LocalNetwork } from "./local-addresses.ts";

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
  guard().check("2606:4700:0:2::5", 443, "target");
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
  guard({}, listeners).check("7.7.7.7", 4434, "target");
  const lab = guard({ localNetwork: true }, [...listeners, { host: "127.10.0.1", port: 4433 }]);
  refused(lab, "127.10.0.1", 4433, /listening port/, "hop");
  refused(lab, "127.99.0.1", 9000, /listening port/, "hop");
  refused(lab, "192.168.1.5", 9000, /listening port/, "hop");
  lab.check("127.20.0.1", 4433, "hop", undefined);
});

test("a lab opens loopback and private addresses to hops and never to targets", () => {
  const lab = guard({ localNetwork: true });
  for (const ip of ["127.20.0.1", "::1", "10.0.0.1", "172.16.0.1", "192.168.1.5", "100.64.0.1", "fd00::1"]) {
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
