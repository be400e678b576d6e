import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { type BywayClient, createClient } from "../../src/client/client.ts";
import { fixtureGeo } from "../../src/geo/fixture-geo.ts";
import { parseConstraints } from "../../src/routing/constraint-keys.ts";
import { startNetwork } from "../support/network.ts";
import { startTcpTarget, until } from "../support/proxy-fixture.ts";
import { temporaryDirectory } from "../support/run-byway.ts";

const NODES = 6;
const SESSIONS = ["a", "b", "c", "d", "e", "f", "g", "h"];

test("clients that share nothing agree on the exits of sessions, and one that is started again has them still", async (t) => {
  const target = await startTcpTarget((socket) => socket.end());
  t.after(() => target[Symbol.asyncDispose]());
  const network = await startNetwork({ targets: [target.address], nodes: NODES, withDirectory: true });
  t.after(() => network[Symbol.asyncDispose]());
  const { bootstrap, name } = network.testnet.network;
  const recordsPath = join(temporaryDirectory(t), "client.sqlite");

  const start = async (kept: { recordsPath?: string } = {}): Promise<BywayClient> => {
    const directory = { network: name, bootstrap, geo: fixtureGeo() };
    const client = await createClient({ ...kept, directory, localNetwork: true });
    t.after(() => client.stop());
    return client;
  };
  const exitOf = async (client: BywayClient, session: string, more = ""): Promise<string> => {
    // Longer than the test runs, so that its border hardly ever falls into it.
    const asked = parseConstraints(`session=${session}, sesstime=1440${more}`);
    const { stream, route } = await client.connect(target.address, asked);
    stream.destroy();
    return route.exit.peerId;
  };
  const exitsOf = async (client: BywayClient): Promise<readonly string[]> => {
    const exits: string[] = [];
    for (const session of SESSIONS) exits.push(await exitOf(client, session));
    return exits;
  };

  const [one, other] = [await start({ recordsPath }), await start()];
  await until(() => one.usableNodes === NODES && other.usableNodes === NODES);
  const exits = await exitsOf(one);
  assert.deepEqual(await exitsOf(other), exits);
  assert.ok(new Set(exits).size > 1);

  // A session that had to move stays where it is, though its first exit would be chosen again.
  const gone = network.testnet.nodes.find(({ peerId }) => peerId === exits[0]);
  await gone?.stop();
  const moved = await exitOf(one, "a");
  assert.notEqual(moved, exits[0]);
  await one.stop();
  const again = await start({ recordsPath });
  await until(() => again.usableNodes >= NODES - 1);
  const kept = SESSIONS.map((_, index) => (exits[index] === exits[0] ? undefined : exits[index]));
  const found = await exitsOf(again);
  assert.equal(found[0], moved);
  for (const [index, exit] of kept.entries()) if (exit !== undefined) assert.equal(found[index], exit);
  // A strict one has no other exit to go to, and is told so after the restart as well.
  await assert.rejects(exitOf(other, "a", ", strict"), { code: "ERR_SESSION_EXIT" });
});
