import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { generateIdentity } from "../identity/identity.ts";
import { Advertiser } from "./advertiser.ts";
import { KnownPeers } from "./known-peers.ts";
import { DIRECTORY_LIMITS } from "./limits.ts";
import { readPeerFile, writePeerFile } from "./peer-file.ts";

function advertiser(clock: FakeClock, publish: (envelope: Uint8Array) => void = () => {}): Advertiser {
  return new Advertiser(
    { identity: generateIdentity(), clock, publish },
    {
      roles: ["exit"],
      endpoints: [{ host: "127.0.0.1", port: 1 }],
      protocols: ["tcp"],
      policy: { acceptedPorts: [] },
      software: "byway/0.1.0",
    },
  );
}

async function folder(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "byway-peers-"));
  context.after(() => rm(path, { recursive: true }));
  return path;
}

test("a node signs again every quarter of an hour with a higher seq, until it stops", () => {
  const clock = new FakeClock();
  const published: Uint8Array[] = [];
  const node = advertiser(clock, (envelope) => published.push(envelope));
  const first = node.advertisement;
  node.start();
  clock.advance(DIRECTORY_LIMITS.renewMs.value);
  assert.equal(published.length, 1);
  assert.ok(node.advertisement.seq > first.seq);
  assert.equal(node.advertisement.expiresAtSec - first.expiresAtSec, DIRECTORY_LIMITS.renewMs.value / 1000);
  node.stop();
  assert.equal(clock.pending, 0);
});

test("the newest seq is kept, and an expired peer is not shown", () => {
  const clock = new FakeClock();
  const peers = new KnownPeers({ clock, logger: silentLogger }, { localNetwork: true });
  const node = advertiser(clock);
  const old = node.envelope;
  node.start();
  clock.advance(DIRECTORY_LIMITS.renewMs.value);
  peers.add(node.envelope);
  peers.add(old);
  assert.deepEqual(
    peers.current().map((peer) => peer.advertisement.seq),
    [node.advertisement.seq],
  );
  node.stop();
  clock.advance(DIRECTORY_LIMITS.lifetimeSeconds.value * 1000);
  assert.deepEqual(peers.current(), []);
});

test("a peers file is written whole and read back", async (t) => {
  const path = join(await folder(t), "node.peers");
  const { envelope } = advertiser(new FakeClock());
  await writePeerFile(path, envelope);
  assert.deepEqual(
    (await readPeerFile(path)).map((one) => Buffer.from(one)),
    [Buffer.from(envelope)],
  );
});

test("a peers file may hold several advertisements, comments and blank lines", async (t) => {
  const clock = new FakeClock();
  const path = join(await folder(t), "all.peers");
  const lines = [advertiser(clock), advertiser(clock)].map((node) => Buffer.from(node.envelope).toString("base64url"));
  await writeFile(path, `# two nodes\n\n${lines.join("\n")}\n`);
  const peers = new KnownPeers({ clock, logger: silentLogger }, { files: [path], localNetwork: true });
  await peers.start();
  assert.equal(peers.current().length, 2);
  await peers.stop();
  assert.equal(clock.pending, 0);
});

test("a missing, empty or foreign peers file says what is wrong", async (t) => {
  const path = join(await folder(t), "bad.peers");
  const read = (): Promise<unknown> => readPeerFile(path);
  await assert.rejects(read, { code: "ERR_PEER_FILE", message: `cannot read the peers file ${path} (ENOENT)` });
  await writeFile(path, "# nothing\n");
  await assert.rejects(read, { code: "ERR_PEER_FILE" });
  await writeFile(path, '{"not": "base64url"}\n');
  await assert.rejects(read, { code: "ERR_PEER_FILE" });
  for (const text of ["AAAA\n", "AAAA\nAAAB\n"]) {
    await writeFile(path, text);
    const options = { files: [path], localNetwork: true };
    const peers = new KnownPeers({ clock: new FakeClock(), logger: silentLogger }, options);
    await assert.rejects(peers.start(), {
      code: "ERR_ADVERTISEMENT_MALFORMED",
      message: new RegExp(`^${path} holds no advertisement that can be used: `),
    });
  }
});

test("what cannot be written leaves nothing beside it", async (t) => {
  const directory = await folder(t);
  const path = join(directory, "taken");
  await mkdir(join(path, "full"), { recursive: true });
  await assert.rejects(writePeerFile(path, new Uint8Array(1)), { code: "ERR_DATA_DIRECTORY" });
  assert.deepEqual(await readdir(directory), ["taken"]);
});

test("a changed peers file is read again", async (t) => {
  const clock = new FakeClock();
  const path = join(await folder(t), "node.peers");
  const node = advertiser(clock);
  await writePeerFile(path, node.envelope);
  const peers = new KnownPeers({ clock, logger: silentLogger }, { files: [path], localNetwork: true });
  await peers.start();
  node.start();
  clock.advance(DIRECTORY_LIMITS.renewMs.value);
  node.stop();
  await writePeerFile(path, node.envelope);
  await utimes(path, new Date(), new Date((await stat(path)).mtimeMs + 5_000));
  await peers.refresh();
  assert.equal(peers.current()[0]?.advertisement.seq, node.advertisement.seq);
  await peers.stop();
});

test("a file that vanished is told once, peers that expired are forgotten and that is told too", async (t) => {
  const clock = new FakeClock();
  const path = join(await folder(t), "node.peers");
  await writePeerFile(path, advertiser(clock).envelope);
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => warnings.push(message) };
  const peers = new KnownPeers({ clock, logger }, { files: [path], localNetwork: true });
  await peers.start();
  await rm(path);
  await peers.refresh();
  await peers.refresh();
  assert.deepEqual([warnings.length, peers.current().length], [1, 1]);
  clock.advance(DIRECTORY_LIMITS.lifetimeSeconds.value * 1000);
  await peers.stop();
  await peers.refresh();
  assert.deepEqual([warnings.length, peers.current().length], [2, 0]);
  await peers.refresh();
  assert.equal(warnings.length, 2);
});
