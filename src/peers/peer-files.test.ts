import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { signedPeer } from "../../test/support/signed-peer.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { type Logger, silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import { generateIdentity } from "../identity/identity.ts";
import { PEERS_LIMITS } from "./limits.ts";
import { PeerBook } from "./peer-book.ts";
import { readPeerFile, writePeerFile } from "./peer-file.ts";
import { PeerFiles } from "./peer-files.ts";
import { PeerStore } from "./peer-store.ts";

function bookOf(clock: FakeClock): PeerBook {
  const store = new PeerStore({ clock, random: seededRandom(1), logger: silentLogger }, { path: ":memory:" });
  return new PeerBook({ store, clock, logger: silentLogger }, { localNetwork: true });
}

function peerFiles(
  clock: FakeClock,
  path: string,
  logger: Logger = silentLogger,
): { files: PeerFiles; book: PeerBook } {
  const book = bookOf(clock);
  return { book, files: new PeerFiles({ clock, logger, book }, [path]) };
}

async function folder(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "byway-peers-"));
  context.after(() => rm(path, { recursive: true }));
  return path;
}

test("a peers file is written whole and read back", async (t) => {
  const path = join(await folder(t), "node.peers");
  const envelope = signedPeer(new FakeClock(), generateIdentity());
  await writePeerFile(path, envelope);
  assert.deepEqual(
    (await readPeerFile(path)).map((one) => Buffer.from(one)),
    [Buffer.from(envelope)],
  );
});

test("a peers file may hold several advertisements, comments and blank lines", async (t) => {
  const clock = new FakeClock();
  const path = join(await folder(t), "all.peers");
  const lines = [1, 2].map(() => Buffer.from(signedPeer(clock, generateIdentity())).toString("base64url"));
  await writeFile(path, `# two nodes\n\n${lines.join("\n")}\n`);
  const { files, book } = peerFiles(clock, path);
  await files.start();
  assert.deepEqual(
    book.find({}, 9, "random").map((peer) => peer.reportedBy),
    [{ kind: "file" }, { kind: "file" }],
  );
  await files.stop();
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
    await assert.rejects(peerFiles(new FakeClock(), path).files.start(), {
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
  const identity = generateIdentity();
  const first = signedPeer(clock, identity);
  await writePeerFile(path, first);
  const { files, book } = peerFiles(clock, path);
  await files.start();
  await writePeerFile(path, signedPeer(clock, identity, { seq: 2 }));
  await utimes(path, new Date(), new Date((await stat(path)).mtimeMs + 5_000));
  await files.refresh();
  assert.equal(book.get(identity.peerId)?.advertisement.seq, 2);
  await writePeerFile(path, first);
  await utimes(path, new Date(), new Date((await stat(path)).mtimeMs + 9_000));
  await files.refresh();
  assert.equal(book.get(identity.peerId)?.advertisement.seq, 2);
  await files.stop();
});

test("a file that vanished is told once, and so is that every peer has expired", async (t) => {
  const clock = new FakeClock();
  const path = join(await folder(t), "node.peers");
  await writePeerFile(path, signedPeer(clock, generateIdentity()));
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => warnings.push(message) };
  const { files, book } = peerFiles(clock, path, logger);
  await files.start();
  await rm(path);
  await files.refresh();
  await files.refresh();
  assert.deepEqual([warnings.length, book.size], [1, 1]);
  clock.advance(PEERS_LIMITS.lifetimeSeconds.value * 1000);
  await files.stop();
  await files.refresh();
  assert.deepEqual([warnings.length, book.size], [2, 0]);
  await files.refresh();
  assert.equal(warnings.length, 2);
});
