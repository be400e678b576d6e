import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { systemClock } from "../core/clock.ts";
import type { IncomingStream } from "../link/incoming-stream.ts";
import { NO_LOG } from "./accountability/stream-log.ts";
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
    send: () => {},
    onDatagram: undefined,
    closed: over.promise,
    close: () => {
      closed += 1;
      over.resolve(undefined);
    },
  };
  const waysOut: WaysOut = { connect: () => Promise.reject(new Error("not asked for")), openUdp: async () => flow };
  const incoming = {
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
    paceOf: () => undefined,
    policy: new ExitPolicy(parsePolicy(["accept *:*"])),
    opens: () => false,
  };
  await new ExitService(components).connectUdp(incoming as unknown as IncomingStream);
  assert.equal(closed, 1);
});
