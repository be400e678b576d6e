import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { DAY_MS } from "../core/units.ts";
import { MemoryRecords } from "../storage/record-keeper.ts";
import type { LocalTime } from "./local-time.ts";
import { Operation, type OperationOptions } from "./operation.ts";
import type { ServingOrders } from "./serving-orders.ts";

const GB = 1e9;

const UTC: LocalTime = {
  read(ms) {
    const date = new Date(ms);
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      minutes: date.getUTCHours() * 60 + date.getUTCMinutes(),
    };
  },
  dayStartMs: ({ year, month, day }) => Date.UTC(year, month - 1, day),
};

/** A fake clock that can be set, while time passes as it does. */
class SettableClock extends FakeClock {
  offsetMs = 0;

  override nowMs(): number {
    return super.nowMs() + this.offsetMs;
  }
}

class Machine {
  readonly clock: SettableClock;
  readonly records = new MemoryRecords();
  readonly told: ServingOrders[] = [];
  line = { received: 0, sent: 0 };

  constructor(start: string) {
    this.clock = new SettableClock(Date.parse(start));
  }

  operation(options: OperationOptions = {}): Operation {
    const { clock, records } = this;
    const components = { clock, records, logger: silentLogger, local: UTC, line: () => ({ ...this.line }) };
    const operation = new Operation({ ...components, onOrders: (orders) => void this.told.push(orders) }, options);
    operation.start();
    return operation;
  }

  /** As after `kill -9`: the counters of the line begin anew, and nothing was told to the last operation. */
  restart(options: OperationOptions = {}): Operation {
    this.line = { received: 0, sent: 0 };
    return this.operation(options);
  }

  carry(bytes: number): void {
    this.line = { received: this.line.received + bytes, sent: this.line.sent + bytes };
    this.clock.advance(1000);
  }
}

test("speed is the lower of up and down", () => {
  const speed = (options: OperationOptions): number | undefined =>
    new Machine("2026-11-01T00:00Z").operation(options).orders.bytesPerSecond;
  assert.equal(speed({}), undefined);
  assert.equal(speed({ upMbps: 20 }), 2_500_000);
  assert.equal(speed({ upMbps: 20, downMbps: 8 }), 1_000_000);
});

test("a month's volume lands softly: it slows down, refuses, ends streams, and is never passed by 1 %", () => {
  const machine = new Machine("2026-11-30T00:00Z");
  const operation = machine.operation({ monthlyGb: 20 });
  const seen = new Map<string, number>();
  let second = 0;
  while (!operation.orders.endsStreams && second < 80_000) {
    const { refusal, bytesPerSecond = Number.POSITIVE_INFINITY } = operation.orders;
    const share = (machine.line.received * 2) / (20 * GB);
    const state = refusal === undefined ? (share < 0.8 ? "free" : "landing") : refusal.by;
    if (!seen.has(state)) seen.set(state, share);
    machine.carry(Math.min(bytesPerSecond, 50_000_000));
    second += 1;
  }
  assert.deepEqual([...seen.keys()], ["free", "landing", "monthly volume"]);
  assert.ok(Math.abs((seen.get("landing") ?? 0) - 0.8) < 0.01);
  assert.ok(Math.abs((seen.get("monthly volume") ?? 0) - 0.95) < 0.01);
  const { month, monthlyCapBytes } = operation.traffic;
  assert.equal(monthlyCapBytes, 20 * GB);
  assert.ok(month.received + month.sent >= 20 * GB && month.received + month.sent <= 20.2 * GB);
  assert.equal(operation.serving.state, "closed");
  assert.equal(operation.loadShare, 1);

  machine.clock.advance(DAY_MS);
  assert.equal(operation.serving.state, "serving", "a new month");
  assert.deepEqual(operation.traffic.month, { received: 0, sent: 0 });
  assert.equal(machine.told.at(-1)?.refusal, undefined);
  assert.equal(machine.told.at(-1)?.endsStreams, false);
});

test("the counts of day and month outlive the process, and nothing is written while nothing moves", () => {
  const machine = new Machine("2026-11-20T10:00Z");
  let operation = machine.operation({ monthlyGb: 1 });
  machine.carry(400_000_000);
  operation = machine.restart({ monthlyGb: 1 });
  assert.deepEqual(operation.traffic.month, { received: 400_000_000, sent: 400_000_000 });
  assert.deepEqual(operation.traffic.today, operation.traffic.month);
  machine.carry(80_000_000);
  assert.equal(operation.orders.refusal?.by, "monthly volume");
  assert.equal(machine.restart({ monthlyGb: 1 }).orders.refusal?.by, "monthly volume", "from the first moment on");

  let puts = 0;
  machine.records.put = () => {
    puts += 1;
  };
  machine.clock.advance(60_000);
  assert.equal(puts, 0);
  machine.clock.advance(DAY_MS);
  assert.deepEqual(operation.traffic.today, { received: 0, sent: 0 });
});

test("a clock that jumps by an hour or a year and back neither loses nor doubles the month's count", () => {
  for (const jumpMs of [3_600_000, -3_600_000, 365 * DAY_MS, -365 * DAY_MS]) {
    for (const start of ["2026-11-15T12:00Z", "2026-11-01T00:30Z", "2026-11-30T23:30Z"]) {
      const machine = new Machine(start);
      const operation = machine.operation({ monthlyGb: 100 });
      for (let n = 0; n < 5; n++) machine.carry(1_000_000);
      machine.clock.offsetMs = jumpMs;
      for (let n = 0; n < 5; n++) machine.carry(1_000_000);
      machine.clock.offsetMs = 0;
      for (let n = 0; n < 5; n++) machine.carry(1_000_000);
      assert.equal(operation.traffic.month.received, 15_000_000, `${start} by ${jumpMs} ms`);
    }
  }
});

test("a clock that is set back by a year does not open a closed node", () => {
  const machine = new Machine("2026-11-15T12:00Z");
  const operation = machine.operation({ monthlyGb: 1 });
  machine.carry(480_000_000);
  machine.clock.offsetMs = -365 * DAY_MS;
  machine.carry(0);
  assert.equal(operation.orders.refusal?.by, "monthly volume");
});

test("outside its hours a node refuses, lets streams finish for five minutes, and opens again", () => {
  const machine = new Machine("2026-11-20T06:59:00Z");
  const operation = machine.operation({ hours: ["22:00-07:00"] });
  assert.equal(operation.serving.state, "serving");
  machine.clock.advance(60_000);
  assert.deepEqual(operation.serving, {
    state: "closed",
    reason: "outside its hours",
    until: "2026-11-20T22:00:00.000Z",
  });
  assert.equal(operation.orders.refusal?.retryAfterSec, 15 * 3600);
  assert.equal(operation.orders.endsStreams, false);
  machine.clock.advance(299_000);
  assert.equal(operation.orders.endsStreams, false);
  machine.clock.advance(1000);
  assert.equal(machine.told.at(-1)?.endsStreams, true);
  const told = machine.told.length;
  machine.clock.advance(3_600_000);
  assert.equal(machine.told.length - told, 60, "a message a minute, as Retry-After falls");
  machine.clock.advance(14 * 3_600_000);
  assert.equal(operation.serving.state, "serving");
  assert.deepEqual(machine.told.at(-1), { endsStreams: false });
  assert.throws(
    () => machine.operation({ hours: ["night"] }),
    (error) => error instanceof BywayError && error.code === "ERR_CONFIG_VALUE",
  );
});

test("paused is remembered over a restart, draining is not", () => {
  const machine = new Machine("2026-11-20T12:00Z");
  let operation = machine.operation();
  operation.pause();
  assert.equal(machine.told.at(-1)?.refusal?.by, "paused");
  operation = machine.restart();
  assert.equal(operation.serving.state, "paused");
  assert.equal(machine.told.at(-1)?.refusal?.by, "paused", "told at the start");
  operation.drain();
  assert.equal(operation.serving.state, "draining");
  assert.equal(machine.restart().serving.state, "paused");
  operation.resume();
  assert.equal(operation.serving.state, "serving");
  assert.equal(machine.told.at(-1)?.refusal, undefined);
  assert.equal(machine.restart().serving.state, "serving");
});

test("a pause takes back a drain, as nobody waits for the drain's end any more", () => {
  const machine = new Machine("2026-11-20T12:00Z");
  const operation = machine.operation();
  operation.drain();
  operation.pause();
  assert.equal(operation.serving.state, "paused");
  assert.equal(machine.told.at(-1)?.refusal?.by, "paused");
});

test("load is the share of the speed, or of a volume that runs out", () => {
  const machine = new Machine("2026-11-20T12:00Z");
  const operation = machine.operation({ upMbps: 8, monthlyGb: 1 });
  for (let n = 0; n < 60; n++) machine.carry(500_000);
  assert.ok(Math.abs(operation.loadShare - 0.5) < 0.02, `${operation.loadShare}`);
  while (machine.line.received < 0.42 * GB) machine.carry(1_000_000);
  assert.ok(operation.loadShare > 0.88, `${operation.loadShare}`);
  assert.equal(operation.orders.refusal, undefined);
});

test("an operation that was stopped has counted all, holds no timer, and tells nobody", () => {
  const machine = new Machine("2026-11-20T12:00Z");
  const operation = machine.operation();
  operation.start();
  machine.line = { received: 7, sent: 8 };
  operation.stop();
  operation.stop();
  assert.equal(machine.clock.pending, 0);
  assert.deepEqual(machine.restart().traffic.today, { received: 7, sent: 8 });
  const told = machine.told.length;
  operation.pause();
  assert.equal(machine.told.length, told);
});
