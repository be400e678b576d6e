import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, suite, test } from "node:test";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { LINK_LIMITS } from "../../src/link/limits.ts";
import { closeOf, collect } from "../support/collect.ts";
import { type DelayedNetwork, startDelayedNetwork } from "../support/delayed-network.ts";
import { startTcpTarget, type TargetFixture } from "../support/proxy-fixture.ts";
import { askSocks } from "../support/socks-client.ts";

const TIMEOUT_MS = 60_000;
/** What waits for a hop that stopped: the windows of three links and the buffers of the sockets between. */
const MOST_WAITING_BYTES = 128 * 1024 * 1024;

suite("a hop that stops reading", () => {
  const cleanup = new AsyncDisposableStack();
  const clock = new FakeClock(Date.now());
  let echo: TargetFixture;
  let network: DelayedNetwork;

  before(async () => {
    echo = cleanup.use(await startTcpTarget((socket) => socket.pipe(socket)));
    network = cleanup.use(await startDelayedNetwork({ targets: [echo.address], delayMs: 1, clientClock: clock }));
  });
  after(() => cleanup.disposeAsync());

  const carry = async (userName: string): Promise<void> => {
    const bytes = randomBytes(1_000_000);
    const { socket } = await askSocks(network.proxy, userName, "connect", echo.address);
    socket.end(bytes);
    assert.ok((await collect(socket.resume())).equals(bytes));
  };

  // One of the three is the guard, one the middle, one the exit: chance says which.
  for (const index of [0, 1, 2]) {
    test(`node ${index + 1} of three: its circuit is given up, others go on, and what waits is bounded`, {
      timeout: TIMEOUT_MS,
    }, async () => {
      const others = `node-${network.peerIds[(index + 1) % 3]}-hops-1`;
      const doomed = `session-s${index}-hops-3`;
      await carry(others);
      await carry(doomed);
      const { socket } = await askSocks(network.proxy, doomed, "connect", echo.address);
      network.lines[index]?.stall();
      let ended = false;
      socket.once("end", () => {
        ended = true;
      });
      const closed = closeOf(socket.resume());
      let sentBytes = 0;
      const chunk = Buffer.alloc(256 * 1024);
      const pour = (): void => {
        while (!socket.destroyed && socket.write(chunk, () => (sentBytes += chunk.length)));
      };
      socket.on("drain", pour);
      pour();
      let before = -1;
      for (let turn = 0; turn < 20 && sentBytes !== before; turn += 1) {
        before = sentBytes;
        await carry(others);
      }
      assert.equal(sentBytes, before);
      assert.ok(sentBytes < MOST_WAITING_BYTES, `${sentBytes} bytes wait`);

      for (let ping = 0; ping <= LINK_LIMITS.unansweredPings.value; ping += 1) {
        clock.advance(LINK_LIMITS.pingPeriodMs.value);
        // It comes back behind the answer to this ping.
        await carry(others);
      }
      await closed;
      assert.equal(ended, false);
      network.lines[index]?.resume();
      await carry(doomed);
    });
  }
});
