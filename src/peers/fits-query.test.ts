import assert from "node:assert/strict";
import { test } from "node:test";
import { advertisedNode } from "../../test/support/advertised-node.ts";
import { fitsQuery } from "./fits-query.ts";

test("each part of a query is held against the node, its place before its claims", () => {
  const claimed = advertisedNode({
    country: "de",
    asn: 64_500,
    network: "residential",
    roles: ["exit"],
    protocols: ["tcp"],
  });
  const placed = {
    ...claimed,
    place: { country: "us", asn: 64_501, network: "hosting", contradicted: ["country"] } as const,
  };
  for (const [node, query, fits] of [
    [claimed, {}, true],
    [claimed, { countries: [] }, false],
    [claimed, { countries: ["us", "de"] }, true],
    [placed, { countries: ["de"] }, false],
    [placed, { countries: ["us"] }, true],
    [placed, { asns: [64_500] }, false],
    [placed, { networks: ["residential"] }, false],
    [placed, { networks: ["hosting"] }, true],
    [claimed, { roles: ["exit"] }, true],
    [claimed, { roles: ["exit", "relay"] }, false],
    [claimed, { protocols: ["udp"] }, false],
    [claimed, { peers: [claimed.advertisement.peer] }, true],
    [claimed, { peers: ["k51"] }, false],
    [advertisedNode(), { countries: ["de"] }, false],
    [advertisedNode(), { networks: ["unknown"] }, true],
  ] as const) {
    assert.equal(fitsQuery(node, query), fits, JSON.stringify(query));
  }
});
