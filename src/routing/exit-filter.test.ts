import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { indexOf, node } from "../../test/support/candidates.ts";
import { ExitFilter } from "./exit-filter.ts";
import type { PlanRequest } from "./plan-request.ts";

const WEB = [{ first: 80, last: 443 }];
const INDEX = indexOf(
  [
    node("ny", {
      country: "us",
      region: "New York",
      city: "New York",
      asn: 7922,
      isp: "Comcast Cable Communications, LLC",
      networkKind: "residential",
      protocols: ["tcp", "udp"],
      acceptedPorts: WEB,
      price: { microUsdcPerGiB: 500_000n, microUsdcPerRequest: 0n },
    }),
    node("la", { country: "us", region: "ca", city: "Los Angeles", asn: 7922, networkKind: "mobile" }),
    node("sf", { country: "us", region: "US-CA", city: "San Francisco", networkKind: "hosting", load: 0.9 }),
    node("sp", { country: "br", region: "São Paulo", city: "São Paulo (Centro)", asn: 1, acceptedPorts: [] }),
    node("relay", { country: "us", roles: ["relay"] }),
  ],
  { trustOf: (peer) => ({ score: peer === "ny" ? 0.9 : 0.5, observations: 0 }) },
);

function fitting(request: Partial<PlanRequest>): string {
  const filter = new ExitFilter(INDEX, { constraints: {}, ...request });
  const found: string[] = [];
  filter.each((row) => {
    if (filter.fits(row)) found.push(INDEX.at(row).peerId);
  });
  return [...new Set(found)].sort().join(" ");
}

test("each constraint leaves those that fit it", () => {
  const rows: readonly (readonly [string, Partial<PlanRequest>])[] = [
    ["la ny sp", {}],
    ["la ny", { constraints: { countries: ["us"] } }],
    ["la", { constraints: { regions: ["california"] } }],
    ["la", { constraints: { regions: ["ca"] } }],
    ["la", { constraints: { regions: ["us ca"] } }],
    ["la", { constraints: { regions: ["us california"] } }],
    ["ny", { constraints: { regions: ["ny"] } }],
    ["sp", { constraints: { regions: ["sao paulo"] } }],
    ["", { constraints: { regions: ["br california"] } }],
    ["la ny", { constraints: { cities: ["new york", "los angeles"] } }],
    ["sp", { constraints: { cities: ["sao_paulo"] } }],
    ["la ny", { constraints: { asns: [7922] } }],
    ["la", { constraints: { asns: [7922], cities: ["los angeles"], countries: ["us"] } }],
    ["ny", { constraints: { isps: ["comcast"] } }],
    ["ny", { constraints: { isps: ["comcast cable", "comcast"] } }],
    ["ny", { constraints: { isps: ["Comcast Cable Communications LLC"] } }],
    ["", { constraints: { isps: ["cable"] } }],
    ["ny", { constraints: { networks: ["residential"] } }],
    ["la ny", { constraints: { networks: ["residential", "mobile"] } }],
    ["ny", { constraints: { protocol: "udp" } }],
    ["ny", { protocol: "udp" }],
    ["la ny", { port: 443 }],
    ["la ny", { port: 80 }],
    ["la", { port: 8080 }],
    ["la sp", { constraints: { maxMicroUsdcPerGiB: 499_999n } }],
    ["la ny sp", { constraints: { maxMicroUsdcPerGiB: 500_000n } }],
    ["ny", { constraints: { minTrust: 0.9 } }],
    ["sp", { exitAsn: 1 }],
    ["la sp", { failed: new Set(["ny"]) }],
    ["ny", { constraints: { node: "ny" } }],
    ["", { constraints: { node: "relay" } }],
    ["", { constraints: { node: "sf" } }],
    ["sf", { exit: "sf" }],
    ["", { exit: "sf", constraints: { countries: ["br"] } }],
  ];
  for (const [expected, request] of rows) assert.equal(fitting(request), expected, inspect(request));
});

test("the funnel tells what each constraint left, and of what nobody asked for only what it took", () => {
  const funnel = (request: Partial<PlanRequest>): string => {
    const { steps, empties = "nothing" } = new ExitFilter(INDEX, { constraints: {}, ...request }).funnel();
    return `${steps.map(({ left, what }) => `${left} ${what}`).join(", ")}; ${empties}`;
  };
  assert.equal(funnel({}), "5 nodes, 4 exits, 3 below capacity; nothing");
  assert.equal(
    funnel({
      constraints: {
        countries: ["us"],
        regions: ["california"],
        cities: ["san francisco"],
      },
    }),
    "5 nodes, 4 exits, 3 in us, 2 in region california, 1 in city san francisco, 0 below capacity; load below 90 %",
  );
  assert.equal(
    funnel({ constraints: { countries: ["us", "br"], asns: [7922, 1], isps: ["comcast"] }, port: 25 }),
    "5 nodes, 4 exits, 4 in us+br, 3 in AS 7922+1, 1 of isp comcast, 0 accepting port 25; port=25",
  );
  assert.equal(
    funnel({ constraints: { node: "sp", maxMicroUsdcPerGiB: 250_000n, minTrust: 0.75 } }),
    "5 nodes, 4 exits, 1 of that id, 1 for at most 0.25 USDC a GiB, 0 trusted 0.75 or more; minTrust=0.75",
  );
  assert.equal(
    funnel({ constraints: { networks: ["mobile"], protocol: "udp" }, protocol: "tcp" }),
    "5 nodes, 4 exits, 1 of network mobile, 0 with udp; protocol=udp",
  );
  assert.match(
    funnel({ constraints: { isps: ["comcast", "comcast cable"] } }),
    /4 exits, 1 of isp comcast\+comcast cable;/,
  );
  assert.equal(
    funnel({ exitAsn: 7922, failed: new Set(["ny", "la"]) }),
    "5 nodes, 4 exits, 2 in AS 7922, 0 not failing; nodes that do not fail",
  );
});

test("the shortest list there is is gone along", () => {
  const length = (request: PlanRequest): number => new ExitFilter(INDEX, request).length;
  assert.equal(length({ constraints: {} }), 4);
  assert.equal(length({ constraints: { countries: ["us"] } }), 3);
  assert.equal(length({ constraints: { countries: ["us"], isps: ["comcast"] } }), 1);
  assert.equal(length({ constraints: { countries: ["us"], cities: ["nowhere"] } }), 0);
});
