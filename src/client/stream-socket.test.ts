import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { pipeline } from "node:stream/promises";
import { type TestContext, test } from "node:test";
import { inTime } from "../../test/support/in-time.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { DISPATCH_LIMITS } from "../dispatch/limits.ts";
import { type CarriedStream, StreamSocket, type StreamSocketOptions } from "./stream-socket.ts";

const TARGET = { host: "target.example", port: 443 };

/** A socket over a real connection, and the other end of that. */
async function pair(t: TestContext, options: StreamSocketOptions = {}, clock: FakeClock = new FakeClock()) {
  const server = net.createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  const stream = net.connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  const [far] = (await once(server, "connection")) as [net.Socket];
  stream.on("error", () => {});
  far.on("error", () => {});
  t.after(() => {
    server.close();
    stream.destroy();
    far.destroy();
  });
  const carried: CarriedStream = {
    stream,
    target: TARGET,
    failure: () => (stream.errored === null ? undefined : new BywayError("ERR_TARGET_RESET", "reset")),
  };
  return { far, carried, clock, stream, socket: StreamSocket.of({ clock }, carried, options) };
}

/** Everything that `far` hears, and whether it ended in order. */
function heard(far: net.Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    far.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    far.once("end", () => resolve(`${text}, end`));
    far.once("error", () => resolve(`${text}, reset`));
  });
}

test("has what a program looks for on a socket", async (t) => {
  const { socket } = await pair(t);
  assert.equal(socket.setNoDelay().setKeepAlive().ref().unref(), socket);
  assert.deepEqual([socket.connecting, socket.pending, socket.readyState], [false, false, "open"]);
  assert.deepEqual([socket.remoteAddress, socket.remotePort, socket.remoteFamily], ["target.example", 443, undefined]);
  assert.deepEqual([socket.localAddress, socket.address(), socket.bytesRead], [undefined, {}, 0]);
  const taken: net.Socket = socket;
  assert.equal(typeof taken.destroySoon, "function");
});

test("carries bytes both ways, more than either side holds, and counts them", async (t) => {
  const { socket, far } = await pair(t);
  const bytes = Buffer.alloc(3_000_000, "x");
  far.pipe(far);
  const written = (async () => {
    for (let n = 0; n < 3; n += 1) if (!socket.write(bytes)) await once(socket, "drain");
    socket.end();
  })();
  let size = 0;
  for await (const chunk of socket) size += (chunk as Buffer).length;
  await inTime(written, "all is written");
  assert.deepEqual([size, socket.bytesRead, socket.bytesWritten], [9_000_000, 9_000_000, 9_000_000]);
});

test("pipeline and async iteration get the last byte", async (t) => {
  const { socket, far } = await pair(t);
  far.end(Buffer.alloc(200_000, "y"));
  let size = 0;
  await inTime(
    pipeline(socket, async (source: AsyncIterable<Buffer>) => {
      for await (const chunk of source) size += chunk.length;
    }),
    "the pipeline is done",
  );
  assert.equal(size, 200_000);
});

test("ends its own side when the target has ended, unless it may stay half open", async (t) => {
  for (const allowHalfOpen of [false, true]) {
    const { socket, far } = await pair(t, { allowHalfOpen });
    far.end();
    // Nobody reads it.
    await inTime(once(socket, "end"), "the end");
    if (allowHalfOpen) socket.end("after");
    const all = await inTime(heard(far), "the far end");
    assert.equal(all, allowHalfOpen ? "after, end" : ", end");
  }
});

test("destroyed before it ended, the target sees a reset; after that or between whole messages, an end", async (t) => {
  const cases: readonly (readonly [string, (socket: StreamSocket) => void])[] = [
    ["part, reset", (socket) => socket.destroy()],
    ["part, reset", (socket) => socket.destroy(new Error("enough"))],
    ["part, reset", (socket) => socket.resetAndDestroy()],
    ["part, end", (socket) => socket.destroySoon()],
    ["part, end", (socket) => socket.end(() => socket.destroy())],
    ["part, end", (socket) => Object.assign(socket, { endsWhole: true }).destroy()],
  ];
  for (const [wanted, end] of cases) {
    const { socket, far } = await pair(t);
    socket.on("error", () => {});
    const all = heard(far);
    socket.write("part");
    await inTime(once(far, "data"), "the part");
    end(socket);
    assert.equal(await inTime(all, "the far end"), wanted);
  }
});

test("a target that never ends its side is reset after a while", async (t) => {
  const { socket, stream, clock } = await pair(t);
  socket.end();
  await inTime(once(socket, "finish"), "the end is out");
  socket.destroy();
  assert.equal(stream.destroyed, false);
  clock.advance(DISPATCH_LIMITS.lingerMs.value);
  assert.equal(stream.destroyed, true);
});

test("an abrupt end is a BywayError", async (t) => {
  const { socket, far } = await pair(t);
  far.resetAndDestroy();
  const [error] = await inTime(once(socket, "error"), "an error").catch((reason: unknown) => [reason]);
  assert.ok(error instanceof BywayError);
  assert.equal(error.code, "ERR_TARGET_RESET");
});

test("every write that was begun is settled when it is destroyed", async (t) => {
  const { socket, far } = await pair(t);
  far.pause();
  socket.on("error", () => {});
  const settled = [1, 2, 3].map(() => new Promise((resolve) => socket.write(Buffer.alloc(9_000_000), resolve)));
  socket.destroy();
  await inTime(Promise.all(settled), "the writes");
});

test("tells once that nothing moved for as long as was set, and again after something did", async (t) => {
  const clock = new FakeClock();
  const { socket, far } = await pair(t, {}, clock);
  let told = 0;
  let called = 0;
  socket.on("timeout", () => {
    told += 1;
  });
  socket.setTimeout(1_000, () => {
    called += 1;
  });
  assert.equal(socket.timeout, 1_000);
  clock.advance(999);
  socket.write("x");
  await inTime(once(far, "data"), "the byte");
  clock.advance(999);
  assert.equal(told, 0);
  clock.advance(1);
  clock.advance(5_000);
  assert.deepEqual([told, called], [1, 1]);
  far.write("y");
  await inTime(once(socket, "data"), "the answer");
  clock.advance(1_000);
  assert.deepEqual([told, called], [2, 1]);
  socket.setTimeout(0);
  socket.write("z");
  clock.advance(5_000);
  assert.equal(told, 2);
  socket.setTimeout(1_000);
  socket.destroy();
  clock.advance(5_000);
  assert.equal(told, 2);
});

test("a time-out beyond what timers take is the longest that they do, and what is no time is none", async (t) => {
  const { socket, clock } = await pair(t);
  let told = 0;
  socket.on("timeout", () => {
    told += 1;
  });
  for (const timeoutMs of [2 ** 31, Number.POSITIVE_INFINITY]) {
    socket.setTimeout(timeoutMs);
    assert.equal(socket.timeout, 2 ** 31 - 1);
  }
  clock.advance(60_000);
  assert.equal(told, 0);
  for (const timeoutMs of [0, -1, Number.NaN]) {
    socket.setTimeout(timeoutMs);
    assert.deepEqual([socket.timeout, clock.pending], [0, 0]);
  }
});

test("one that is not connected opens when told to, and keeps what was written before", async (t) => {
  const { carried, far } = await pair(t);
  carried.stream.removeAllListeners("data").removeAllListeners("end").removeAllListeners("close");
  const opening = Promise.withResolvers<CarriedStream>();
  const asked: unknown[] = [];
  const open = (target: unknown): Promise<CarriedStream> => {
    asked.push(target);
    return opening.promise;
  };
  const socket = new StreamSocket({ clock: new FakeClock() }, { open });
  assert.deepEqual([socket.connecting, socket.pending, socket.readyState], [false, true, "closed"]);
  socket.connect(5432, "db.example");
  socket.connect(5432, "db.example");
  socket.write("first ");
  socket.end("second");
  assert.deepEqual([socket.connecting, socket.readyState], [true, "opening"]);
  const connected = once(socket, "connect");
  opening.resolve(carried);
  await inTime(connected, "connect");
  assert.equal(await inTime(heard(far), "the far end"), "first second, end");
  assert.deepEqual(asked, [{ host: "db.example", port: 5432 }]);
});

test("one that cannot be opened says why, and takes an opening back when destroyed", async () => {
  const clock = new FakeClock();
  const refused = new BywayError("ERR_NO_NODE", "none");
  const failing = new StreamSocket({ clock }, { open: () => Promise.reject(refused) });
  const told = once(failing.connect({ host: "a.example", port: 1 }), "close").catch((reason: unknown) => reason);
  assert.equal(await inTime(told, "the failure"), refused);

  let taken: AbortSignal | undefined;
  const open = (_target: unknown, signal: AbortSignal): Promise<CarriedStream> => {
    taken = signal;
    return new Promise(() => {});
  };
  const waiting = new StreamSocket({ clock }, { open }).connect(1, "a.example");
  waiting.destroy();
  assert.equal(taken?.aborted, true);

  const nowhere = new StreamSocket({ clock }, { open }).connect("/run/local.sock");
  const [error] = await inTime(
    once(nowhere, "error").catch((reason: unknown) => [reason]),
    "the refusal",
  );
  assert.equal((error as BywayError).code, "ERR_REQUEST_TARGET");
});
