import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordingLogger } from "../../test/support/recording-logger.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { EGRESS_LIMITS } from "./limits.ts";
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
    logger: silentLogger,
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
  assert.ok(new LocalAddresses({ clock, logger: silentLogger }).current().addresses.includes("127.0.0.1"));
  const bare = new LocalAddresses({
    clock,
    logger: silentLogger,
    sources: { interfaces: () => [], readText: () => "" },
  });
  assert.deepEqual(bare.current(), { addresses: [], gateways: [], prefixes: [] });
});

for (const [what, file] of [
  ["interfaces", ""],
  ["routes of IPv4", "/proc/net/route"],
  ["routes of IPv6", "/proc/net/ipv6_route"],
] as const) {
  test(`while the ${what} cannot be read the last state counts, and that is said once`, () => {
    const clock = new FakeClock();
    const logger = new RecordingLogger();
    let address = "192.0.2.1";
    let isOut = false;
    const fail = (of: string): void => {
      if (isOut && of === file) throw Object.assign(new Error("too many open files"), { code: "EMFILE" });
    };
    const sources = {
      interfaces: () => {
        fail("");
        return [{ address, cidr: null }];
      },
      readText: (path: string) => {
        fail(path);
        return "";
      },
    };
    const local = new LocalAddresses({ clock, logger, sources });
    const before = local.current();
    isOut = true;
    address = "192.0.2.2";
    clock.advance(EGRESS_LIMITS.localAddressesAgeMs.value);
    for (let n = 0; n < 3; n += 1) {
      assert.equal(local.current(), before);
      clock.advance(EGRESS_LIMITS.localAddressesRetryMs.value);
    }
    assert.equal(logger.lines.length, 1);
    assert.match(logger.lines[0] ?? "", /^warn the addresses of this machine could not be read.*EMFILE/);
    isOut = false;
    assert.deepEqual(local.current().addresses, ["192.0.2.2"]);
    isOut = true;
    clock.advance(EGRESS_LIMITS.localAddressesAgeMs.value);
    local.current();
    assert.equal(logger.lines.length, 2);
  });
}
