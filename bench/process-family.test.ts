import assert from "node:assert/strict";
import { pid } from "node:process";
import { test } from "node:test";
import { cpuSeconds, parseStat, parseStatus, residentBytes, withDescendants } from "./process-family.ts";

test("a stat line is read past a name with spaces and parentheses", () => {
  const line = "4711 (a) b (c)) S 815 4711 4711 0 -1 4194304 1 2 3 4 50 60 7 8 20 0 1 0 99 1000 10\n";
  assert.deepEqual(parseStat(line), { pid: 4711, parent: 815, ticks: 50 + 60 + 7 + 8 });
});

test("a status figure is read by its whole name", () => {
  const text = "Name:\tx\nVmHWM:\t  900 kB\nVmRSS:\t  512 kB\n";
  assert.equal(parseStatus(text, "VmRSS"), 512);
  assert.equal(parseStatus(text, "RSS"), undefined);
});

test("descendants are found whatever the order, strangers are not", () => {
  const of = (one: number, parent: number): { pid: number; parent: number; ticks: number } => ({
    pid: one,
    parent,
    ticks: 0,
  });
  const all = [of(40, 30), of(30, 20), of(20, 1), of(50, 1), of(60, 50)];
  const found = withDescendants(all, [20]).map((process) => process.pid);
  assert.deepEqual(
    found.toSorted((a, b) => a - b),
    [20, 30, 40],
  );
});

test("this very process has memory", { skip: process.platform !== "linux" && "needs /proc" }, () => {
  assert.ok(residentBytes([pid]) > 1e6);
  assert.ok(cpuSeconds([pid]) >= 0);
});
