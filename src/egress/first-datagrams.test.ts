import assert from "node:assert/strict";
import { test } from "node:test";
import { BITTORRENT_DATAGRAMS, ORDINARY_DATAGRAMS } from "../../test/support/datagrams.ts";
import { hex } from "../../test/support/hostile-bytes.ts";
import { FirstDatagrams } from "./first-datagrams.ts";
import { EGRESS_LIMITS } from "./limits.ts";

const CLOSED = { opensBitTorrent: false };
const REFUSED = { code: "ERR_POLICY_PROTOCOL", data: { by: "bittorrent" } };
const SYN = hex("41 00 3039 0a1b2c3d 00000000 00100000 0001 0000");
const ANSWER = hex("21 00 3039 0a1b2d00 000000c3 00100000 7777 0001");

test("a flow that shows BitTorrent is refused from either side, unless the policy opens it", () => {
  for (const from of ["client", "target"] as const) {
    for (const [what, bytes] of Object.entries(BITTORRENT_DATAGRAMS)) {
      assert.throws(() => new FirstDatagrams(CLOSED).look(from, bytes), REFUSED, what);
      new FirstDatagrams({ opensBitTorrent: true }).look(from, bytes);
    }
  }
});

test("uTP is refused at the answer to its SYN, whichever side sent that", () => {
  for (const [asker, other] of [
    ["client", "target"],
    ["target", "client"],
  ] as const) {
    const flow = new FirstDatagrams(CLOSED);
    flow.look(asker, SYN);
    flow.look(asker, ANSWER);
    assert.throws(() => flow.look(other, ANSWER), REFUSED);
  }
});

test("flows of other protocols pass in whatever order their datagrams come", () => {
  const all = Object.values(ORDINARY_DATAGRAMS);
  for (const first of all) {
    const flow = new FirstDatagrams(CLOSED);
    flow.look("client", first);
    for (const answer of all) flow.look("target", answer);
  }
});

test("it looks at the first few each way, and not at what a long flow carries later", () => {
  const flow = new FirstDatagrams(CLOSED);
  const ping = BITTORRENT_DATAGRAMS["a ping of the DHT, BEP 5"] ?? assert.fail("no sample");
  for (let n = 0; n < EGRESS_LIMITS.firstDatagrams.value; n += 1) flow.look("client", Buffer.from("x"));
  flow.look("client", ping);
  assert.throws(() => flow.look("target", ping), REFUSED);
});
