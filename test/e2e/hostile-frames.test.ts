import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, beforeEach, suite, test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import { generateIdentity } from "../../src/identity/identity.ts";
import { LINK_LIMITS } from "../../src/link/limits.ts";
import { openLink } from "../../src/link/open-link.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import { type BywayNode, createNode } from "../../src/node/node.ts";
import { OWN_LOAD } from "../../src/testnet/testnet.ts";
import { collect } from "../support/collect.ts";
import { startTcpTarget, type TargetFixture, until } from "../support/proxy-fixture.ts";
import {
  connectRequest,
  FLAG,
  FRAME,
  fields,
  frame,
  RawHttp2,
  reset,
  SETTING,
  settings,
  windowUpdate,
} from "../support/raw-http2.ts";
import { RecordingLogger } from "../support/recording-logger.ts";
import { roomyBudget } from "../support/roomy-budget.ts";

const HOST = "127.203.0.2";
const TIMEOUT_MS = 60_000;
const HONEST_BYTES = 3_000_000;
const PROHIBITED = "10.0.0.1:80";
const CANCEL = 8;
/** What an attacker sends at most before its link must be over. */
const MOST_BATCHES = 100;
const WIDEST = 0x7fffffff;

/** Something that ends the link of who does it. */
interface Attack {
  readonly name: string;
  /** Sent again and again until the link is over. */
  readonly batch: (turn: number, target: string) => readonly Uint8Array[];
  /** Whether the attacker leaves the node's answers unread. */
  readonly deaf?: boolean;
  /** Whether the attacker never acknowledges the node's settings. */
  readonly unsettled?: boolean;
  /** Codes that GOAWAY may carry (RFC 9113 §7); none when it need not arrive. */
  readonly codes?: readonly number[];
  /** What the node's log says of it. */
  readonly reason: RegExp;
}

/** RFC 9113 §6.3, deprecated. */
const PRIORITY_FRAME = 2;
const UNKNOWN_FRAME = 99;

const PROTOCOL_ERROR = 1;
const INTERNAL_ERROR = 2;
const FLOW_CONTROL_ERROR = 3;
const CALM = 11;

function many(count: number, make: (n: number) => Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, n) => make(n));
}

/** The id of the n-th request of a client. */
function streamId(n: number): number {
  return 2 * n + 1;
}

/** A request that is over as soon as it is answered. */
function endedRequest(id: number, authority: string): Uint8Array {
  return frame(
    FRAME.headers,
    FLAG.endHeaders | FLAG.endStream,
    id,
    fields([":method", "CONNECT"], [":authority", authority]),
  );
}

const ATTACKS: readonly Attack[] = [
  {
    name: "rapid reset (CVE-2023-44487)",
    batch: (turn, target) =>
      many(1_000, (n) => {
        const id = streamId(1_000 * turn + n);
        // The first are dialled; the others only cost, so that the test does not depend on how fast sockets are made.
        const request = turn === 0 ? connectRequest(id, target) : connectRequest(id, PROHIBITED);
        return Buffer.concat([request, reset(id, CANCEL)]);
      }),
    codes: [INTERNAL_ERROR, CALM],
    reason: /a link broke/,
  },
  {
    name: "a header block that never ends (CVE-2024-27983)",
    batch: (turn, target) => [
      ...(turn === 0
        ? [frame(FRAME.headers, FLAG.none, 1, fields([":method", "CONNECT"], [":authority", target]))]
        : []),
      ...many(100, () => frame(FRAME.continuation, FLAG.none, 1, fields(["x-more", "y".repeat(100)]))),
    ],
    codes: [INTERNAL_ERROR, PROTOCOL_ERROR, CALM],
    reason: /a link broke.*CONTINUATION/,
  },
  {
    name: "more streams than were offered",
    batch: (turn, target) =>
      many(LINK_LIMITS.streamsPerLink.value + 1, (n) => connectRequest(streamId(turn * 2_000 + n), target)),
    codes: [PROTOCOL_ERROR],
    reason: /a link broke.*Protocol error/,
  },
  {
    name: "more streams than were offered, by one that never acknowledges the offer",
    batch: (turn, target) =>
      many(LINK_LIMITS.streamsPerLink.value + 1, (n) => connectRequest(streamId(turn * 2_000 + n), target)),
    unsettled: true,
    reason: /a link broke.*Too many invalid HTTP\/2 frames/,
  },
  {
    name: "pings whose answers are not read",
    batch: () => many(10_000, () => frame(FRAME.ping, FLAG.none, 0, Buffer.alloc(8))),
    deaf: true,
    reason: /a link broke.*too many pings/,
  },
  {
    name: "settings whose acknowledgements are not read",
    batch: () => many(10_000, (n) => settings([SETTING.initialWindowSize, n])),
    deaf: true,
    reason: /a link broke.*too many settings/,
  },
  {
    name: "pings without end",
    batch: () => many(10, () => frame(FRAME.ping, FLAG.none, 0, Buffer.alloc(8))),
    reason: /a link broke.*too many pings/,
  },
  {
    name: "settings without end",
    batch: () => many(10, (n) => settings([SETTING.initialWindowSize, n])),
    reason: /a link broke.*too many settings/,
  },
  {
    name: "requests that are always refused",
    batch: (turn) => many(200, (n) => endedRequest(streamId(200 * turn + n), PROHIBITED)),
    codes: [CALM],
    reason: /a link broke.*too many refused requests/,
  },
  {
    name: "empty pieces of a stream",
    batch: (turn, target) => [
      ...(turn === 0 ? [connectRequest(1, target)] : []),
      ...many(1_000, () => frame(FRAME.data, FLAG.none, 1)),
    ],
    codes: [INTERNAL_ERROR, CALM],
    reason: /a link broke.*Too many invalid HTTP\/2 frames/,
  },
  {
    name: "a stream byte by byte",
    batch: (turn, target) => [
      ...(turn === 0 ? [connectRequest(1, target)] : []),
      ...many(1_000, () => frame(FRAME.data, FLAG.none, 1, Buffer.of(65))),
    ],
    codes: [CALM],
    reason: /a link broke.*too many tiny frames/,
  },
  {
    name: "frames that nobody knows",
    batch: () => many(1_000, () => frame(UNKNOWN_FRAME, FLAG.none, 0)),
    codes: [CALM],
    reason: /a link broke/,
  },
  {
    name: "priorities without end",
    batch: () => many(1_000, () => frame(PRIORITY_FRAME, FLAG.none, 1, Buffer.alloc(5, 1))),
    codes: [CALM],
    reason: /a link broke/,
  },
  {
    name: "a window wider than there are",
    batch: () => [settings([SETTING.initialWindowSize, WIDEST + 1])],
    codes: [FLOW_CONTROL_ERROR],
    reason: /a link broke.*Flow control/,
  },
  {
    name: "a window that overflows in mid-flight",
    batch: (_, target) => [connectRequest(1, target), windowUpdate(1, WIDEST), windowUpdate(0, WIDEST)],
    codes: [FLOW_CONTROL_ERROR],
    reason: /a link broke.*Flow control/,
  },
  {
    name: "frames smaller than there are",
    batch: () => [settings([SETTING.maxFrameSize, 1])],
    codes: [PROTOCOL_ERROR],
    reason: /a link broke.*Protocol error/,
  },
];

suite("hostile frames at a node", () => {
  const cleanup = new AsyncDisposableStack();
  const logger = new RecordingLogger();
  const transport = new TcpTransport({ clock: systemClock });
  /** Sends back what it hears. */
  let echo: TargetFixture;
  /** Sends without end. */
  let fountain: TargetFixture;
  let fountainBytes = 0;
  let connections = 0;
  let node: BywayNode;

  before(async () => {
    echo = cleanup.use(
      await startTcpTarget((socket) => {
        connections += 1;
        socket.once("close", () => {
          connections -= 1;
        });
        socket.pipe(socket);
      }),
    );
    fountain = cleanup.use(
      await startTcpTarget((socket) => {
        const chunk = Buffer.alloc(64 * 1024);
        const pour = (): void => {
          while (!socket.destroyed && socket.write(chunk, () => (fountainBytes += chunk.length)));
        };
        socket.on("drain", pour).resume();
        pour();
      }),
    );
    node = await createNode({
      identity: generateIdentity(),
      listen: { host: HOST, port: 0 },
      roles: ["exit"],
      localNetwork: true,
      allowTargets: [echo.address, fountain.address],
      streamLimits: OWN_LOAD,
      dnsServers: ["127.53.0.2"],
      logger,
    });
    cleanup.defer(() => node.stop());
  });
  beforeEach(() => {
    logger.lines.length = 0;
  });
  after(() => cleanup.disposeAsync());

  /** What an honest client of the node sees while others misbehave. */
  const honest = async (): Promise<void> => {
    const link = await openLink({ clock: systemClock, budget: roomyBudget() }, await transport.dial(node.address), {
      peerId: node.peerId,
    });
    const bytes = randomBytes(HONEST_BYTES);
    const headers = { ":method": "CONNECT", ":authority": echo.authority };
    const { stream, accepted } = link.open({ headers, toward: "target" });
    stream.end(bytes);
    const heard = collect(stream);
    await accepted;
    assert.ok((await heard).equals(bytes));
    link.destroy();
    await link.closed;
  };

  for (const { name, batch, deaf, unsettled, codes, reason } of ATTACKS) {
    test(`${name}: the link is ended, the cause is logged, others go on`, { timeout: TIMEOUT_MS }, async () => {
      using attacker = await RawHttp2.connect(node.address, settings(), unsettled !== true);
      const broke = (): boolean => logger.lines.some((line) => reason.test(line));
      if (deaf === true) attacker.socket.pause();
      const others = honest();
      for (let turn = 0; turn < MOST_BATCHES && !broke(); turn += 1) {
        attacker.send(...batch(turn, echo.authority));
        await until(() => attacker.socket.writableLength === 0 || broke() || attacker.over);
      }
      await until(broke);
      await others;
      attacker.socket.resume();
      await until(() => attacker.over);
      if (codes !== undefined) assert.ok(codes.includes(attacker.goaway ?? -1), `GOAWAY with ${attacker.goaway}`);
      await until(() => connections === 0);
      await honest();
    });
  }

  test("settings that change in mid-flight: no byte is lost, and none sent that was not allowed", {
    timeout: TIMEOUT_MS,
  }, async () => {
    using client = await RawHttp2.connect(node.address, settings([SETTING.initialWindowSize, 0]));
    const bytes = randomBytes(200_000);
    client.send(connectRequest(1, echo.authority));
    for (let at = 0; at < bytes.length; at += 10_000)
      client.send(frame(FRAME.data, FLAG.none, 1, bytes.subarray(at, at + 10_000)));
    client.send(windowUpdate(0, WIDEST - 65_535));
    await honest();
    assert.equal(client.dataBytes, 0);
    client.send(settings([SETTING.initialWindowSize, 50_000], [SETTING.maxFrameSize, 20_000]));
    await until(() => client.dataBytes === 50_000);
    // The stream's window is now 50,000 below zero (RFC 9113 §6.9.2), and may not be used until it is above again.
    client.send(
      settings([SETTING.initialWindowSize, 0], [SETTING.maxFrameSize, 16_384], [SETTING.maxConcurrentStreams, 0]),
    );
    client.send(windowUpdate(1, 50_000));
    await honest();
    assert.equal(client.dataBytes, 50_000);
    client.send(settings([SETTING.initialWindowSize, WIDEST - 50_000], [SETTING.headerTableSize, 0]));
    await until(() => client.dataBytes === bytes.length);
    assert.equal(client.over, false);
  });

  test("a window that is opened byte by byte costs its owner only", { timeout: TIMEOUT_MS }, async () => {
    using client = await RawHttp2.connect(node.address, settings([SETTING.initialWindowSize, 0]));
    const streams = 20;
    const bytesEach = 100;
    for (let n = 0; n < streams; n += 1) client.send(connectRequest(streamId(n), fountain.authority));
    const others = honest();
    for (let turn = 0; turn < bytesEach; turn += 1) {
      client.send(...many(streams, (n) => windowUpdate(streamId(n), 1)));
      await until(() => client.dataBytes === (turn + 1) * streams);
    }
    assert.equal(client.dataFrames, streams * bytesEach);
    await others;
  });

  test("streams that are not read hold a bounded part of what their targets send", {
    timeout: TIMEOUT_MS,
  }, async () => {
    using client = await RawHttp2.connect(node.address, settings([SETTING.initialWindowSize, 0]));
    const streams = 10;
    fountainBytes = 0;
    for (let n = 0; n < streams; n += 1) client.send(connectRequest(streamId(n), fountain.authority));
    const granted = () => client.frames.filter(({ type }) => type === FRAME.headers).length;
    await until(() => granted() === streams);
    // The kernel's buffers fill first; then the targets must stand still, however long others are served.
    let before = -1;
    for (let turn = 0; turn < 20 && fountainBytes !== before; turn += 1) {
      before = fountainBytes;
      await honest();
    }
    assert.equal(fountainBytes, before);
  });
});
