import assert from "node:assert/strict";
import { test } from "node:test";
import { CrowdCaps } from "./crowd-caps.ts";
import { DIRECTORY_LIMITS } from "./limits.ts";

test("no network and no AS gets more than its part, counting who is there already", () => {
  const { usablePerAsn, usablePerNetwork } = DIRECTORY_LIMITS;
  const caps = new CrowdCaps([{ network: "192.0", asn: 64_496 }]);
  let ofNetwork = 1;
  while (caps.admit({ network: "192.0", asn: 64_496 })) ofNetwork += 1;
  assert.equal(ofNetwork, usablePerNetwork.value);
  let ofAsn = ofNetwork;
  while (caps.admit({ network: `198.${ofAsn}`, asn: 64_496 })) ofAsn += 1;
  assert.equal(ofAsn, usablePerAsn.value);
  assert.ok(caps.admit({ network: "203.0", asn: 64_497 }));
});

test("nodes whose AS nobody knows count by their network alone", () => {
  const caps = new CrowdCaps([]);
  for (let count = 0; count < 50; count += 1) assert.ok(caps.admit({ network: `10.${count}` }));
});
