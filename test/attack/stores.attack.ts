import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import { BywayError } from "../../src/core/errors.ts";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { type Random, seededRandom } from "../../src/core/random.ts";
import { generateIdentity } from "../../src/identity/identity.ts";
import { openPeers } from "../../src/peers/open-peers.ts";
import { RecordFile } from "../../src/storage/record-file.ts";
import { below, oneOf } from "../support/mutated-bytes.ts";
import { temporaryDirectory } from "../support/run-byway.ts";
import { signedPeer } from "../support/signed-peer.ts";

/*
 * Files of records and of peers, damaged by chance and opened: they may be refused with an error of Byway's own, or begun
 * anew, and serve then.
 */
const CASES = 1_500;
const LIMIT_MS = 2_000;
const RECORDS = 300;
const PEERS = 150;
const SEED = randomInt(2 ** 31);

const clock = new FakeClock();
const components = { clock, logger: silentLogger, random: seededRandom(1) };

function envelope(): Uint8Array {
  const endpoint = { host: `${randomInt(20, 100)}.${randomInt(256)}.1.1`, port: 443 };
  return signedPeer(clock, generateIdentity(), { endpoints: [endpoint], city: "Berlin" });
}

function useRecords(path: string, count = 1): void {
  const file = new RecordFile(components, { path });
  try {
    for (const _ of file.load("guards"));
    for (let n = 0; n < count; n += 1) file.put("guards", `key ${n}`, { n, text: "x".repeat(50) });
    assert.ok([...file.load("guards")].length >= 1);
  } finally {
    file.stop();
  }
}

const NEW_PEER = envelope();

function usePeers(path: string, envelopes: readonly Uint8Array[] = [NEW_PEER]): void {
  const { book, stop } = openPeers(components, { storePath: path, localNetwork: false });
  try {
    book.find({ countries: ["de"] }, 20, "random");
    book.draw({ cities: ["Berlin"], roles: ["exit"] }, 20);
    book.counts();
    for (const each of envelopes) book.add(each, { kind: "gossip", peer: "x" });
    book.flush();
    book.waysIn(5);
    book.forgetExpired();
  } finally {
    stop();
  }
}

/** A few bytes changed, or hundreds; pages overwritten, copied or cut off. */
function damaged(file: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(file);
  let length = bytes.length;
  const place = (): number => below(random, bytes.length);
  for (let edit = below(random, oneOf(random, [6, 6, 400])); edit >= 0; edit -= 1) {
    const from = place();
    const end = Math.min(bytes.length, from + below(random, 4_096));
    const byte = below(random, 256);
    switch (below(random, 5)) {
      case 0:
        bytes[from] = byte;
        break;
      case 1:
        // What says how all of it is to be read.
        bytes[below(random, Math.min(bytes.length, 200))] = byte;
        break;
      case 2:
        bytes.fill(byte, from, end);
        break;
      case 3:
        bytes.copy(bytes, place(), from, end);
        break;
      default:
        if (random.float() < 0.05) length = place();
    }
  }
  return bytes.subarray(0, length);
}

for (const [name, make, use] of [
  ["records", (path: string) => useRecords(path, RECORDS), (path: string) => useRecords(path)],
  [
    "peers",
    (path: string) => usePeers(path, Array.from({ length: PEERS }, envelope)),
    (path: string) => usePeers(path),
  ],
] as const) {
  test(`a file of ${name} that was damaged is refused or begun anew`, { timeout: 600_000 }, (t) => {
    t.diagnostic(`seed ${SEED}`);
    const random = seededRandom(SEED);
    const folder = temporaryDirectory(t);
    const path = join(folder, "store");
    make(path);
    const whole = readFileSync(path);
    const clean = (): void => {
      for (const file of readdirSync(folder)) rmSync(join(folder, file), { recursive: true });
    };
    let refused = 0;
    let slowestMs = 0;
    for (let turn = 0; turn < CASES; turn += 1) {
      clean();
      writeFileSync(path, damaged(whole, random), { mode: 0o600 });
      const beganMs = systemClock.monotonicMs();
      try {
        use(path);
      } catch (error) {
        if (!(error instanceof BywayError) || error.code === "ERR_INTERNAL")
          throw new Error(`case ${turn}`, { cause: error });
        refused += 1;
      }
      slowestMs = Math.max(slowestMs, systemClock.monotonicMs() - beganMs);
    }
    t.diagnostic(`${CASES} cases, ${refused} refused, slowest ${Math.round(slowestMs)} ms`);
    assert.ok(slowestMs < LIMIT_MS, `${slowestMs} ms`);
  });
}
