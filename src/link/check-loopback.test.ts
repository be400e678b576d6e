import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { checkLoopback } from "./check-loopback.ts";
import { LINK_LIMITS } from "./limits.ts";

test("a loopback address that answers passes", async () => {
  await checkLoopback("127.0.0.1");
});

test("while the interface is down the error says what this machine cannot do", async () => {
  // What the system says of a connection while `lo` is down, although listening succeeds.
  const connect = (): Socket =>
    new Socket().destroy(Object.assign(new Error("connect ENETUNREACH"), { code: "ENETUNREACH" }));
  await assert.rejects(checkLoopback("127.0.0.1", { connect }), {
    code: "ERR_LOOPBACK",
    message: "this machine cannot connect to itself at 127.0.0.1 (ENETUNREACH)",
  });
});

test("an address that this machine does not have is the same error", async () => {
  await assert.rejects(checkLoopback("192.0.2.1"), {
    code: "ERR_LOOPBACK",
    message: /192\.0\.2\.1 \(EADDRNOTAVAIL\)$/,
  });
});

test("a firewall that drops the connection is noticed after the limit", async () => {
  const clock = new FakeClock();
  const dialled = Promise.withResolvers<void>();
  const connect = (): Socket => {
    dialled.resolve();
    return new Socket();
  };
  const checked = assert.rejects(checkLoopback("127.0.0.1", { clock, connect }), {
    code: "ERR_LOOPBACK",
    message: /no answer within/,
  });
  await dialled.promise;
  clock.advance(LINK_LIMITS.loopbackMs.value);
  await checked;
});
