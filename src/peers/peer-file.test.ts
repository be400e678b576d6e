import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readPeerFile, writePeerFile } from "./peer-file.ts";

const ROUNDS = 25;
const ENVELOPE_BYTES = 500;

test("two who write one file at once both succeed, and a reader never sees half of one", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "byway-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "node.advertisement");
  const write = async (fill: number): Promise<void> => {
    for (let round = 0; round < ROUNDS; round += 1) await writePeerFile(path, Buffer.alloc(ENVELOPE_BYTES, fill));
  };
  await writePeerFile(path, Buffer.alloc(ENVELOPE_BYTES));
  let writing = true;
  const written = Promise.all([write(1), write(2)]).finally(() => {
    writing = false;
  });
  const read = async (): Promise<void> => {
    while (writing)
      assert.deepEqual(
        (await readPeerFile(path)).map(({ length }) => length),
        [ENVELOPE_BYTES],
      );
  };
  await Promise.all([written, read()]);
  assert.deepEqual(await readdir(folder), ["node.advertisement"]);
});
