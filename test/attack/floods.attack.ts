import assert from "node:assert/strict";
import { connect as connectTcp, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { systemClock } from "../../src/core/clock.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import { generateIdentity } from "../../src/identity/identity.ts";
import { BANDWIDTH_PATH } from "../../src/link/bandwidth-service.ts";
import { LINK_LIMITS } from "../../src/link/limits.ts";
import { clientTls } from "../../src/link/tls-profile.ts";
import { createNode } from "../../src/node/node.ts";
import { collect } from "../support/collect.ts";
import { until } from "../support/proxy-fixture.ts";
import { FLAG, FRAME, fields, frame, RawHttp2, SETTING, settings } from "../support/raw-http2.ts";

/*
 * Floods of what a node does for anybody who asks: the notice that says what it is, and the measuring of bandwidth. Those who
 * flood have several networks; somebody of another network is served all the same.
 */
const HONEST = "127.77.0.1";
const NETWORKS = 12;
const HONEST_ASKERS = 5;

async function startRelay(t: TestContext): Promise<HostPort> {
  const node = await createNode({
    identity: generateIdentity(),
    listen: { host: "127.0.0.1", port: 0 },
    roles: ["relay"],
    localNetwork: true,
    contact: "noc@example.org",
  });
  t.after(() => node.stop());
  return node.address;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(ms, resolve));
}

test("slow heads from many networks do not keep the notice from another one", { timeout: 120_000 }, async (t) => {
  const address = await startRelay(t);
  const slow = new Set<Socket>();
  let opened = 0;
  const flood = systemClock.every(20, () => {
    opened += 1;
    const localAddress = `127.11.${opened % NETWORKS}.${1 + (opened % 200)}`;
    const socket = connectTcp({ ...address, localAddress }).on("error", () => {});
    socket.on("close", () => slow.delete(socket)).resume();
    socket.write("GET / HTTP/1.1\r\nX: ");
    slow.add(socket);
  });
  const askPage = async (): Promise<string> => {
    const socket = connectTcp({ ...address, localAddress: HONEST }).on("error", () => {});
    socket.write("GET / HTTP/1.0\r\n\r\n");
    return (await collect(socket).catch(() => Buffer.alloc(0))).toString();
  };
  try {
    await until(() => opened >= 2 * LINK_LIMITS.openNotices.value);
    for (let turn = 0; turn < 10; turn += 1) {
      assert.match(await askPage(), /^HTTP\/1\.1 200 [\s\S]*noc@example\.org/, `question ${turn}`);
      // In the long run a network is answered once a second.
      await pause(1_200);
    }
  } finally {
    flood.cancel();
    for (const socket of slow) socket.destroy();
  }
  t.diagnostic(`${opened} slow heads`);
});

/** Asks for 16 MiB from `localAddress`, with a window that takes `window` bytes. */
async function askBytes(t: TestContext, address: HostPort, localAddress: string, window: number): Promise<RawHttp2> {
  const socket = connectTls({ ...clientTls({}), ...address, localAddress } as ConnectionOptions);
  const end = await RawHttp2.begin(socket, settings([SETTING.initialWindowSize, window]));
  t.after(() => end[Symbol.dispose]());
  const path = `${BANDWIDTH_PATH}?n=16777216`;
  const block = fields([":method", "GET"], [":scheme", "https"], [":authority", "byway.alt"], [":path", path]);
  end.send(frame(FRAME.headers, FLAG.endHeaders + FLAG.endStream, 1, block));
  await until(() => isAnswered(end) || isReset(end) || end.over);
  return end;
}

function isAnswered({ frames }: RawHttp2): boolean {
  return frames.some(({ type }) => type === FRAME.headers);
}

function isReset({ frames }: RawHttp2): boolean {
  return frames.some(({ type }) => type === FRAME.reset);
}

/** Indexed field `:status: 200` (RFC 7541 appendix A). */
function isGranted({ frames }: RawHttp2): boolean {
  return frames.find(({ type }) => type === FRAME.headers)?.payload[0] === 0x88;
}

test("those who ask for bytes and take none hold no place for long, and others are served", {
  timeout: 180_000,
}, async (t) => {
  const address = await startRelay(t);
  const heldMs: number[] = [];
  let isOver = false;
  /** As soon as it is refused or reset the next one of the same network asks, from another address. */
  const attack = async (network: number): Promise<void> => {
    for (let turn = 1; turn < 250 && !isOver; turn += 1) {
      const end = await askBytes(t, address, `127.12.${network}.${turn}`, 0);
      const beganMs = systemClock.monotonicMs();
      if (isGranted(end)) {
        while (!isReset(end) && !end.over) await pause(50);
        heldMs.push(systemClock.monotonicMs() - beganMs);
      } else await pause(500);
      end[Symbol.dispose]();
    }
  };
  const attackers = Array.from({ length: NETWORKS }, (_, network) => attack(network));
  const servedMs: number[] = [];
  for (let honest = 1; honest <= HONEST_ASKERS; honest += 1) {
    const beganMs = systemClock.monotonicMs();
    for (let turn = 1; ; turn += 1) {
      assert.ok(turn < 200, `asker ${honest} is never served`);
      const end = await askBytes(t, address, `127.77.${honest}.1`, 1 << 20);
      const isServed = isGranted(end);
      if (isServed) await until(() => end.dataBytes > LINK_LIMITS.bandwidthLeastBytes.value);
      end[Symbol.dispose]();
      if (isServed) break;
      await pause(250);
    }
    servedMs.push(Math.round(systemClock.monotonicMs() - beganMs));
  }
  isOver = true;
  await Promise.all(attackers);
  t.diagnostic(`askers were served after ${servedMs.join(", ")} ms`);
  t.diagnostic(`places were held for ${heldMs.map((ms) => Math.round(ms)).join(", ")} ms`);
  assert.ok(heldMs.length > 0, "no attacker had a place");
  for (const ms of heldMs) assert.ok(ms < 3 * LINK_LIMITS.bandwidthStallMs.value, `${ms} ms`);
});
