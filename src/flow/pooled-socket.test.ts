import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { collect } from "../../test/support/collect.ts";
import { listen, startTcpTarget, type TargetFixture } from "../../test/support/proxy-fixture.ts";
import { FLOW_LIMITS } from "./limits.ts";
import { PooledSocket } from "./pooled-socket.ts";
import { ReadPool } from "./read-pool.ts";

/** Bytes that differ from those of every other `seed` and at every place. */
function pattern(seed: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let index = 0; index + 4 <= length; index += 4) bytes.writeUInt32LE((seed * 0x9e3779b1 + index) >>> 0, index);
  return bytes;
}

async function open(pool: ReadPool, target: TargetFixture): Promise<PooledSocket> {
  const socket = PooledSocket.open(pool, { ...target.address, allowHalfOpen: true });
  await once(socket, "connect");
  return socket;
}

test("without a taker it is a socket like any other, half-close included", async () => {
  const sent = pattern(1, 1_000_000);
  await using target = await startTcpTarget((socket) => {
    socket.end(sent);
    socket.resume();
  });
  const socket = await open(new ReadPool(), target);
  assert.ok((await collect(socket)).equals(sent));
  assert.equal(socket.writable, true);
  socket.end();
});

test("what waited before there was a taker comes first, then all that follows, then the end", async () => {
  await using target = await listen(
    net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.write("first ");
      socket.on("data", (chunk) => socket.end(chunk));
    }),
  );
  const socket = await open(new ReadPool(), target);
  await once(socket, "readable");
  let heard = "";
  socket.takeChunks((chunk, release) => {
    heard += chunk.toString();
    release();
    return true;
  });
  socket.write("second");
  await once(socket, "end");
  assert.equal(heard, "first second");
  socket.end();
});

test("it stops when the taker says so, and goes on when it is resumed", async () => {
  const sent = pattern(2, 8_000_000);
  await using target = await startTcpTarget((socket) => socket.end(sent));
  const socket = await open(new ReadPool(), target);
  const heard: Buffer[] = [];
  let stops = 0;
  let paused = false;
  let chunksWhilePaused = 0;
  socket.takeChunks((chunk, release) => {
    // The rest of one read may still come.
    chunksWhilePaused = paused ? chunksWhilePaused + 1 : 0;
    assert.ok(chunksWhilePaused < FLOW_LIMITS.readBytes.value / FLOW_LIMITS.slabBytes.value);
    heard.push(Buffer.from(chunk));
    release();
    if (!paused) {
      paused = true;
      stops += 1;
      socket.pause();
      setImmediate(() => {
        paused = false;
        socket.resume();
      });
    }
    return false;
  });
  await once(socket, "end");
  assert.ok(Buffer.concat(heard).equals(sent));
  assert.ok(stops > 10);
  socket.end();
});

test("sockets that share a pool, some of them ended in the middle, never hear each other's bytes", async () => {
  const bytes = 3_000_000;
  await using target = await startTcpTarget((socket) => {
    socket.once("data", (seed: Buffer) => socket.end(pattern(seed.readUInt32LE(), bytes)));
  });
  const pool = new ReadPool();
  const carry = async (seed: number): Promise<boolean> => {
    const socket = await open(pool, target);
    const head = Buffer.alloc(4);
    head.writeUInt32LE(seed);
    socket.write(head);
    const heard: Buffer[] = [];
    let passed = 0;
    socket.takeChunks((chunk, release) => {
      passed += chunk.length;
      socket.pause();
      // As a slow peer does: the bytes are looked at when others have read long since.
      setImmediate(() =>
        setImmediate(() => {
          heard.push(Buffer.from(chunk));
          release();
          if (seed % 3 === 0 && passed > bytes / 2) socket.destroy();
          else socket.resume();
        }),
      );
      return false;
    });
    socket.once("end", () => socket.end());
    await once(socket, "close");
    const all = Buffer.concat(heard);
    return all.length > 0 && all.equals(pattern(seed, bytes).subarray(0, all.length));
  };
  const verdicts = await Promise.all(Array.from({ length: 24 }, (_, index) => carry(index + 1)));
  assert.deepEqual(new Set(verdicts), new Set([true]));
});
