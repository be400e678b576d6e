import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { test } from "node:test";
import { closeOf, collect } from "../../test/support/collect.ts";
import { serveLink } from "../../test/support/link-bench.ts";
import { BywayError } from "../core/errors.ts";
import { abortStream } from "../flow/abort-stream.ts";
import { generateIdentity } from "../identity/identity.ts";
import type { IncomingStream } from "./incoming-stream.ts";
import type { Transport } from "./transport.ts";

const CONNECT = { ":method": "CONNECT", ":authority": "target.example:80" };

async function echo(incoming: IncomingStream): Promise<void> {
  const stream = incoming.accept();
  stream.pipe(stream);
}

/** What a link must do over any transport. */
export function linkCompliance(name: string, make: () => Transport): void {
  test(`${name}: early data and half-close carry bytes unchanged both ways`, async () => {
    await using served = await serveLink(make(), { connectTarget: echo });
    const link = await served.open();
    const bytes = randomBytes(5_000_000);
    const { stream, accepted } = link.open({ headers: CONNECT, toward: "target", early: bytes.subarray(0, 1000) });
    stream.end(bytes.subarray(1000));
    await accepted;
    const hash = (b: Buffer): string => createHash("sha256").update(b).digest("hex");
    assert.equal(hash(await collect(stream)), hash(bytes));
    link.close();
    await link.closed;
  });

  test(`${name}: another key than the expected one is refused before a request is sent`, async () => {
    let requests = 0;
    await using served = await serveLink(make(), {
      connectTarget: async () => {
        requests += 1;
      },
    });
    await assert.rejects(served.open(generateIdentity()), { code: "ERR_HOP_IDENTITY" });
    assert.equal(requests, 0);
  });

  test(`${name}: a refusal arrives with its code and reason, and the link goes on`, async () => {
    await using served = await serveLink(make(), {
      connectTarget: async () => {
        throw new BywayError("ERR_TARGET_REFUSED", "nothing listens at port 80");
      },
    });
    const link = await served.open();
    const { accepted } = link.open({ headers: CONNECT, toward: "target" });
    await assert.rejects(accepted, {
      code: "ERR_TARGET_REFUSED",
      message: 'the exit says: "nothing listens at port 80"',
    });
    assert.ok((await link.ping()) >= 0);
    link.destroy();
  });

  test(`${name}: any number may ask for a round trip at once`, async () => {
    await using served = await serveLink(make(), {});
    const link = await served.open();
    await link.ready();
    const trips = await Promise.all(Array.from({ length: 20 }, () => link.ping()));
    assert.equal(trips.length, 20);
    assert.ok((await link.ping()) >= 0);
    link.destroy();
    await assert.rejects(link.ping(), { code: "ERR_HOP_LOST" });
  });

  test(`${name}: a role that the node lacks is ERR_HOP_ROLE`, async () => {
    await using served = await serveLink(make(), {});
    const link = await served.open();
    await assert.rejects(link.open({ headers: CONNECT, toward: "target" }).accepted, { code: "ERR_HOP_ROLE" });
    link.destroy();
  });

  test(`${name}: a reset by the server closes the stream without an end, even after the client has ended`, async () => {
    await using served = await serveLink(make(), {
      connectTarget: async (incoming) => {
        const stream = incoming.accept();
        stream.write("part of a body");
        stream.once("end", () => abortStream(stream));
        stream.resume();
      },
    });
    const link = await served.open();
    const { stream, accepted } = link.open({ headers: CONNECT, toward: "target" });
    await accepted;
    let ended = false;
    stream.on("end", () => {
      ended = true;
    });
    stream.resume();
    stream.end();
    await closeOf(stream);
    assert.equal(ended, false);
    link.destroy();
  });

  test(`${name}: a link that dies closes its streams without an end`, async () => {
    await using served = await serveLink(make(), { connectTarget: echo });
    const link = await served.open();
    const { stream, accepted } = link.open({ headers: CONNECT, toward: "target", early: Buffer.from("x") });
    await accepted;
    let ended = false;
    stream.on("end", () => {
      ended = true;
    });
    stream.resume();
    const closed = closeOf(stream);
    void served.server.stop();
    await closed;
    assert.equal(ended, false);
    await link.closed;
    assert.throws(() => link.open({ headers: CONNECT, toward: "target" }), { code: "ERR_HOP_LOST" });
  });

  test(`${name}: an abort takes an unanswered request back, and is not taken for an end`, async () => {
    const arrived = Promise.withResolvers<IncomingStream>();
    await using served = await serveLink(make(), {
      connectTarget: async (incoming) => arrived.resolve(incoming),
    });
    const link = await served.open();
    const controller = new AbortController();
    const { accepted } = link.open({ headers: CONNECT, toward: "target", signal: controller.signal });
    const incoming = await arrived.promise;
    const gone = once(incoming.signal, "abort");
    controller.abort(new BywayError("ERR_ABORTED", "changed my mind"));
    await assert.rejects(accepted, { code: "ERR_ABORTED" });
    await gone;
    assert.equal(incoming.accept().readableEnded, false);
    link.destroy();
  });

  test(`${name}: closing lets open streams finish`, async () => {
    await using served = await serveLink(make(), { connectTarget: echo });
    const link = await served.open();
    const { stream, accepted } = link.open({ headers: CONNECT, toward: "target" });
    await accepted;
    link.close();
    assert.equal(link.usable, false);
    stream.end("last words");
    assert.equal((await collect(stream)).toString(), "last words");
    await link.closed;
  });

  test(`${name}: the node describes itself`, async () => {
    await using served = await serveLink(make(), { describe: () => ({ v: 1, roles: ["exit"] }) });
    const link = await served.open();
    assert.deepEqual(JSON.parse(await link.get("/.well-known/byway")), { v: 1, roles: ["exit"] });
    await assert.rejects(link.get("/secret"), { code: "ERR_HOP_UNREACHABLE" });
    link.destroy();
  });
}
