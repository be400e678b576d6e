import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { type NetworkFile, parseNetworkFile, printNetworkFile } from "./network-file.ts";

const ID = "12D3KooWQK1wnefoLrcVHbbnf5tLzbopUd3K3bFAoJpA7YJgL5pV";
const ADDRESS = `/ip4/192.0.2.1/tcp/4433/p2p/${ID}`;
const read = (text: string): NetworkFile => parseNetworkFile({ path: "n.toml", text });

test("a network file is read as it was written", () => {
  const network = { name: "demo-1", bootstrap: [ADDRESS], localNetwork: true, trustAnchors: [ID] };
  assert.deepEqual(read(printNetworkFile(network)), network);
  assert.deepEqual(read('name = "byway"\nprotocol = 1'), {
    name: "byway",
    bootstrap: [],
    localNetwork: false,
    trustAnchors: [],
  });
});

test("a fault is told with its key", () => {
  const good = 'name = "byway"\nprotocol = 1\n';
  for (const [text, told] of [
    ["name =", /is not TOML/],
    ["protocol = 1", /must have a name/],
    ['name = "By way"\nprotocol = 1', /must have a name/],
    ['name = "byway"', /must have protocol = 1/],
    ['name = "byway"\nprotocol = 2', /must have protocol = 1/],
    [`${good}bootstraps = []`, /no known key bootstraps; the nearest is bootstrap/],
    [`${good}bootstrap = "x"`, /as bootstrap a list/],
    [`${good}bootstrap = ["/ip4/192.0.2.1/tcp/4433"]`, /as bootstrap a list/],
    [`${good}local-network = 1`, /true or false/],
    [`${good}trust-anchors = ["x"]`, /a peer id/],
    [`${good}bootstrap = [${`"${ADDRESS}",`.repeat(65)}]`, /at most 64/],
  ] as const) {
    assert.throws(
      () => read(text),
      (error) => error instanceof BywayError && error.code === "ERR_NETWORK_FILE" && told.test(error.message),
      text,
    );
  }
});
