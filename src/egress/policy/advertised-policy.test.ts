import assert from "node:assert/strict";
import { test } from "node:test";
import { advertisedNode } from "../../../test/support/advertised-node.ts";
import { shownPeer } from "../../../test/support/explained.ts";
import { decodeAdvertisement, encodeAdvertisement, fitAdvertisement } from "../../wire/advertisement.ts";
import { WIRE_LIMITS } from "../../wire/limits.ts";
import { type AdvertisedPolicy, advertisedPolicy } from "./advertised-policy.ts";
import { ExitPolicy } from "./exit-policy.ts";
import { parsePolicy } from "./parse-policy.ts";
import { DEFAULT_POLICY } from "./policy-rule.ts";
import { formatPorts } from "./port-sets.ts";

function advertised(...lines: readonly string[]): AdvertisedPolicy {
  return advertisedPolicy(new ExitPolicy(parsePolicy(lines)));
}

test("a protocol is told only where it takes all ports that are told", () => {
  for (const [lines, ports, protocols] of [
    [["accept web-only"], "80,443", ["tcp", "udp"]],
    [["accept tcp web-only"], "80,443", ["tcp"]],
    [["accept udp *:53"], "53", ["udp"]],
    [["accept tcp *:*", "accept udp *:53"], "1-65535", ["tcp"]],
    [["accept tcp web-only", "accept udp *:*"], "80,443", ["tcp", "udp"]],
    [["accept example.com:443"], "", []],
    [["reject *:*"], "", []],
  ] as const) {
    const { acceptedPorts, protocols: told } = advertised(...lines);
    assert.deepEqual([formatPorts(acceptedPorts), told], [ports, protocols], lines.join("; "));
  }
});

test("the ports of opened targets are told as well, each once, and go before others where there is no room", () => {
  const opened = [8123, 443, 8123, 22].map((port) => ({ host: "127.0.0.1", port }));
  const summary = advertisedPolicy(new ExitPolicy(parsePolicy(["accept web-only"])), opened);
  assert.deepEqual([formatPorts(summary.acceptedPorts), summary.protocols], ["22,80,443,8123", ["tcp", "udp"]]);
  const many = advertisedPolicy(new ExitPolicy(parsePolicy(DEFAULT_POLICY)), [{ host: "127.0.0.1", port: 65_000 }]);
  assert.equal(many.acceptedPorts.length, 64);
  assert.deepEqual(many.acceptedPorts.at(-1), { first: 65_000, last: 65_000 });
});

test("the longest summary fits an advertisement in which other fields are as long as usual, and is cut where they are longer", () => {
  const odd = Array.from({ length: 64 }, (_, at) => 60_000 + at * 2);
  for (const lines of [DEFAULT_POLICY, [`accept *:${odd.join(",")}`]]) {
    const { acceptedPorts, protocols } = advertised(...lines);
    assert.equal(acceptedPorts.length, 64);
    const { advertisement } = advertisedNode({
      endpoints: [{ host: "2001:db8:1234:5678:9abc:def0:1234:5678", port: 44_333 }],
      protocols,
      country: "us",
      region: "California",
      city: "San Francisco",
      asn: 4_200_000_000,
      isp: "Example Broadband",
      network: "residential",
      upMbps: 1_000,
      downMbps: 1_000,
      availability: { last7Days: 0.9876, last30Days: 0.9765 },
      upSinceSec: 1_800_000_000,
      load: 0.35,
      price: { microUsdcPerGiB: 150_000n, microUsdcPerRequest: 10n },
      family: [shownPeer("a")],
    });
    const whole = { ...advertisement, policy: { acceptedPorts } };
    assert.ok(encodeAdvertisement(whole).length <= WIRE_LIMITS.maxAdvertisementBytes.value);
    assert.deepEqual(fitAdvertisement(whole), whole);
    const long = { ...whole, family: [..."abcdefg"].map(shownPeer) };
    const { policy } = decodeAdvertisement(encodeAdvertisement(fitAdvertisement(long)));
    const { length } = policy.acceptedPorts;
    assert.ok(length > 0 && length < 64, `${length}`);
    assert.deepEqual(policy.acceptedPorts, acceptedPorts.slice(0, length));
    assert.throws(() => encodeAdvertisement(long), { code: "ERR_ADVERTISEMENT_MALFORMED" });
  }
});
