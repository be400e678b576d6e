import assert from "node:assert/strict";
import { once } from "node:events";
import { constants, type Http2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import { suite, test } from "node:test";
import { serveLink } from "../../test/support/link-bench.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { abortStream } from "../flow/abort-stream.ts";
import { LINK_LIMITS } from "./limits.ts";
import type { Link } from "./link.ts";
import type { LinkServer } from "./link-server.ts";
import { openLink } from "./open-link.ts";
import type { Transport } from "./transport.ts";

const CONNECT = { ":method": "CONNECT", ":authority": "target.example:80" };
const REASON = new BywayError("ERR_HOP_TIMEOUT", "for a test");
const GRACE_MS = 1_000;
const LONG_GRACE_MS = 3_600_000;

/** A link with one stream that was accepted, seen from both ends. */
interface Site extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly link: Link;
  readonly server: LinkServer;
  /** What the link runs over, at the client and at the node. */
  readonly wire: { readonly near: Duplex; readonly far: Duplex };
  /** The stream, at the client and at the node. */
  readonly near: Duplex;
  readonly far: Duplex;
}

async function startSite(transport: Transport): Promise<Site> {
  const clock = new FakeClock();
  const raws: Duplex[] = [];
  const watched: Transport = {
    dial: (endpoint, signal) => transport.dial(endpoint, signal),
    listen: (at, accept) =>
      transport.listen(at, (raw) => {
        raws.push(raw);
        accept(raw);
      }),
  };
  const arrived = Promise.withResolvers<Duplex>();
  const services = {
    connectTarget: async (incoming: { accept(): Duplex }) => arrived.resolve(incoming.accept().on("error", () => {})),
  };
  const served = await serveLink(watched, services, {}, roomyBudget(), clock);
  const wire = await served.dial();
  const { peerId } = served.identity;
  const link = await openLink({ clock, budget: roomyBudget() }, wire, { peerId });
  const { stream, accepted } = link.open({ headers: CONNECT, toward: "target" });
  await accepted;
  const [far] = raws;
  if (far === undefined) throw new Error("no connection came");
  return {
    clock,
    link,
    server: served.server,
    wire: { near: wire, far },
    near: stream,
    far: await arrived.promise,
    async [Symbol.asyncDispose]() {
      link.destroy();
      await served[Symbol.asyncDispose]();
    },
  };
}

/** Sends RST_STREAM and nothing else. */
function resetWith(stream: Duplex, code: number): void {
  const plain = stream as unknown as Http2Stream;
  plain.end = () => plain;
  plain.close(code);
}

/** From now on nothing arrives; each end finds out by itself when its time has come. */
function freeze(raw: Duplex, clock: FakeClock): void {
  raw.push = () => true;
  clock.advance(LINK_LIMITS.pingPeriodMs.value * (LINK_LIMITS.unansweredPings.value + 1));
}

/** Everything but END_STREAM that ends a stream. */
const CUTS: Readonly<Record<string, (site: Site) => unknown>> = {
  "the client ends the link": ({ link }) => link.destroy(),
  "the client ends the link for a reason": ({ link }) => link.destroy(REASON),
  "the client retires the link and then ends it": ({ link }) => {
    link.close();
    link.destroy();
  },
  "the client's connection closes": ({ wire }) => wire.near.destroy(),
  "the client's connection is reset": ({ wire }) => abortStream(wire.near),
  "the client falls silent": ({ wire, clock }) => freeze(wire.far, clock),
  "the client resets the stream": ({ near }) => abortStream(near),
  "the client lets go of the stream": ({ near }) => near.destroy(),
  "the client resets the stream with NO_ERROR": ({ near }) => resetWith(near, constants.NGHTTP2_NO_ERROR),
  "the client resets the stream with CANCEL": ({ near }) => resetWith(near, constants.NGHTTP2_CANCEL),
  "the node stops": ({ server }) => void server.stop(),
  "the node stops after a grace": ({ server, clock }) => {
    void server.stop(GRACE_MS);
    clock.advance(GRACE_MS);
  },
  "the node goes away while it waits for its streams": ({ server, wire }) => {
    void server.stop(GRACE_MS);
    wire.far.destroy();
  },
  "the node ends all streams": ({ server }) => server.endStreams(REASON),
  "the node's connection closes": ({ wire }) => wire.far.destroy(),
  "the node's connection is reset": ({ wire }) => abortStream(wire.far),
  "the node falls silent": ({ wire, clock }) => freeze(wire.near, clock),
  "the node resets the stream": ({ far }) => abortStream(far),
  "the node lets go of the stream": ({ far }) => far.destroy(),
  "the node resets the stream with NO_ERROR": ({ far }) => resetWith(far, constants.NGHTTP2_NO_ERROR),
  "the node resets the stream with CANCEL": ({ far }) => resetWith(far, constants.NGHTTP2_CANCEL),
};

/** What went over the stream before it is cut; says which end has seen an end by then. */
const BEFORE: Readonly<Record<string, (site: Site) => Promise<"near" | "far" | undefined>>> = {
  "both are open": async ({ near, far }) => {
    near.resume().write("up");
    far.resume().write("down");
    await Promise.all([once(near, "data"), once(far, "data")]);
    return undefined;
  },
  "the app has ended": async ({ near, far }) => {
    near.resume().end("up");
    far.resume();
    await once(far, "end");
    return "far";
  },
  "the target has ended": async ({ near, far }) => {
    far.resume().end("down");
    near.resume();
    await once(near, "end");
    return "near";
  },
  "much is unread": async ({ near, far }) => {
    near.write(Buffer.alloc(100_000));
    far.write(Buffer.alloc(100_000));
    await Promise.all([once(near, "readable"), once(far, "readable")]);
    return undefined;
  },
};

/** Ways to let a link take no new streams. */
const RETIREMENTS: Readonly<Record<string, (site: Site) => void>> = {
  client: ({ link }) => link.close(),
  node: ({ server }) => void server.stop(LONG_GRACE_MS),
};

/** Whatever ends a stream beside END_STREAM must close it without an end, at both ends. */
export function streamEndsCompliance(name: string, make: () => Transport): void {
  for (const [before, begin] of Object.entries(BEFORE)) {
    suite(`${name}: ${before}, and`, () => {
      for (const [what, cut] of Object.entries(CUTS)) {
        test(`${what}: a reset at both ends`, { timeout: 20_000 }, async () => {
          await using site = await startSite(make());
          const ended = new Set<string>();
          const { near, far } = site;
          const closed = Object.entries({ near, far }).map(([end, stream]) => {
            stream.on("end", () => ended.add(end));
            return new Promise((resolve) => stream.once("close", resolve));
          });
          const before = await begin(site);
          cut(site);
          await Promise.all(closed);
          // Reading what is left must not bring an end either.
          near.resume();
          far.resume();
          await new Promise((resolve) => setImmediate(resolve));
          assert.deepEqual([...ended], before === undefined ? [] : [before]);
        });
      }
    });
  }

  test(`${name}: END_STREAM is an end, at both ends, also where the reader is slow`, async () => {
    await using site = await startSite(make());
    const { near, far } = site;
    near.end(Buffer.alloc(100_000));
    far.end(Buffer.alloc(100_000));
    const sizes = [near, far].map(async (stream) => {
      let bytes = 0;
      await once(stream, "readable");
      // The other direction has ended as well before the first byte is read.
      await site.link.ping();
      stream.on("data", (chunk: Buffer) => (bytes += chunk.length));
      await once(stream, "end");
      return bytes;
    });
    assert.deepEqual(await Promise.all(sizes), [100_000, 100_000]);
  });

  for (const [who, retire] of Object.entries(RETIREMENTS)) {
    test(`${name}: a link that the ${who} only retires is alive as long as it answers, and dead when it does not`, async () => {
      await using site = await startSite(make());
      const { near, far, link, clock, wire } = site;
      near.on("error", () => {}).resume();
      far.resume();
      retire(site);
      while (link.usable) await new Promise((resolve) => setImmediate(resolve));
      for (let period = 0; period < 2 * LINK_LIMITS.unansweredPings.value; period += 1) {
        await link.ping();
        clock.advance(LINK_LIMITS.pingPeriodMs.value);
      }
      far.write("still here");
      assert.equal(String((await once(near, "data"))[0]), "still here");
      assert.deepEqual([link.usable, link.ended], [false, false]);
      freeze(wire.near, clock);
      await link.closed;
    });
  }
}
