import assert from "node:assert/strict";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { inspect } from "node:util";
import { until } from "../../test/support/proxy-fixture.ts";
import { meetRawHop } from "../../test/support/raw-hop.ts";
import { FLAG, FRAME, fields, frame, type RawHttp2, reset } from "../../test/support/raw-http2.ts";
import { BywayError } from "../core/errors.ts";
import { isUnprocessed, unprocessed } from "./unprocessed.ts";

const options = { timeout: 30_000 };
const REQUEST = { headers: { ":method": "CONNECT", ":authority": "target.example:80" }, toward: "target" } as const;
const early = Buffer.from("POST / HTTP/1.1\r\n");
const REFUSED_STREAM = 7;
const INTERNAL_ERROR = 2;
const CANCEL = 8;

function goaway(last: number, code: number): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(last, 0);
  payload.writeUInt32BE(code, 4);
  return frame(FRAME.goaway, FLAG.none, 0, payload);
}

/** How a request with first bytes fails, after which the hop, which has read all, does `act`. */
async function failureAfter(t: TestContext, act: (hop: RawHttp2) => void): Promise<BywayError> {
  const { link, hop } = await meetRawHop(t);
  const { stream, accepted } = link.open({ ...REQUEST, early });
  stream.on("error", () => {});
  await until(() => hop.dataBytes === early.length);
  act(hop);
  try {
    await accepted;
  } catch (error) {
    if (error instanceof BywayError) return error;
  }
  return assert.fail("it was accepted");
}

const PROOFS: Readonly<Record<string, (hop: RawHttp2) => void>> = {
  "a GOAWAY that leaves it out": (hop) => void hop.send(goaway(0, 0)),
  "a GOAWAY that leaves it out, and the end of the connection": (hop) => void hop.socket.end(goaway(0, 0)),
  REFUSED_STREAM: (hop) => void hop.send(reset(1, REFUSED_STREAM)),
};

for (const [what, act] of Object.entries(PROOFS)) {
  test(`${what} proves that the hop passed nothing on`, options, async (t) => {
    const error = await failureAfter(t, act);
    assert.deepEqual([error.code, isUnprocessed(error)], ["ERR_HOP_LOST", true]);
  });
}

const NO_PROOFS: Readonly<Record<string, (hop: RawHttp2) => void>> = {
  "a GOAWAY that counts it": (hop) => void hop.socket.end(goaway(1, 0)),
  "a GOAWAY that counts it, and a reset": (hop) => void hop.send(goaway(1, 0), reset(1, CANCEL)),
  "a GOAWAY that counts it, with the code REFUSED_STREAM": (hop) => void hop.send(goaway(1, REFUSED_STREAM)),
  "the same, and the end of the connection": (hop) => void hop.socket.end(goaway(1, REFUSED_STREAM)),
  "another reset": (hop) => void hop.send(reset(1, INTERNAL_ERROR)),
  "the end of the connection": (hop) => void hop.socket.end(),
  "a broken connection": (hop) => void hop.socket.destroy(),
};

for (const [what, act] of Object.entries(NO_PROOFS)) {
  test(`${what} proves nothing`, options, async (t) => {
    const error = await failureAfter(t, act);
    assert.deepEqual([error.kind, isUnprocessed(error)], ["hop", false]);
  });
}

test("a link that takes no requests any more has sent nothing", options, async (t) => {
  const { link } = await meetRawHop(t);
  link.close();
  assert.throws(
    () => link.open({ ...REQUEST, early }),
    (error: unknown) => error instanceof BywayError && isUnprocessed(error),
  );
});

test("a stream that was accepted is not taken for one that reached nobody", options, async (t) => {
  const { link, hop } = await meetRawHop(t);
  const { stream, accepted } = link.open({ ...REQUEST, early });
  const failed = once(stream, "error") as Promise<[unknown]>;
  await until(() => hop.dataBytes === early.length);
  hop.send(frame(FRAME.headers, FLAG.endHeaders, 1, fields([":status", "200"])));
  await accepted;
  hop.send(reset(1, REFUSED_STREAM));
  const [error] = await failed;
  assert.equal(error instanceof BywayError && isUnprocessed(error), false);
});

test("only a lost hop proves it", () => {
  assert.equal(isUnprocessed(unprocessed(new BywayError("ERR_HOP_LOST", "the link closed"))), true);
  assert.equal(isUnprocessed(unprocessed(new BywayError("ERR_HOP_PROTOCOL", "too long"))), false);
  assert.equal(isUnprocessed(new BywayError("ERR_HOP_LOST", "the link closed")), false);
});

test("the proof is for this client's own code: nothing that is shown of the error tells it, and no other error has it", () => {
  const shared = new BywayError("ERR_HOP_LOST", "the link closed", { data: { hop: 1 } });
  const marked = unprocessed(shared);
  assert.deepEqual(
    [marked.data, marked.toJSON(), Object.keys(marked)],
    [shared.data, shared.toJSON(), Object.keys(shared)],
  );
  assert.doesNotMatch(inspect(marked), /isUnprocessed/);
  assert.equal(marked.stack, shared.stack);
  assert.deepEqual([isUnprocessed(shared), isUnprocessed(marked.with({ requestId: "r" }))], [false, false]);
});
