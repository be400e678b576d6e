import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { LocalAddresses } from "./local-addresses.ts";

const ROUTE = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
`;
const IPV6_ROUTE = `20010db8000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000002 00000000 00000003     eth0
`;

test("reads addresses, on-link prefixes and the gateways of both families, once a minute", () => {
  const clock = new FakeClock();
  let address = "192.168.1.5";
  const local = new LocalAddresses({
    clock,
    sources: {
      interfaces: () => [
        { address, cidr: `${address}/24` },
        { address: "2001:db8::5", cidr: null },
      ],
      // The files hold addresses in the byte order of the machine that wrote them; these are of a little-endian one.
      readText: (path) => (path.endsWith("ipv6_route") ? IPV6_ROUTE : ROUTE),
    },
  });
  const first = local.current();
  assert.deepEqual(first, {
    addresses: ["192.168.1.5", "2001:db8::5"],
    prefixes: ["192.168.1.5/24"],
    gateways: ["192.168.1.1", "fe80:0000:0000:0000:0000:0000:0000:0001"],
  });
  address = "192.168.1.6";
  clock.advance(59_999);
  assert.equal(local.current(), first);
  clock.advance(1);
  assert.deepEqual(local.current().addresses, ["192.168.1.6", "2001:db8::5"]);
});

test("reads the real machine, and does without the files of Linux", () => {
  const clock = new FakeClock();
  assert.ok(new LocalAddresses({ clock }).current().addresses.includes("127.0.0.1"));
  const bare = new LocalAddresses({ clock, sources: { interfaces: () => [], readText: () => "" } });
  assert.deepEqual(bare.current(), { addresses: [], gateways: [], prefixes: [] });
});
