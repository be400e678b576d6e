import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordingLogger } from "../../test/support/recording-logger.ts";
import { fixtureGeo } from "../geo/fixture-geo.ts";
import { generateIdentity } from "../identity/identity.ts";
import { createNode } from "./node.ts";
import type { NodeOptions } from "./node-options.ts";

type Data = Pick<NodeOptions, "directory" | "geo">;

const LISTED: Data = { directory: { geo: fixtureGeo() } };

/** A node; the made-up data places 127.10.0.1 in Berlin, in no data centre, and 127.50.0.1 in one in Leeds. */
async function startedNode(claims: NonNullable<NodeOptions["claims"]>, data: Data = LISTED, host = "127.10.0.1") {
  const logger = new RecordingLogger();
  const node = await createNode({
    identity: generateIdentity(),
    listen: { host, port: 0 },
    roles: ["relay"],
    claims,
    localNetwork: true,
    checksReach: false,
    logger,
    ...data,
  });
  const status = node.operations.status();
  await node.stop();
  return { status, warned: logger.lines.filter((line) => /^warn .*contradicts/.test(line)) };
}

test("a node whose claims the address data contradicts is told so when it starts, and in its status", async () => {
  const claims = { country: "se", region: "Stockholm", city: "Stockholm", asn: 64_500, isp: "Example" } as const;
  const { status, warned } = await startedNode(claims);
  assert.deepEqual(status.contradicted, [
    { claim: "country", claimed: "se", found: "de" },
    { claim: "region", claimed: "Stockholm", found: "Berlin" },
    { claim: "city", claimed: "Stockholm", found: "Berlin" },
    { claim: "asn", claimed: "64500", found: "64496" },
  ]);
  const warning = status.warnings.find(({ code }) => code === "WARN_PLACE_CONTRADICTED");
  assert.match(
    warning?.message ?? "",
    /^the address data says of 127\.10\.0\.1:\d+ country de, not se; region Berlin,/,
  );
  assert.equal(warned.length, 1);
  assert.match(warned[0] ?? "", /"country":"de, not se"/);
});

test("a claim to be residential at an address of a data centre is told, also where the node is unlisted", async () => {
  const claims = { country: "gb", network: "residential" } as const;
  const { status, warned } = await startedNode(claims, { geo: fixtureGeo() }, "127.50.0.1");
  assert.deepEqual(status.contradicted, [{ claim: "network", claimed: "residential", found: "hosting" }]);
  assert.equal(warned.length, 1);
});

for (const [name, claims, data] of [
  ["that agree with the data", { country: "de", city: "berlin", network: "residential" }, LISTED],
  ["of which there are none", {}, LISTED],
  ["that no data is held against", { country: "se" }, { directory: {} }],
] as const) {
  test(`of claims ${name}, nothing is said`, async () => {
    const { status, warned } = await startedNode(claims, data);
    assert.deepEqual([status.contradicted, warned], [undefined, []]);
    assert.ok(status.warnings.every(({ code }) => code !== "WARN_PLACE_CONTRADICTED"));
  });
}
