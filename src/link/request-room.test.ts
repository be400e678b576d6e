import assert from "node:assert/strict";
import { test } from "node:test";
import { someLink } from "../../test/support/some-link.ts";
import { BywayError } from "../core/errors.ts";
import { LINK_LIMITS } from "./limits.ts";
import { headerListBytes, RequestRoom } from "./request-room.ts";

const BOUNDS = { most: 10_000, mostPerNetwork: 6_000, mostPerLink: 4_000 };

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return error instanceof BywayError ? error.code : "another error";
  }
  return undefined;
}

test("a header list counts with 32 bytes a field beside its text", () => {
  assert.equal(headerListBytes([":method", "CONNECT", "x", ""]), 7 + 7 + 32 + 1 + 32);
});

test("requests have room for each link, each network and altogether, and give it back once", () => {
  const room = new RequestRoom(BOUNDS);
  const take = (id: number, remote: string, bytes: number) => room.take(someLink(id, remote), bytes);
  const release = take(1, "192.0.2.1", 3_000);
  assert.equal(
    codeOf(() => take(1, "192.0.2.1", 1_001)),
    "ERR_HOP_LIMIT",
  );
  take(2, "192.0.2.200", 3_000);
  assert.equal(
    codeOf(() => take(3, "192.0.2.3", 1)),
    "ERR_HOP_LIMIT",
  );
  take(4, "198.51.100.1", 4_000);
  assert.equal(
    codeOf(() => take(5, "203.0.113.1", 1)),
    "ERR_HOP_LIMIT",
  );
  release();
  release();
  assert.equal(room.bytes, 7_000);
  assert.equal(
    codeOf(() => take(1, "192.0.2.1", 3_000)),
    undefined,
  );
});

test("links without an address share no network", () => {
  const room = new RequestRoom(BOUNDS);
  for (let id = 0; id < 10; id += 1) room.take(someLink(id), 1_000);
  assert.equal(room.bytes, 10_000);
});

test("a header list beyond the bound is no matter of room", () => {
  const room = new RequestRoom();
  const most = LINK_LIMITS.headerListBytes.value;
  assert.equal(
    codeOf(() => room.take(someLink(), most + 1)),
    "ERR_REQUEST_TOO_LARGE",
  );
  assert.equal(
    codeOf(() => room.take(someLink(), most)),
    undefined,
  );
});

test("a full link may wait for a relay with the longest requests of ours", () => {
  const room = new RequestRoom();
  const longest = headerListBytes([
    ...[":method", "CONNECT", ":authority", `${"k".repeat(62)}.byway.alt:443`],
    ...["byway-advertisement", "a".repeat(2_048)],
  ]);
  for (let stream = 0; stream < LINK_LIMITS.streamsPerLink.value; stream += 1)
    room.take(someLink(1, "192.0.2.1"), longest);
  assert.ok(room.bytes > 0);
});
