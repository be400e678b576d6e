import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2, type Http2Session } from "node:http2";
import type { Duplex } from "node:stream";
import { type TestContext, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { DelayedPipe } from "../../test/support/delayed-pipe.ts";
import { serveLink } from "../../test/support/link-bench.ts";
import { until } from "../../test/support/proxy-fixture.ts";
import { LINK_LIMITS } from "./limits.ts";
import { MemoryTransport } from "./memory-transport.ts";
import { ReceiveWindow } from "./receive-window.ts";
import { clientTls } from "./tls-profile.ts";

const narrow = LINK_LIMITS.streamWindowBytes.value;
const widest = LINK_LIMITS.widestStreamWindowBytes.value;

/** A window whose session and pings the test plays. */
function played(smallestRoundTripMs: number) {
  const settings: number[] = [];
  const session = {
    destroyed: false,
    settings: (to: { initialWindowSize: number }) => settings.push(to.initialWindowSize),
  };
  let answer: ((roundTripMs: number) => void) | undefined;
  const ping = () => new Promise<number>((resolve) => (answer = resolve));
  const keepAlive = { ping, roundTripMs: smallestRoundTripMs };
  const window = new ReceiveWindow(session as unknown as Http2Session, keepAlive, narrow);
  const stream = { bytesRead: 0, readableLength: 0 };
  return {
    settings,
    window,
    /** Whether a ping is on its way. */
    measuring: () => answer !== undefined,
    arrive(bytes: number, taken = bytes): void {
      stream.bytesRead += bytes;
      stream.readableLength += bytes - taken;
      window.onArrival(stream, bytes);
    },
    async pong(roundTripMs: number): Promise<void> {
      answer?.(roundTripMs);
      answer = undefined;
      await new Promise(setImmediate);
    },
  };
}

test("a stream that is drained of half a window each round trip gets twice the window, up to the widest", async () => {
  const { settings, window, measuring, arrive, pong } = played(100);
  for (let bytes = narrow; bytes < widest; bytes *= 2) {
    arrive(bytes / 2);
    arrive(bytes / 2);
    await pong(100);
  }
  assert.deepEqual(
    settings,
    [2, 4, 8, 16, 32].map((times) => times * narrow),
  );
  arrive(widest);
  assert.deepEqual([measuring(), window.bytes], [false, widest]);
});

test("a window that is taken whole in a round trip grows four times", async () => {
  const { settings, arrive, pong } = played(100);
  arrive(narrow / 2);
  arrive(narrow);
  await pong(100);
  assert.deepEqual(settings, [4 * narrow]);
});

test("bytes that nobody takes do not widen the window", async () => {
  const { settings, arrive, pong } = played(100);
  arrive(narrow / 2, 0);
  arrive(narrow / 2, 0);
  await pong(100);
  assert.deepEqual(settings, []);
});

test("a link that is slow because its queues are full does not get a wider window, and is measured less often", async () => {
  const { settings, measuring, arrive, pong } = played(10);
  arrive(narrow / 2);
  arrive(narrow);
  await pong(100);
  assert.deepEqual(settings, []);
  arrive(narrow / 2);
  assert.equal(measuring(), false);
  arrive(narrow / 2);
  assert.equal(measuring(), true);
});

/** A stream to a hop 10 ms away, whose other end `take` gets. */
async function distantStream(t: TestContext, take: (stream: Duplex) => void) {
  const served = await serveLink(new MemoryTransport(), {
    connectTarget: async (incoming) => take(incoming.accept()),
  });
  t.after(() => served[Symbol.asyncDispose]());
  const raw = new DelayedPipe(await served.dial(), 10);
  raw.allowHalfOpen = false;
  const socket = connectTls({ ...clientTls({}), socket: raw });
  await once(socket, "secureConnect");
  const session = connectHttp2("https://byway.alt", { createConnection: () => socket });
  t.after(() => session.destroy());
  const stream = session.request({ ":method": "CONNECT", ":authority": "target:80" }, { endStream: false });
  await once(stream, "response");
  assert.equal(session.remoteSettings.initialWindowSize, narrow);
  return { session, stream };
}

test("a stream of bulk over a long link widens the window of that link, for the streams that are open", async (t) => {
  const { session, stream } = await distantStream(t, (far) => far.resume());
  const widened = once(session, "remoteSettings");
  stream.end(Buffer.alloc(8 * narrow));
  await widened;
  assert.ok((session.remoteSettings.initialWindowSize ?? 0) >= 2 * narrow);
  await once(stream, "finish");
});

test("bulk that the target does not take leaves the window as it is", async (t) => {
  let far: Duplex | undefined;
  const { session, stream } = await distantStream(t, (incoming) => {
    far = incoming;
  });
  stream.write(Buffer.alloc(8 * narrow));
  await until(() => far?.readableLength === narrow);
  for (let turn = 0; turn < 3; turn += 1) await new Promise<void>((resolve) => session.ping(() => resolve()));
  assert.equal(session.remoteSettings.initialWindowSize, narrow);
  assert.equal(far?.readableLength, narrow);
});
