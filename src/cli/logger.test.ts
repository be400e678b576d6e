import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import type { LogLevel } from "../core/logger.ts";
import { Sensitive } from "../core/sensitive.ts";
import { createLogger } from "./logger.ts";

function logged(isPlain: boolean, level: LogLevel = "debug") {
  const lines: string[] = [];
  return { lines, logger: createLogger({ level, isPlain, write: (line) => lines.push(line) }) };
}

test("a line is JSON with level, time, message and fields", () => {
  const { lines, logger } = logged(false);
  logger.warn("the disk is nearly full", { freeBytes: 12 });
  assert.equal(lines.length, 1);
  const { time, ...rest } = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
  assert.deepEqual(rest, { level: "warn", message: "the disk is nearly full", freeBytes: 12 });
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test("a plain line reads well", () => {
  const { lines, logger } = logged(true);
  logger.info("a node is ready", { address: "127.0.0.1:1", hops: 3 });
  assert.match(lines[0] ?? "", /^\d\d:\d\d:\d\d info {2}a node is ready address=127\.0\.0\.1:1 hops=3\n$/);
});

test("a plain line is one line, whatever a stranger has put into its fields", () => {
  const { lines, logger } = logged(true);
  logger.warn("it failed", { reason: "\u001b]0;mine\u0007\n00:00:00 info  all is well" });
  assert.match(lines[0] ?? "", / reason=\\x1b\]0;mine\\x07\\x0a00:00:00 info {2}all is well\n$/);
});

for (const isPlain of [true, false]) {
  test(`what is sensitive is scrubbed however deep it lies (plain: ${isPlain})`, () => {
    const { lines, logger } = logged(isPlain);
    const secret = new Sensitive("secret.example");
    logger.info("opened", { target: secret, deep: { list: [secret] } });
    assert.ok(!lines.join("").includes("secret"), lines.join(""));
    assert.equal(lines.join("").split("[scrubbed]").length, 3);
  });
}

test("errors are told", () => {
  const { lines, logger } = logged(false);
  logger.error("it failed", { error: new BywayError("ERR_HOP_LOST", "the hop is gone"), cause: new TypeError("odd") });
  const { error, cause } = JSON.parse(lines[0] ?? "") as { error: { code: string }; cause: unknown };
  assert.equal(error.code, "ERR_HOP_LOST");
  assert.deepEqual(cause, { name: "TypeError", message: "odd" });
});

test("less urgent lines than the level are left out, and silent leaves out all", () => {
  const { lines, logger } = logged(false, "warn");
  logger.debug("1");
  logger.info("2");
  logger.warn("3");
  logger.error("4");
  assert.equal(lines.length, 2);
  const silent = logged(false, "silent");
  silent.logger.error("5");
  assert.deepEqual(silent.lines, []);
});
