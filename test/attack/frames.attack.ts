import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { suite, type TestContext, test } from "node:test";
import { OWN_LOAD } from "../../bench/own-load.ts";
import { systemClock } from "../../src/core/clock.ts";
import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import { type PeerId, parsePeerId } from "../../src/identity/peer-id.ts";
import { openLink } from "../../src/link/open-link.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import { parseAuthority } from "../../src/wire/authority.ts";
import { collect } from "../support/collect.ts";
import { childrenOf, processMemory } from "../support/processes.ts";
import { startTcpTarget, until } from "../support/proxy-fixture.ts";
import { connectRequest, FLAG, FRAME, frame, RawHttp2, reset, settings, windowUpdate } from "../support/raw-http2.ts";
import { roomyBudget } from "../support/roomy-budget.ts";
import { startByway } from "../support/run-byway.ts";

/*
 * Frames that are allowed and of no use, or not allowed at all, megabytes of each kind. A node ends the link, unless they cost
 * it little; it serves others afterwards and has no more memory than before.
 */
const HOST = "127.204.0.3";
const MOST_BYTES = 8_000_000;
/** Sent at a time; the node is to have read them before more come. */
const READ_BYTES = 400_000;
/** Within so many bytes a link ends of which the frames cost more, or are not allowed. */
const END_BYTES = 1_500_000;
/** GOAWAY costs 0.016, the other cheap ones 0.004 and less. */
const CPU_SECONDS_A_MEGABYTE = 0.1;
const GROWTH_BYTES = 96 * 1024 * 1024;
const TICKS = 100;

/** RFC 9113 §6.3, RFC 9218 §7.1, RFC 7838 §4, RFC 8336 §2, RFC 9113 §5.5. */
const TYPE = { priority: 2, priorityUpdate: 16, altsvc: 10, origin: 12, unknown: 99 } as const;
const PADDED = 8;
const CANCEL = 8;

function many(count: number, make: (n: number) => Uint8Array): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, n) => make(n)));
}

/** What costs little, so that it need not end the link. */
const CHEAP: ReadonlySet<string> = new Set([
  ...["padding alone", "wider windows of the connection", "wider windows of a stream", "GOAWAY"],
  "frames of no known type",
]);

const KINDS: Readonly<Record<string, (target: string) => Buffer>> = {
  "bytes of a stream one a frame": () => many(5_000, () => frame(FRAME.data, FLAG.none, 1, Buffer.of(65))),
  "padding alone": () =>
    many(2_000, () => frame(FRAME.data, PADDED, 1, Buffer.concat([Buffer.of(30), Buffer.alloc(30)]))),
  "empty pieces": () => many(5_000, () => frame(FRAME.data, FLAG.none, 1)),
  "wider windows of the connection": () => many(5_000, () => windowUpdate(0, 1)),
  "wider windows of a stream": () => many(5_000, () => windowUpdate(1, 1)),
  "wider windows of a stream that is not there": () => many(5_000, () => windowUpdate(99, 1)),
  "windows that open by nothing": () => many(5_000, () => windowUpdate(1, 0)),
  PRIORITY: () => many(5_000, () => frame(TYPE.priority, FLAG.none, 3, Buffer.of(0, 0, 0, 1, 9))),
  PRIORITY_UPDATE: () =>
    many(5_000, () => frame(TYPE.priorityUpdate, FLAG.none, 0, Buffer.from("\0\0\0\x01u=1", "latin1"))),
  ALTSVC: () => many(5_000, () => frame(TYPE.altsvc, FLAG.none, 0, Buffer.from("\0\x01ab"))),
  ORIGIN: () => many(5_000, () => frame(TYPE.origin, FLAG.none, 0, Buffer.from("\0\x01a"))),
  "answers to no ping": () => many(5_000, () => frame(FRAME.ping, FLAG.ack, 0, Buffer.alloc(8))),
  pings: () => many(5_000, () => frame(FRAME.ping, FLAG.none, 0, Buffer.alloc(8))),
  "acknowledgements of no settings": () => many(5_000, () => frame(FRAME.settings, FLAG.ack, 0)),
  settings: () => many(2_000, (n) => settings([4, 60_000 + (n % 2)])),
  "resets of one stream": () => many(5_000, () => reset(1, CANCEL)),
  "trailers again and again": () =>
    many(2_000, () => frame(FRAME.headers, FLAG.endStream + FLAG.endHeaders, 1, Buffer.from([0, 1, 97, 1, 98]))),
  GOAWAY: () => many(5_000, () => frame(FRAME.goaway, FLAG.none, 0, Buffer.alloc(8))),
  "frames of no known type": () => many(10, () => frame(TYPE.unknown, FLAG.none, 0, Buffer.alloc(16_384))),
  "pushes by a client": () =>
    many(2_000, () => frame(FRAME.pushPromise, FLAG.endHeaders, 1, Buffer.from([0, 0, 0, 2, 0x82]))),
  "headers that are continued by nothing": (target) =>
    Buffer.concat([
      frame(FRAME.headers, FLAG.none, 5, Buffer.of(0)),
      many(5_000, () => frame(FRAME.continuation, FLAG.none, 5)),
      connectRequest(7, target),
    ]),
};

interface Started {
  readonly address: HostPort;
  readonly peerId: PeerId;
  readonly pids: () => readonly number[];
}

async function startExit(t: TestContext, target: HostPort): Promise<Started> {
  const args = [
    ...["node", ...OWN_LOAD, "--json", "--unlisted", "--local-network", "--exit", "--listen", `${HOST}:0`],
    ...["--policy", "accept *:*", "--allow-target", formatHostPort(target)],
  ];
  const { child, firstLine } = startByway(t, args);
  const { address, peerId } = JSON.parse(await firstLine) as { readonly address: string; readonly peerId: string };
  const pid = child.pid ?? 0;
  return {
    address: parseAuthority(address),
    peerId: parsePeerId(peerId),
    pids: () => [pid, ...childrenOf(pid)],
  };
}

function cpuSeconds(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, each) => sum + each, 0) / TICKS;
}

async function serves({ address, peerId }: Started, authority: string): Promise<void> {
  const raw = await new TcpTransport({ clock: systemClock }).dial(address);
  const link = await openLink({ clock: systemClock, budget: roomyBudget() }, raw, { peerId });
  const { stream, accepted } = link.open({
    headers: { ":method": "CONNECT", ":authority": authority },
    toward: "target",
  });
  const bytes = randomBytes(300_000);
  stream.end(bytes);
  const heard = collect(stream);
  await accepted;
  assert.ok((await heard).equals(bytes));
  link.destroy();
}

/** Waits until a peer has read all that was sent to it, as its answer to a ping shows, or has ended the link. */
async function isRead(peer: RawHttp2): Promise<void> {
  const payload = randomBytes(8);
  peer.send(frame(FRAME.ping, FLAG.none, 0, payload));
  await until(
    () => peer.over || peer.frames.some(({ type, payload: said }) => type === FRAME.ping && said.equals(payload)),
  );
}

suite("frames of no use", { skip: process.platform !== "linux" }, () => {
  for (const [kind, make] of Object.entries(KINDS)) {
    const isCheap = CHEAP.has(kind);
    test(`${kind}: ${isCheap ? "they cost little" : "the link ends"}; others are served`, {
      timeout: 120_000,
    }, async (t) => {
      await using target = await startTcpTarget((socket) => socket.pipe(socket));
      const node = await startExit(t, target.address);
      await serves(node, target.authority);
      const memory = (): number => node.pids().reduce((sum, pid) => sum + processMemory(pid), 0);
      const [memoryBefore, cpuBefore] = [memory(), cpuSeconds(node.pids())];
      using attacker = await RawHttp2.connect(node.address);
      attacker.send(connectRequest(1, target.authority));
      const batch = make(target.authority);
      let sent = 0;
      while (sent < MOST_BYTES && !attacker.over) {
        const beforeBytes = sent;
        while (sent < beforeBytes + READ_BYTES) {
          attacker.send(batch);
          sent += batch.length;
        }
        await isRead(attacker);
      }
      await serves(node, target.authority);
      const spent = (cpuSeconds(node.pids()) - cpuBefore) / (sent / 1e6);
      const grown = memory() - memoryBefore;
      const end = attacker.over ? `ended, GOAWAY ${attacker.goaway}` : "not ended";
      t.diagnostic(
        `${(sent / 1e6).toFixed(2)} MB, ${end}, ${spent.toFixed(3)} s of CPU a MB, ${Math.round(grown / 1e6)} MB more memory`,
      );
      if (isCheap) assert.ok(spent < CPU_SECONDS_A_MEGABYTE, `${spent} s of CPU a MB`);
      else assert.ok(attacker.over && sent <= END_BYTES, `${end} after ${sent} bytes`);
      assert.ok(grown < GROWTH_BYTES, `${grown} bytes more`);
    });
  }
});
