import assert from "node:assert/strict";
import { Duplex, duplexPair } from "node:stream";
import { test } from "node:test";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { Meter } from "../flow/meter.ts";
import type { IncomingStream } from "../link/incoming-stream.ts";
import { LINK_LIMITS } from "../link/limits.ts";
import { LinkSession } from "../link/link-session.ts";
import { encodeUdpCapsule } from "../wire/udp-payload.ts";
import type { StreamEnd } from "./accountability/stream-log.ts";
import { ExitService, type WaysOut } from "./exit-service.ts";
import { ExitPolicy } from "./policy/exit-policy.ts";
import { parsePolicy } from "./policy/parse-policy.ts";
import { StreamLimits } from "./stream-limits.ts";
import type { UdpFlow } from "./udp-flow.ts";

/** An exit with ways out of the test's own, a link of a node to it, and what its log says of streams. */
function exit(waysOut: Partial<WaysOut>) {
  const clock = new FakeClock();
  const node = new Meter();
  const link = new LinkSession(1, "198.51.100.7", { whole: node });
  const ends: StreamEnd[] = [];
  const missing = (): Promise<never> => Promise.reject(new Error("not asked for"));
  const service = new ExitService({
    clock,
    budget: roomyBudget(),
    waysOut: { connect: missing, openUdp: missing, ...waysOut },
    limits: new StreamLimits({ clock }),
    log: { begin: () => ({ opened: () => {}, ended: (end) => void ends.push(end) }) },
    policy: new ExitPolicy(parsePolicy(["accept *:*"])),
    opens: () => true,
  });
  const [client, inner] = duplexPair();
  client.on("error", () => {});
  const incoming = {
    link,
    authority: "192.0.2.1:7",
    headers: { ":path": "/.well-known/masque/udp/192.0.2.1/53/" },
    signal: new AbortController().signal,
    accept: () => inner,
  } as unknown as IncomingStream;
  return { service, incoming, client, link, node, ends };
}

const turns = async (): Promise<void> => {
  for (let n = 0; n < 10; n += 1) await new Promise(setImmediate);
};

test("what a target never took counts neither for the log nor for the link and its node", async () => {
  let leave = (): void => {};
  const target = new Duplex({
    read() {},
    write(_chunk, _encoding, callback) {
      leave = callback;
    },
  });
  const { service, incoming, client, link, node, ends } = exit({ connect: async () => target });
  const served = service.connectTarget(incoming);
  await turns();
  client.write(Buffer.alloc(1_000));
  target.push(Buffer.alloc(300));
  await turns();
  assert.deepEqual([link.meter.up.bytes, link.meter.down.bytes], [0, 300]);
  leave();
  await turns();
  client.write(Buffer.alloc(5_000));
  await turns();
  assert.deepEqual([link.meter.up.bytes, link.meter.down.bytes], [1_000, 300]);
  target.destroy();
  await served;
  assert.deepEqual(ends, [{ bytesUp: 1_000, bytesDown: 300, end: "ok" }]);
  assert.deepEqual([link.meter.bytes, node.bytes], [1_300, 1_300]);
});

test("a datagram that is dropped counts for nobody", async () => {
  const over = Promise.withResolvers<undefined>();
  const taken = [true, false, true];
  const flow: UdpFlow = {
    address: "192.0.2.1",
    send: () => taken.shift() ?? false,
    onDatagram: undefined,
    closed: over.promise,
    close: () => over.resolve(undefined),
  };
  const { service, incoming, client, link, ends } = exit({ openUdp: async () => flow });
  const served = service.connectUdp(incoming);
  await turns();
  for (const bytes of [10, 100, 1_000]) client.write(encodeUdpCapsule(Buffer.alloc(bytes)));
  const size = 60_000;
  const most = Math.ceil(LINK_LIMITS.datagramBacklogBytes.value / size);
  for (let n = 0; n < 2 * most; n += 1) flow.onDatagram?.(Buffer.alloc(size));
  await turns();
  client.resume().end();
  await served;
  assert.deepEqual(ends, [{ bytesUp: 1_010, bytesDown: most * size, end: "ok" }]);
  assert.deepEqual([link.meter.up.bytes, link.meter.down.bytes], [1_010, most * size]);
});
