import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { seededRandom } from "../core/random.ts";
import type { EphemeralPorts } from "./ephemeral-ports.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import { type Pair, portVerdict, SourcePorts } from "./source-ports.ts";

const TRIES = EGRESS_LIMITS.portTries.value;
const STEP = EGRESS_LIMITS.portStep.value;
const HALF = 14_116;
const LINUX: EphemeralPorts = {
  first: Uint16Array.from({ length: HALF }, (_, n) => 32_769 + 2 * n),
  rest: Uint16Array.from({ length: HALF }, (_, n) => 32_768 + 2 * n),
};

function sourcePorts(ports: EphemeralPorts | undefined = LINUX, seed = 1): SourcePorts {
  return new SourcePorts({ clock: new FakeClock(), random: seededRandom(seed), range: { current: () => ports } });
}

function pair(address: string, port = 443): Pair {
  return { localAddress: "192.0.2.1", address, port };
}

function indexOf(port: number | undefined): number {
  return LINUX.first.indexOf(port ?? 0);
}

test("a target meets a port again only when its row is through, whatever other targets do meanwhile", () => {
  const ports = sourcePorts();
  const drawn = new Set<number | undefined>();
  const count = Math.floor(HALF / STEP);
  for (let n = 0; n < count; n += 1) {
    drawn.add(ports.draw(pair("198.51.100.1"), 0));
    ports.draw(pair("198.51.100.2"), 0);
  }
  assert.equal(drawn.size, count);
  assert.ok([...drawn].every((port) => indexOf(port) >= 0));
});

test("which port comes next cannot be told from the one before, from another target's or another exit's", () => {
  const ports = sourcePorts();
  const steps = new Set<number>();
  let last = indexOf(ports.draw(pair("198.51.100.1"), 0));
  for (let n = 0; n < 200; n += 1) {
    const next = indexOf(ports.draw(pair("198.51.100.1"), 0));
    steps.add((next - last + HALF) % HALF);
    last = next;
  }
  assert.deepEqual(
    [...steps].sort((a, b) => a - b),
    Array.from({ length: STEP }, (_, n) => n + 1),
  );
  const begins = new Set<number>();
  for (let n = 0; n < 20; n += 1) {
    begins.add(indexOf(sourcePorts(LINUX, n).draw(pair("198.51.100.1"), 0)));
    begins.add(indexOf(ports.draw(pair("198.51.100.9", n + 1), 0)));
  }
  assert.ok(begins.size > 35, "nearly all begin elsewhere");
});

test("later tries take any port, and then the system chooses", () => {
  const ports = sourcePorts();
  for (let tries = 0; tries < TRIES / 2; tries += 1) {
    assert.ok(indexOf(ports.draw(pair("198.51.100.1"), tries)) >= 0);
  }
  const later = Array.from({ length: 64 }, () => ports.draw(pair("198.51.100.1"), TRIES - 1));
  assert.ok(later.some((port) => indexOf(port) < 0) && later.some((port) => indexOf(port) >= 0));
  assert.ok(later.every((port) => port !== undefined && port >= 32_768 && port <= 60_999));
  assert.equal(ports.draw(pair("198.51.100.1"), TRIES), undefined);
  assert.equal(ports.draw(pair("198.51.100.1"), Number.POSITIVE_INFINITY), undefined);
});

test("a range of one half, and none", () => {
  const [first, rest] = [Uint16Array.of(40_001), Uint16Array.of(40_000)];
  const none = new Uint16Array();
  assert.equal(sourcePorts({ first: none, rest }).draw(pair("198.51.100.1"), 0), 40_000);
  assert.equal(sourcePorts({ first, rest: none }).draw(pair("198.51.100.1"), TRIES - 1), 40_001);
  const unknown = new SourcePorts({ clock: new FakeClock(), range: { current: () => undefined } });
  assert.equal(unknown.draw(pair("198.51.100.1"), 0), undefined);
});

test("no connection leaves from the very port and address that it goes to", () => {
  const ports = sourcePorts({ first: Uint16Array.of(40_001), rest: new Uint16Array() });
  const own: Pair = { localAddress: "127.0.0.1", address: "127.0.0.1", port: 40_001 };
  assert.equal(ports.draw(own, 0), undefined);
  assert.equal(ports.draw({ ...own, localAddress: "127.0.0.2" }, 0), 40_001);
  assert.equal(ports.draw({ ...own, port: 40_003 }, 0), 40_001);
});

test("failures are judged by what they say of the port", () => {
  const verdict = (code: string, syscall: string): string => portVerdict(Object.assign(new Error(), { code, syscall }));
  assert.equal(verdict("EADDRINUSE", "bind"), "taken");
  assert.equal(verdict("EADDRINUSE", "connect"), "taken");
  assert.equal(verdict("EADDRNOTAVAIL", "connect"), "taken");
  assert.equal(verdict("EADDRNOTAVAIL", "bind"), "innocent");
  assert.equal(verdict("EACCES", "bind"), "forbidden");
  assert.equal(verdict("EPERM", "bind"), "forbidden");
  assert.equal(verdict("EACCES", "connect"), "innocent");
  assert.equal(verdict("EMFILE", "bind"), "innocent");
  assert.equal(verdict("ECONNREFUSED", "connect"), "innocent");
});
