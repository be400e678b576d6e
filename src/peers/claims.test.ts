import assert from "node:assert/strict";
import { test } from "node:test";
import { knownPeer } from "../../test/support/known-peer.ts";
import type { GeoFacts } from "../geo/geo-facts.ts";
import type { Advertisement } from "../wire/advertisement.ts";
import { placeOf } from "./claims.ts";
import type { PeerPlace } from "./known-peer.ts";

type Claims = Pick<Advertisement, "country" | "region" | "city" | "asn" | "isp" | "network">;

/** The place of a node with one endpoint for each of `facts`. */
function place(claims: Claims, ...facts: readonly GeoFacts[]): PeerPlace {
  const endpoints = facts.map((_, index) => ({ host: `192.0.2.${index}`, port: 1 }));
  const { advertisement } = knownPeer("k51", { endpoints, ...claims });
  return placeOf(advertisement, {
    lookup: (ip) => facts[Number(ip.split(".")[3])] ?? { hosting: "unknown" },
  });
}

const unknown: GeoFacts = { hosting: "unknown" };
const home = { hosting: "not-hosting" } as const;
const rented = { hosting: "hosting" } as const;

const ROWS: readonly (readonly [name: string, Claims, readonly GeoFacts[], PeerPlace])[] = [
  ["nothing claimed, nothing known", {}, [unknown], { network: "unknown", contradicted: [] }],
  [
    "without facts the claims stand",
    { country: "de", region: "Berlin", city: "Berlin", asn: 64496, isp: "A", network: "residential" },
    [unknown],
    { country: "de", region: "Berlin", city: "Berlin", asn: 64496, isp: "A", network: "residential", contradicted: [] },
  ],
  [
    "without endpoints the claims stand",
    { country: "de" },
    [],
    { country: "de", network: "unknown", contradicted: [] },
  ],
  [
    "facts stand where nothing is claimed",
    {},
    [
      {
        country: "us",
        region: "California",
        regionCode: "ca",
        city: "Oakland",
        asn: 64497,
        isp: "B",
        hosting: "not-hosting",
      },
    ],
    {
      country: "us",
      region: "California",
      regionCode: "ca",
      city: "Oakland",
      asn: 64497,
      isp: "B",
      network: "unknown",
      contradicted: [],
    },
  ],
  [
    "another country: the claimed city goes with it",
    { country: "de", region: "Berlin", city: "Berlin" },
    [{ country: "us", ...home }],
    { country: "us", network: "unknown", contradicted: ["country"] },
  ],
  [
    "the same country without a city: the claimed one stands",
    { country: "de", city: "Berlin" },
    [{ country: "de", ...home }],
    { country: "de", city: "Berlin", network: "unknown", contradicted: [] },
  ],
  [
    "another AS: the claimed provider goes with it",
    { asn: 64496, isp: "A" },
    [{ asn: 64497, ...home }],
    { asn: 64497, network: "unknown", contradicted: ["asn"] },
  ],
  [
    "the same AS: the fact's name of it",
    { asn: 64496, isp: "A" },
    [{ asn: 64496, isp: "A GmbH", ...home }],
    { asn: 64496, isp: "A GmbH", network: "unknown", contradicted: [] },
  ],
  [
    "a city in another spelling",
    { country: "br", city: "sao_paulo" },
    [{ country: "br", city: "São Paulo (Centro)", ...home }],
    { country: "br", city: "São Paulo (Centro)", network: "unknown", contradicted: [] },
  ],
  [
    "another city",
    { country: "de", city: "Berlin" },
    [{ country: "de", city: "Munich", ...home }],
    { country: "de", city: "Munich", network: "unknown", contradicted: ["city"] },
  ],
  [
    "another region: the claimed city goes with it",
    { country: "us", region: "Texas", city: "Austin" },
    [{ country: "us", region: "California", regionCode: "ca", ...home }],
    { country: "us", region: "California", regionCode: "ca", network: "unknown", contradicted: ["region"] },
  ],
  [
    "residential where servers are rented out",
    { network: "residential" },
    [{ asn: 64500, ...rented }],
    { asn: 64500, network: "hosting", contradicted: ["network"] },
  ],
  [
    "mobile where servers are rented out",
    { network: "mobile" },
    [rented],
    { network: "hosting", contradicted: ["network"] },
  ],
  ["hosting as claimed", { network: "hosting" }, [rented], { network: "hosting", contradicted: [] }],
  ["nothing claimed where servers are rented out", {}, [rented], { network: "hosting", contradicted: [] }],
  ["not-hosting does not contradict hosting", { network: "hosting" }, [home], { network: "hosting", contradicted: [] }],
  ["not-hosting proves nothing", { network: "unknown" }, [home], { network: "unknown", contradicted: [] }],
  [
    "a residential claim stays a claim",
    { network: "residential" },
    [home],
    { network: "residential", contradicted: [] },
  ],
  [
    "of two endpoints the one that contradicts counts",
    { country: "de", asn: 64496, network: "residential" },
    [
      { country: "de", asn: 64496, ...home },
      { country: "us", asn: 64500, ...rented },
    ],
    { country: "us", asn: 64500, network: "hosting", contradicted: ["country", "asn", "network"] },
  ],
  [
    "of two endpoints one is unknown",
    { country: "de" },
    [unknown, { country: "de", asn: 64496, ...home }],
    { country: "de", asn: 64496, network: "unknown", contradicted: [] },
  ],
];

for (const [name, claims, facts, expected] of ROWS) {
  test(`a place: ${name}`, () => {
    const { provenAsn, ...found } = place(claims, ...facts);
    assert.deepEqual(found, expected);
    assert.equal(provenAsn, facts.some(({ asn }) => asn !== undefined) ? found.asn : undefined);
  });
}

for (const [claim, fact, isDenied] of [
  ["California", { region: "California", regionCode: "ca" }, false],
  ["ca", { region: "California", regionCode: "ca" }, false],
  ["US-CA", { region: "California", regionCode: "ca" }, false],
  ["tx", { region: "California", regionCode: "ca" }, true],
  ["US-TX", { region: "California", regionCode: "ca" }, true],
  ["texas", { region: "California", regionCode: "ca" }, true],
  // Without the code, a claimed code cannot be told from another.
  ["tx", { region: "California" }, false],
  ["us-tx", { region: "California" }, false],
  ["texas", { region: "California" }, true],
  ["tx", { regionCode: "ca" }, true],
  ["texas", { regionCode: "ca" }, false],
] as const) {
  test(`region ${claim} against ${JSON.stringify(fact)} is ${isDenied ? "" : "not "}contradicted`, () => {
    const { contradicted } = place({ country: "us", region: claim }, { country: "us", ...fact, ...home });
    assert.deepEqual(contradicted, isDenied ? ["region"] : []);
  });
}
