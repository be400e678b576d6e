import assert from "node:assert/strict";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { serveLink } from "../../test/support/link-bench.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { LINK_LIMITS } from "./limits.ts";
import type { Link, PendingStream } from "./link.ts";
import { MemoryTransport } from "./memory-transport.ts";
import { isUnprocessed } from "./unprocessed.ts";

/** A node that echoes at one target and is full for all others. */
async function fullNode(t: TestContext) {
  const clock = new FakeClock();
  const node = await serveLink(
    new MemoryTransport(),
    {
      connectTarget: async (incoming) => {
        if (incoming.authority !== "echo.example:1") throw new BywayError("ERR_NODE_LIMIT", "not now");
        const stream = incoming.accept();
        stream.on("error", () => {}).pipe(stream);
      },
    },
    {},
    roomyBudget(),
    clock,
  );
  t.after(() => node[Symbol.asyncDispose]());
  return { clock, node, link: await node.open() };
}

const ask = (link: Link, authority: string): PendingStream =>
  link.open({ headers: { ":method": "CONNECT", ":authority": authority }, toward: "target" });

/** Has requests refused until the node has had enough of the link. */
async function refuseAll(link: Link): Promise<unknown> {
  for (;;) {
    const asked = Array.from({ length: 100 }, () => ask(link, "full.example:1"));
    const results = await Promise.allSettled(asked.map(({ accepted }) => accepted));
    const last = results.map((result) => (result.status === "rejected" ? result.reason : undefined));
    const sentAway = last.find((error) => error instanceof BywayError && error.code === "ERR_HOP_LOST");
    if (sentAway !== undefined) return sentAway;
    if (!link.usable) return last.at(-1);
  }
}

test("a link whose requests are refused too often takes no more, and cuts nothing that stands", {
  timeout: 20_000,
}, async (t) => {
  const { clock, node, link } = await fullNode(t);
  const standing = ask(link, "echo.example:1");
  await standing.accepted;
  await refuseAll(link);
  assert.equal(link.usable, false);
  assert.throws(
    () => ask(link, "echo.example:1"),
    (error) => error instanceof BywayError && isUnprocessed(error),
  );
  clock.advance(LINK_LIMITS.refusedDrainMs.value + LINK_LIMITS.closingMs.value);
  const { stream } = standing;
  stream.end("still there");
  const [chunk] = await once(stream, "data");
  assert.equal(String(chunk), "still there");
  await once(stream, "end");
  await link.closed;
  assert.equal(node.server.links, 0);
});

test("one that carries nothing is ended, with time to read why", { timeout: 20_000 }, async (t) => {
  const { clock, node, link } = await fullNode(t);
  await refuseAll(link);
  assert.equal(link.usable, false);
  clock.advance(LINK_LIMITS.refusedDrainMs.value);
  await link.closed;
  assert.equal(node.server.links, 0);
});
