import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { indexOf, node } from "../../test/support/candidates.ts";
import { knownPeer } from "../../test/support/known-peer.ts";
import { seededRandom } from "../core/random.ts";
import type { GeoFacts } from "../geo/geo-facts.ts";
import { placeOf } from "../peers/claims.ts";
import type { Advertisement } from "../wire/advertisement.ts";
import { advertisedCandidate } from "./advertised-candidate.ts";
import type { Candidate } from "./candidate.ts";
import { planCircuit } from "./plan.ts";
import type { PlanRequest } from "./plan-request.ts";

/** A node of that id that claims `claims`, and what address data says of it. */
function claiming(peer: string, claims: Partial<Advertisement>, fact: Partial<GeoFacts>): Candidate {
  const known = knownPeer(peer, {
    roles: ["exit"],
    protocols: ["tcp"],
    endpoints: [{ host: "8.8.4.4", port: 1 }],
    policy: { acceptedPorts: [{ first: 443, last: 443 }] },
    ...claims,
  });
  const place = placeOf(known.advertisement, { lookup: () => ({ hosting: "unknown", ...fact }) });
  const candidate = advertisedCandidate({ ...known, place }, { sharedNetworks: true });
  assert.ok(candidate !== undefined);
  return candidate;
}

const INDEX = indexOf([
  claiming("a", { country: "de", city: "Berlin" }, { country: "us" }),
  claiming("b", { country: "de", region: "Hesse", network: "residential" }, { country: "nl", hosting: "hosting" }),
  claiming("c", { country: "at", asn: 64_500, isp: "Nice Net" }, { country: "at", asn: 64_501 }),
  claiming("d", { country: "us", region: "California" }, { country: "us", region: "Texas", regionCode: "tx" }),
  claiming("relay", { country: "de", roles: ["relay"] }, { country: "us" }),
  node("honest", { country: "fr", networkKind: "hosting" }),
]);

function refusal(request: Partial<PlanRequest>): { readonly message: string; readonly denied: unknown } {
  const plan = () => planCircuit({ constraints: {}, ...request }, INDEX, seededRandom(1), { defaultHops: 1 });
  try {
    plan();
  } catch (error) {
    const { message, data } = error as { readonly message: string; readonly data: { readonly denied?: number } };
    return { message, denied: data.denied };
  }
  throw new assert.AssertionError({ message: `a node fits ${inspect(request)}` });
}

test("a refusal counts the exits that claim what was asked for and are not believed", () => {
  assert.deepEqual(refusal({ constraints: { countries: ["de"] } }), {
    message:
      "no node fits country=de: 6 nodes, 5 exits, 0 in de (2 nodes say that they are in de; the address data says otherwise)",
    denied: 2,
  });
  assert.match(
    refusal({ constraints: { cities: ["berlin"] } }).message,
    /0 in city berlin \(1 node says that it is in city berlin; the address data says otherwise\)$/,
  );
  const rows: readonly (readonly [number | undefined, PlanRequest["constraints"]])[] = [
    [2, { countries: ["de", "ch"] }],
    [2, { countries: ["de"], regions: ["hesse"] }],
    [1, { countries: ["us"], regions: ["ca"] }],
    [1, { regions: ["us ca"] }],
    [1, { asns: [64_500] }],
    [1, { isps: ["nice"] }],
    [1, { networks: ["residential"] }],
    [1, { node: "a", countries: ["de"] }],
    [1, { countries: ["us"], cities: ["berlin"] }],
    [undefined, { countries: ["fr"], cities: ["berlin"] }],
    [undefined, { node: "c", countries: ["de"] }],
    [undefined, { countries: ["ch"] }],
    [undefined, { countries: ["us"], minTrust: 0.9 }],
  ];
  for (const [denied, constraints] of rows) {
    // The first constraint that leaves nothing is the one that tells.
    assert.equal(refusal({ constraints }).denied, denied, inspect(constraints));
  }
});

test("the count follows the index as nodes come, change and go", () => {
  const index = indexOf([claiming("a", { country: "de" }, { country: "us" }), node("z", { country: "fr" })]);
  const count = (): unknown => {
    try {
      planCircuit({ constraints: { countries: ["de"] } }, index, seededRandom(1), { defaultHops: 1 });
    } catch (error) {
      return (error as { readonly data: { readonly denied?: number } }).data.denied;
    }
    return "fits";
  };
  assert.equal(count(), 1);
  index.put(claiming("b", { country: "de" }, { country: "us" }));
  index.remove("z");
  assert.equal(count(), 2);
  index.put(claiming("a", { country: "us" }, { country: "us" }));
  assert.equal(count(), 1);
  index.put(claiming("b", { country: "de" }, {}));
  assert.equal(count(), "fits");
});
