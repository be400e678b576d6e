import assert from "node:assert/strict";
import { test } from "node:test";
import { lineOfKey } from "./line-of-key.ts";

const TEXT = `data = "/x"
[client] # what apps use
hops = 1
note = """
[node]
relay = 1
"""
  [[ client.limits ]]
user = "a"
[[client.limits]]
user = "b"
[node]
relay = true
client.x = 1
"quoted" = 1
`;

for (const [place, line] of [
  [{ key: "data" }, 1],
  [{ key: "client.hops" }, 3],
  [{ key: "node.relay" }, 13],
  [{ key: "client.limits", table: 2 }, 10],
  [{ key: "client.limits" }, 8],
  [{ key: "client.limits", table: 3 }, undefined],
  [{ key: "node.client.x" }, 14],
  [{ key: "node.quoted" }, undefined],
  [{ key: "hops" }, undefined],
] as const) {
  test(`${JSON.stringify(place)} is at line ${line}`, () => {
    assert.equal(lineOfKey(TEXT, place), line);
    assert.equal(lineOfKey(TEXT.replaceAll("\n", "\r\n"), place), line);
  });
}
