import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { BYTES_PER_MIB } from "../../src/core/units.ts";
import { type BywayClient, type BywayError, createClient, createNode, generateIdentity } from "../../src/index.ts";
import { closeOf, collect } from "../support/collect.ts";
import { until } from "../support/proxy-fixture.ts";
import { askSocks } from "../support/socks-client.ts";

/** What does not fill any budget here. */
const SMALL = BYTES_PER_MIB / 64;
/** Less than a socket takes before it says that it is full (64 KiB), so that one stalled stream is always too much. */
const TIGHT = BYTES_PER_MIB / 32;
const options = { timeout: 60_000 };

interface Budgets {
  readonly node?: number;
  readonly client?: number;
}

/** One exit, a client of it with a proxy, and a target that first hears one byte. */
async function startWith(t: TestContext, budgets: Budgets) {
  const target = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket: Socket) => {
    socket.on("error", () => {});
    socket.once("readable", () => {
      const asked = String(socket.read(1));
      if (asked === "e") socket.pipe(socket);
      if (asked === "f") socket.end(Buffer.alloc(64 * BYTES_PER_MIB));
    });
  });
  target.listen(0, "127.201.0.2");
  await once(target, "listening");
  const address = { host: "127.201.0.2", port: (target.address() as AddressInfo).port };
  const warned = { node: 0, client: 0 };
  const logger = (who: keyof typeof warned) => ({
    debug: () => {},
    info: () => {},
    warn: () => {
      warned[who] += 1;
    },
    error: () => {},
  });
  const node = await createNode({
    identity: generateIdentity(),
    listen: { host: "127.10.0.1", port: 0 },
    roles: ["exit"],
    allowTargets: [address],
    policy: ["accept *:*"],
    localNetwork: true,
    logger: logger("node"),
    ...(budgets.node === undefined ? {} : { memoryBudgetBytes: budgets.node }),
  });
  const client = await createClient({
    listen: { host: "127.0.0.1", port: 0 },
    peers: () => [node.known()],
    localNetwork: true,
    logger: logger("client"),
    ...(budgets.client === undefined ? {} : { memoryBudgetBytes: budgets.client }),
  });
  t.after(async () => {
    await client.stop();
    await node.stop();
    target.close();
  });
  return { client, address, warned };
}

/** An echo of `bytes` through a stream of its own. */
async function echoes(client: BywayClient, address: { host: string; port: number }, bytes: number): Promise<void> {
  const { stream } = await client.connect(address);
  stream.end(Buffer.concat([Buffer.from("e"), Buffer.alloc(bytes)]));
  assert.equal((await collect(stream)).length, bytes);
}

test(
  "an exit ends streams whose target does not read, tells the client why, and carries the others",
  options,
  async (t) => {
    const { client, address, warned } = await startWith(t, { node: TIGHT });
    const { stream: other } = await client.connect(address);
    other.write("e");
    const { stream } = await client.connect(address);
    const closed = closeOf(stream);
    // More than kernels (32 MiB here and there) and all windows hold, and the far side of it never reads.
    stream.write(Buffer.alloc(64 * BYTES_PER_MIB));
    await closed;
    assert.equal((stream.errored as BywayError).code, "ERR_STREAM_STALLED");
    other.end("and more");
    assert.equal((await collect(other)).toString(), "and more");
    await echoes(client, address, SMALL);
    assert.ok(warned.node === 1 && warned.client === 0);
  },
);

test("a client ends the streams of apps that do not read, and carries the others", options, async (t) => {
  const { client, address, warned } = await startWith(t, { client: TIGHT });
  const proxy = client.address ?? address;
  const { socket } = await askSocks(proxy, "", "connect", address);
  const failed = once(socket, "error");
  socket.write("f");
  await echoes(client, address, SMALL);
  await until(() => warned.client > 0);
  socket.resume();
  assert.equal(((await failed)[0] as NodeJS.ErrnoException).code, "ECONNRESET");
  assert.deepEqual(warned, { node: 0, client: 1 });
});

test("a stream of the library that is not read is ended with the reason", options, async (t) => {
  const { client, address } = await startWith(t, { client: TIGHT });
  const { stream } = await client.connect(address);
  const closed = closeOf(stream);
  stream.write("f");
  await closed;
  assert.equal((stream.errored as BywayError).code, "ERR_STREAM_STALLED");
});

test("a reader that stalls holds up its own stream only, and goes on when it reads", options, async (t) => {
  const { client, address, warned } = await startWith(t, {});
  const { stream } = await client.connect(address);
  stream.end("f");
  await echoes(client, address, 24 * BYTES_PER_MIB);
  assert.equal((await collect(stream)).length, 64 * BYTES_PER_MIB);
  assert.deepEqual(warned, { node: 0, client: 0 });
});
