import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporaryDirectory } from "../../test/support/run-byway.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import { DIRECTORY_STATE } from "../discovery/directory-state.ts";
import { openPeers } from "../peers/open-peers.ts";
import { storeFile } from "./directory-settings.ts";
import { type KnownPeersPlace, withKnownPeers } from "./known-peers.ts";

const clock = new FakeClock(Date.parse("2026-11-20T12:00:00Z"));

/** A data directory in which `byway up` was at work in each network at that time, in seconds. */
function dataDirectory(t: TestContext, networks: Readonly<Record<string, number>>): string {
  const data = temporaryDirectory(t);
  for (const [network, atSec] of Object.entries(networks)) {
    const components = { clock, random: seededRandom(1), logger: silentLogger };
    const { book, stop } = openPeers(components, { storePath: storeFile(data, network), localNetwork: true });
    book.keepState(DIRECTORY_STATE, { atSec, connections: 1, usable: 1 });
    stop();
  }
  return data;
}

function networkFile(data: string, name: string): string {
  const path = join(data, "named.toml");
  writeFileSync(path, `name = "${name}"\nprotocol = 1\n`);
  return path;
}

async function looked(data: string, names: { readonly file?: string; readonly networkName?: string } = {}) {
  const values = { data, "network-file": names.file, bootstrap: [], "local-network": false };
  const place = { values, logger: silentLogger, networkName: names.networkName } as unknown as KnownPeersPlace;
  let seen: { network: string; isHere: boolean; remark: string | undefined } | undefined;
  await withKnownPeers({ clock }, place, ({ network, peers, remark }) => {
    seen = { network, isHere: peers !== undefined, remark };
  });
  return seen;
}

test("where one network of another name has run, it is found, and which one it is, is said", async (t) => {
  const data = dataDirectory(t, { demo: 1_000 });
  const remark = "This is the network demo, which ran here last; the settings name byway.";
  assert.deepEqual(await looked(data), { network: "demo", isHere: true, remark });
});

test("of several networks the one that ran last is found, and the others are named", async (t) => {
  const data = dataDirectory(t, { demo: 2_000, byway: 1_000, ours: 1_500 });
  const { network, remark = "" } = (await looked(data)) ?? assert.fail();
  assert.equal(network, "demo");
  assert.match(remark, /This data directory also has: byway, ours\. Choose with --network-name NAME\.$/);
  // To have looked at one is no work in it.
  assert.equal((await looked(data, { networkName: "ours" }))?.network, "ours");
  assert.equal((await looked(data))?.network, "demo");
});

test("a network that is named counts, whatever else has run here", async (t) => {
  const data = dataDirectory(t, { demo: 2_000, ours: 1_000 });
  const file = networkFile(data, "ours");
  const others = "This data directory also has: demo. Choose with --network-name NAME.";
  const remark = `This is the network ours. ${others}`;
  assert.deepEqual(await looked(data, { file }), { network: "ours", isHere: true, remark });
  assert.deepEqual(await looked(data, { networkName: "ours" }), { network: "ours", isHere: true, remark });
  assert.equal((await looked(data, { file, networkName: "demo" }))?.network, "demo");
});

test("a network that is named and has not run here is not replaced by another", async (t) => {
  const data = dataDirectory(t, { demo: 2_000 });
  const found = await looked(data, { file: networkFile(data, "ours") });
  assert.deepEqual([found?.network, found?.isHere], ["ours", false]);
  assert.match(found?.remark ?? "", /^The network ours has not run here yet\. This data directory also has: demo\./);
});

test("where the usual network alone has run, or none, nothing needs to be said", async (t) => {
  const usual = await looked(dataDirectory(t, { byway: 1_000 }));
  assert.deepEqual(usual, { network: "byway", isHere: true, remark: undefined });
  const none = await looked(join(temporaryDirectory(t), "missing"));
  assert.deepEqual(none, { network: "byway", isHere: false, remark: undefined });
});

test("files that are no stores of networks are passed over", async (t) => {
  const data = dataDirectory(t, { byway: 1_000 });
  for (const name of ["peers-..sqlite", "peers-demo.sqlite.corrupt-1", "peers-A_B.sqlite", "peers-.sqlite"]) {
    writeFileSync(join(data, name), "");
  }
  assert.deepEqual(await looked(data), { network: "byway", isHere: true, remark: undefined });
});
