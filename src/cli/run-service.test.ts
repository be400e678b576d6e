import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { CLI_LIMITS } from "./limits.ts";
import { runService } from "./run-service.ts";
import type { StopSignal, Terminal } from "./terminal.ts";

function setUp() {
  const stopping = Promise.withResolvers<StopSignal>();
  const clock = new FakeClock();
  const calls: string[] = [];
  const terminal: Terminal = {
    writeOut: () => {},
    writeError: () => {},
    endWith: () => {},
    clock,
    errorIsTty: false,
    environment: {},
    homeDirectory: "/",
    beginService: () => void calls.push("service"),
    onHangup: () => {},
    readerGone: new Promise(() => {}),
    stopRequest: stopping.promise,
  };
  const service = {
    stop: async () => {
      calls.push("stop");
    },
  };
  return { calls, clock, terminal, service, requestStop: () => stopping.resolve("SIGINT") };
}

test("a service runs until a request to stop", async () => {
  const { calls, terminal, service, requestStop } = setUp();
  const ready = Promise.withResolvers<void>();
  const running = runService(
    terminal,
    async () => service,
    () => {
      calls.push("ready");
      ready.resolve();
      return undefined;
    },
  );
  await ready.promise;
  assert.deepEqual(calls, ["service", "ready"]);
  requestStop();
  await running;
  assert.deepEqual(calls, ["service", "ready", "stop"]);
});

test("a request to stop while it starts stops what has started", async () => {
  const { calls, terminal, service, requestStop } = setUp();
  const starting = Promise.withResolvers<typeof service>();
  const running = runService(
    terminal,
    () => starting.promise,
    () => {
      calls.push("ready");
      return undefined;
    },
  );
  requestStop();
  starting.resolve(service);
  await running;
  assert.deepEqual(calls, ["service", "stop"]);
});

test("work that is done stops the service", async () => {
  const { calls, terminal, service } = setUp();
  await runService(
    terminal,
    async () => service,
    async () => "done" as const,
  );
  assert.deepEqual(calls, ["service", "stop"]);
});

test("work that fails stops the service and is told", async () => {
  const { calls, terminal, service } = setUp();
  const work = runService(
    terminal,
    async () => service,
    async () => {
      throw new Error("no luck");
    },
  );
  await assert.rejects(work, /no luck/);
  assert.deepEqual(calls, ["service", "stop"]);
});

test("a service that does not start is told", async () => {
  const { calls, terminal } = setUp();
  const start = async (): Promise<{ stop(): Promise<void> }> => {
    throw new Error("no port");
  };
  await assert.rejects(
    runService(terminal, start, () => undefined),
    /no port/,
  );
  assert.deepEqual(calls, ["service"]);
});

test("a stop that does not settle is waited for no longer than the grace", async () => {
  const { clock, terminal, requestStop } = setUp();
  const stopping = Promise.withResolvers<void>();
  const stuck = {
    stop: () => {
      stopping.resolve();
      return new Promise<void>(() => {});
    },
  };
  const running = runService(
    terminal,
    async () => stuck,
    () => undefined,
  );
  requestStop();
  await stopping.promise;
  clock.advance(CLI_LIMITS.stopGraceMs.value);
  await running;
  assert.equal(clock.pending, 0);
});
