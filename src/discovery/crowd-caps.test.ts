import assert from "node:assert/strict";
import { test } from "node:test";
import { LIVENESS_LIMITS } from "../liveness/limits.ts";
import { CrowdCaps, capsOf } from "./crowd-caps.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

test("no network and no AS gets more than its part, counting who is there already", () => {
  const { usablePerAsn, usablePerNetwork } = DISCOVERY_LIMITS;
  const caps = new CrowdCaps([{ network: "192.0", asn: 64_496 }]);
  let ofNetwork = 1;
  while (caps.admit({ network: "192.0", asn: 64_496 })) ofNetwork += 1;
  assert.equal(ofNetwork, usablePerNetwork.value);
  let ofAsn = ofNetwork;
  while (caps.admit({ network: `198.${ofAsn}`, asn: 64_496 })) ofAsn += 1;
  assert.equal(ofAsn, usablePerAsn.value);
  assert.ok(caps.admit({ network: "203.0", asn: 64_497 }));
});

test("all that somebody gets who asks for an AS, a provider or a city may stand in one AS, and more in one network", () => {
  for (const query of [{ asns: [7_922] }, { isps: ["comcast"] }, { cities: ["new york"], countries: ["us"] }]) {
    const caps = new CrowdCaps([], capsOf(query));
    let ofNetwork = 0;
    while (caps.admit({ network: "73.0", asn: 7_922 })) ofNetwork += 1;
    assert.equal(ofNetwork, DISCOVERY_LIMITS.usablePerNetworkOfPlace.value);
    for (let other = 0; other < LIVENESS_LIMITS.usableForQuery.value; other += 1) {
      assert.ok(caps.admit({ network: `24.${other}`, asn: 7_922 }), JSON.stringify(query));
    }
  }
  const anywhere = new CrowdCaps([], capsOf({ countries: ["us"], regions: ["ca"] }));
  for (let network = 0; network < DISCOVERY_LIMITS.usablePerAsn.value; network += 1) {
    assert.ok(anywhere.admit({ network: `24.${network}`, asn: 7_922 }));
  }
  assert.ok(!anywhere.admit({ network: "73.0", asn: 7_922 }));
});

test("nodes that are asked for by name may stand anywhere", () => {
  const caps = new CrowdCaps([], capsOf({ peers: ["k51"], asns: [1] }));
  for (let count = 0; count < 50; count += 1) assert.ok(caps.admit({ network: "73.0", asn: 1 }));
});

test("nodes whose AS nobody knows count by their network alone", () => {
  const caps = new CrowdCaps([]);
  for (let count = 0; count < 50; count += 1) assert.ok(caps.admit({ network: `10.${count}` }));
});
