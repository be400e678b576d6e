import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { watchStopSignals } from "./stop-signals.ts";

class FakeProcess extends EventEmitter {
  unrefs = 0;
  readonly channel: { unref(): void } | undefined;
  readonly calls: string[] = [];

  constructor(hasLauncher: boolean, hangsUp = true) {
    super();
    this.channel = hasLauncher
      ? {
          unref: () => {
            this.unrefs += 1;
          },
        }
      : undefined;
    watchStopSignals(
      this,
      (signal) => this.calls.push(`first ${signal}`),
      (signal) => this.calls.push(`second ${signal}`),
      hangsUp ? undefined : () => this.calls.push("hangup"),
    );
  }

  forward(bywaySignal: unknown): void {
    this.emit("message", { bywaySignal });
  }
}

test("without a launcher the second signal is the second", () => {
  const fake = new FakeProcess(false);
  fake.emit("SIGINT");
  assert.deepEqual(fake.calls, ["first SIGINT"]);
  fake.emit("SIGINT");
  assert.deepEqual(fake.calls, ["first SIGINT", "second SIGINT"]);
});

for (const order of ["direct first", "message first"]) {
  test(`a Ctrl-C that comes by both ways counts once (${order})`, () => {
    const fake = new FakeProcess(true);
    const ways = [() => fake.emit("SIGINT"), () => fake.forward("SIGINT")];
    if (order === "message first") ways.reverse();
    for (const way of ways) way();
    assert.deepEqual(fake.calls, ["first SIGINT"]);
    for (const way of ways) way();
    assert.deepEqual(fake.calls, ["first SIGINT", "second SIGINT"]);
  });
}

test("a signal to the launcher alone counts", () => {
  const fake = new FakeProcess(true);
  fake.forward("SIGTERM");
  fake.forward("SIGTERM");
  assert.deepEqual(fake.calls, ["first SIGTERM", "second SIGTERM"]);
});

test("two different signals are two requests", () => {
  const fake = new FakeProcess(false);
  fake.emit("SIGTERM");
  fake.emit("SIGINT");
  assert.deepEqual(fake.calls, ["first SIGTERM", "second SIGINT"]);
});

test("the launcher's death stops, once", () => {
  const fake = new FakeProcess(true);
  fake.emit("disconnect");
  assert.deepEqual(fake.calls, ["first SIGHUP"]);
});

test("the launcher's end after a signal is not a second request", () => {
  const fake = new FakeProcess(true);
  fake.forward("SIGINT");
  fake.emit("disconnect");
  assert.deepEqual(fake.calls, ["first SIGINT"]);
});

test("other messages are nothing", () => {
  const fake = new FakeProcess(true);
  for (const message of [null, undefined, 1, "SIGINT", {}]) fake.emit("message", message);
  fake.forward("SIGKILL");
  assert.deepEqual(fake.calls, []);
  assert.equal(fake.unrefs, 1);
});

test("without a terminal SIGHUP is no request to stop, whichever way it comes, and the next signal is the first", () => {
  const fake = new FakeProcess(true, false);
  fake.emit("SIGHUP");
  fake.forward("SIGHUP");
  assert.deepEqual(fake.calls, ["hangup"]);
  fake.forward("SIGHUP");
  fake.emit("SIGHUP");
  assert.deepEqual(fake.calls, ["hangup", "hangup"]);
  fake.emit("SIGTERM");
  assert.deepEqual(fake.calls.slice(2), ["first SIGTERM"]);
});

test("without a terminal the end of the launcher stops all the same", () => {
  const fake = new FakeProcess(true, false);
  fake.emit("SIGHUP");
  fake.emit("disconnect");
  assert.deepEqual(fake.calls, ["hangup", "first SIGHUP"]);
});
