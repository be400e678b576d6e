import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type TestContext, test } from "node:test";
import { closeOf } from "../../test/support/collect.ts";
import { serveLink } from "../../test/support/link-bench.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { systemClock } from "../core/clock.ts";
import { openLink } from "./open-link.ts";
import { TcpTransport } from "./tcp-transport.ts";

/** Carries one connection to where `dial` leads and, once told to, changes what goes one way or stands still. */
async function spoiler(t: TestContext, dial: () => Promise<Duplex>, way: "up" | "down") {
  let spoiling = false;
  let reader: Duplex | undefined;
  const server: Server = createServer();
  const spoil = (bytes: Buffer): Buffer => {
    if (spoiling) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    return bytes;
  };
  server.on("connection", async (near: Duplex) => {
    const far = await dial();
    reader = near;
    near.on("error", () => {}).on("data", (bytes: Buffer) => far.write(way === "up" ? spoil(bytes) : bytes));
    far.on("error", () => {}).on("data", (bytes: Buffer) => near.write(way === "down" ? spoil(bytes) : bytes));
    near.on("end", () => far.end());
    far.on("end", () => near.end());
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const raw: Socket = connect(address.port, "127.0.0.1");
  await once(raw, "connect");
  t.after(() => raw.destroy());
  return {
    raw,
    spoil: () => {
      spoiling = true;
    },
    /** Leaves what comes from `raw` unread. */
    stall: () => reader?.pause(),
  };
}

for (const way of ["up", "down"] as const) {
  test(`bytes that were changed on the way ${way} end the link and its connection`, async (t) => {
    await using served = await serveLink(new TcpTransport({ clock: systemClock }), {});
    const { raw, spoil } = await spoiler(t, served.dial, way);
    const gone = closeOf(raw);
    const link = await openLink({ clock: systemClock, budget: roomyBudget() }, raw, { peerId: served.identity.peerId });
    await link.ping();
    spoil();
    await assert.rejects(link.ping(), { code: "ERR_HOP_LOST" });
    await link.closed;
    await gone;
  });
}

test("a link whose far side no longer reads can be destroyed all the same", async (t) => {
  await using served = await serveLink(new TcpTransport({ clock: systemClock }), {
    connectTarget: async (incoming) => void incoming.accept().resume(),
  });
  const { raw, stall } = await spoiler(t, served.dial, "up");
  const link = await openLink({ clock: systemClock, budget: roomyBudget() }, raw, { peerId: served.identity.peerId });
  const open = () => link.open({ headers: { ":method": "CONNECT", ":authority": "a.example:80" }, toward: "target" });
  // More than the kernel takes, on as many streams as their windows need.
  const opened = Array.from({ length: 12 }, open);
  await Promise.all(opened.map(({ accepted }) => accepted));
  stall();
  for (const { stream } of opened) stream.write(Buffer.alloc(1024 * 1024));
  await new Promise((resolve) => setImmediate(resolve));
  link.destroy();
  await link.closed;
});
