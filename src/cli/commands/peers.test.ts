import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { advertisedNode } from "../../../test/support/advertised-node.ts";
import { runByway, temporaryDirectory } from "../../../test/support/run-byway.ts";
import { systemClock } from "../../core/clock.ts";
import { silentLogger } from "../../core/logger.ts";
import { systemRandom } from "../../core/random.ts";
import { openPeers } from "../../peers/open-peers.ts";

test("nodes are listed by city, state and provider, however these are spelt", async (t) => {
  const data = temporaryDirectory(t);
  const atMs = systemClock.nowMs();
  const oakland = { country: "us", region: "California", city: "Oakland", isp: "Comcast Cable, LLC" };
  const paulo = { country: "br", region: "Sao Paulo", city: "Sao Paulo", isp: "Vivo" };
  const nodes = [oakland, paulo].map((place, index) =>
    advertisedNode({ atMs, endpoints: [{ host: `9.9.${index}.9`, port: 1 }], ...place }),
  );
  const peers = openPeers(
    { clock: systemClock, random: systemRandom, logger: silentLogger },
    { storePath: join(data, "peers-byway.sqlite"), localNetwork: false },
  );
  peers.book.addAll(
    nodes.map(({ envelope }) => envelope),
    { kind: "exchange" },
  );
  peers.stop();
  const listed = async (...args: string[]): Promise<readonly string[]> => {
    const { stdout, stderr, code } = await runByway(t, ["--json", "peers", ...args, "--data", data]);
    assert.equal(code, 0, stderr);
    const found: readonly { peer: string }[] = JSON.parse(stdout).peers;
    return found.map(({ peer }) => peer);
  };
  const [first, second] = nodes.map(({ advertisement }) => advertisement.peer);
  assert.deepEqual(await listed("--city", "são_paulo"), [second]);
  assert.deepEqual(await listed("--state", "us_ca"), [first]);
  assert.deepEqual(await listed("--isp", "comcast cable,vivo", "--city", "OAKLAND"), [first]);
  assert.deepEqual(await listed("--isp", "cable"), []);
});
