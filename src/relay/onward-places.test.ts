import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkSession } from "../link/link-session.ts";
import { OnwardPlaces } from "./onward-places.ts";

test("what is refused, given back or evicted counts neither for its link nor for its network", () => {
  const places = new OnwardPlaces("things", { most: 2, mostPerNetwork: 2, mostPerLink: 1 });
  const link = (id: number, remote: string): LinkSession => new LinkSession(id, remote);
  const [first, second, third] = [link(1, "198.51.100.1"), link(2, "198.51.100.2"), link(3, "198.51.100.3")];
  const evicted: string[] = [];
  const take = (of: LinkSession): (() => void) =>
    places.take(of, ({ data }) => void evicted.push(`${of.id} ${data.by}`));
  const release = take(first);
  assert.throws(() => take(first), { code: "ERR_STREAM_LIMIT", data: { by: "things of a link" } });
  take(second);
  assert.throws(() => take(third), { code: "ERR_STREAM_LIMIT", data: { by: "things of a network" } });
  release();
  take(third);
  assert.equal(places.taken, 2);
  const other = take(link(4, "203.0.113.1"));
  assert.deepEqual([evicted, places.taken], [["2 things"], 2]);
  other();
  take(second);
  assert.equal(places.taken, 2);
});
