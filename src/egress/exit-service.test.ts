import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { someLink } from "../../test/support/some-link.ts";
import { systemClock } from "../core/clock.ts";
import type { IncomingStream } from "../link/incoming-stream.ts";
import { NO_LOG, type StreamLog } from "./accountability/stream-log.ts";
import { ExitService, type WaysOut } from "./exit-service.ts";
import { ExitPolicy } from "./policy/exit-policy.ts";
import { parsePolicy } from "./policy/parse-policy.ts";
import { StreamLimits } from "./stream-limits.ts";

test("a flow is closed although its stream was gone before the flow was open", async () => {
  const gone = new PassThrough();
  gone.destroy();
  await once(gone, "close");
  const over = Promise.withResolvers<undefined>();
  let closed = 0;
  const flow = {
    address: "192.0.2.1",
    send: () => true,
    onDatagram: undefined,
    closed: over.promise,
    close: () => {
      closed += 1;
      over.resolve(undefined);
    },
  };
  const waysOut: WaysOut = { connect: () => Promise.reject(new Error("not asked for")), openUdp: async () => flow };
  const incoming = {
    link: someLink(1, "198.51.100.7"),
    headers: { ":path": "/.well-known/masque/udp/192.0.2.1/53/" },
    signal: new AbortController().signal,
    accept: () => gone,
  };
  const components: ConstructorParameters<typeof ExitService>[0] = {
    clock: systemClock,
    budget: roomyBudget(),
    waysOut,
    limits: new StreamLimits({ clock: systemClock }),
    log: NO_LOG,
    policy: new ExitPolicy(parsePolicy(["accept *:*"])),
    opens: () => false,
  };
  await new ExitService(components).connectUdp(incoming as unknown as IncomingStream);
  assert.equal(closed, 1);
});

test("the log is told the port on this side, of TCP and UDP, and the log and the ways out which link asks", {
  timeout: 20_000,
}, async (t) => {
  const server = createServer((socket) => socket.on("error", () => {}).end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await once(socket, "connect");
  const { localPort } = socket;
  const flow = {
    address: "192.0.2.1",
    fromPort: 40_001,
    send: () => true,
    onDatagram: undefined,
    closed: Promise.resolve(undefined),
    close: () => {},
  };
  const links: unknown[] = [];
  const waysOut: WaysOut = {
    connect: async (_target, _signal, link) => {
      links.push(link);
      return socket;
    },
    openUdp: async (_target, _signal, link) => {
      links.push(link);
      return flow;
    },
  };
  const told: unknown[] = [];
  const log: StreamLog = {
    begin: (stream) => {
      links.push(stream.link);
      return { opened: (address, fromPort) => void told.push([address, fromPort]), ended: () => {} };
    },
  };
  const service = new ExitService({
    clock: systemClock,
    budget: roomyBudget(),
    waysOut,
    limits: new StreamLimits({ clock: systemClock }),
    log,
    policy: new ExitPolicy(parsePolicy(["accept *:*"])),
    opens: () => true,
  });
  const { signal } = new AbortController();
  const accept = (): PassThrough => new PassThrough().end();
  const link = someLink(1, "198.51.100.7");
  const tcp = { link, authority: "127.0.0.1:7", headers: {}, signal, accept };
  await service.connectTarget(tcp as unknown as IncomingStream).catch(() => {});
  const udp = { link, headers: { ":path": "/.well-known/masque/udp/192.0.2.1/53/" }, signal, accept };
  await service.connectUdp(udp as unknown as IncomingStream).catch(() => {});
  assert.deepEqual(told, [
    ["127.0.0.1", localPort],
    ["192.0.2.1", 40_001],
  ]);
  assert.equal(links.length, 4);
  for (const one of links) assert.equal(one, link);
});
