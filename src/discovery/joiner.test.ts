import assert from "node:assert/strict";
import { test } from "node:test";
import { advertisedNode } from "../../test/support/advertised-node.ts";
import { RecordingLogger } from "../../test/support/recording-logger.ts";
import { settled } from "../../test/support/settled.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { seededRandom } from "../core/random.ts";
import { generateIdentity } from "../identity/identity.ts";
import { type PeerId, parsePeerId } from "../identity/peer-id.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { Joiner } from "./joiner.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

interface Joining {
  readonly clock: FakeClock;
  readonly logger: RecordingLogger;
  readonly joiner: Joiner;
  /** Addresses that were dialled and not answered yet. */
  readonly dialled: Map<string, { accept(): void; refuse(): void }>;
  readonly connected: PeerId[];
  readonly joined: PeerId[];
  remembered: KnownPeer[];
}

function joining(bootstrap: readonly string[]): Joining {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const dialled: Joining["dialled"] = new Map();
  const connected: PeerId[] = [];
  const joined: PeerId[] = [];
  const made: Joining = {
    clock,
    logger,
    dialled,
    connected,
    joined,
    remembered: [],
    joiner: new Joiner(
      {
        clock,
        random: seededRandom(1),
        logger,
        overlay: {
          connected: () => connected,
          connect: (address, signal) =>
            new Promise((resolve, reject) => {
              const peer = parsePeerId(address.split("/").at(-1) ?? "");
              const done = (): boolean => dialled.delete(address);
              dialled.set(address, {
                accept: () => {
                  connected.push(peer);
                  if (done()) resolve(peer);
                },
                refuse: () => done() && reject(new BywayError("ERR_PEER_UNREACHABLE", "nobody is there")),
              });
              signal?.addEventListener("abort", () => done() && reject(signal.reason));
            }),
        },
        remembered: () => made.remembered,
        onJoined: (peer) => joined.push(peer),
      },
      bootstrap,
    ),
  };
  return made;
}

const addressOf = (peer: PeerId = generateIdentity().peerId): string => `/ip4/192.0.2.1/tcp/1/p2p/${peer}`;
const never = new AbortController().signal;

test("all bootstrap addresses and known peers are dialled at once, and the first connection is enough for who waits", async () => {
  const { joiner, dialled, joined, ...made } = joining([addressOf(), addressOf()]);
  const node = advertisedNode();
  made.remembered.push(node);
  joiner.start();
  const reached = joiner.reach(never);
  assert.equal(dialled.size, 3);
  dialled.get(`/ip4/127.0.0.1/tcp/1/p2p/${node.advertisement.peer}`)?.accept();
  await reached;
  assert.deepEqual(joined, [node.advertisement.peer]);
  assert.equal(dialled.size, 2);
  await joiner.stop();
  assert.equal(made.clock.pending, 0);
});

test("when nobody answers, that is told once with its reason, and tried again with pauses that double", async () => {
  const { joiner, dialled, clock, logger } = joining([addressOf()]);
  joiner.start();
  for (const pauseMs of [1_000, 2_000, 4_000, 8_000]) {
    for (const { refuse } of [...dialled.values()]) refuse();
    await settled();
    clock.advance(pauseMs * 0.75 - 1);
    assert.equal(dialled.size, 0);
    clock.advance(pauseMs * 0.5 + 1);
    assert.equal(dialled.size, 1);
  }
  assert.equal(logger.lines.length, 1);
  assert.match(logger.lines[0] ?? "", /^warn no peer of the network can be reached.*nobody is there/);
  for (const { accept } of [...dialled.values()]) accept();
  await settled();
  assert.match(logger.lines[1] ?? "", /^info the network is reached again/);
  await joiner.stop();
});

test("who waits hears at the end of the try that nobody answered, and why", async () => {
  const { joiner, dialled } = joining([addressOf()]);
  joiner.start();
  const reached = joiner.reach(never);
  for (const { refuse } of [...dialled.values()]) refuse();
  await assert.rejects(reached, { code: "ERR_NETWORK_UNREACHABLE", message: /nobody is there/ });
  await joiner.stop();
});

test("an address that hangs is given up in time", async () => {
  const { joiner, clock } = joining([addressOf()]);
  joiner.start();
  const reached = joiner.reach(never);
  clock.advance(DISCOVERY_LIMITS.joinMs.value);
  await assert.rejects(reached, { code: "ERR_NETWORK_UNREACHABLE", message: /did not answer/ });
  await joiner.stop();
});

test("with connections enough nobody is dialled; when they are lost they are looked for again", async () => {
  const { joiner, dialled, clock, connected } = joining([addressOf()]);
  for (let count = 0; count < DISCOVERY_LIMITS.joinConnections.value; count += 1)
    connected.push(generateIdentity().peerId);
  joiner.start();
  await settled();
  assert.equal(dialled.size, 0);
  connected.length = 0;
  clock.advance(DISCOVERY_LIMITS.joinLookMs.value * 1.25);
  assert.equal(dialled.size, 1);
  await joiner.stop();
  assert.equal(dialled.size, 0);
});
