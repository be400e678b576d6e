import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { Sensitive } from "../core/sensitive.ts";
import { WORKERS_LIMITS } from "./limits.ts";
import type { LogMessage } from "./messages.ts";
import { createWorkerLogger } from "./worker-logger.ts";

function setUp() {
  const sent: LogMessage[] = [];
  const waiting: (() => void)[] = [];
  const logger = createWorkerLogger((message, onSent) => {
    sent.push(message);
    waiting.push(onSent);
  });
  const leave = (): void => {
    for (const onSent of waiting.splice(0)) onSent();
  };
  return { sent, logger, leave };
}

test("what is sensitive is scrubbed before it leaves, and errors are told", () => {
  const { sent, logger } = setUp();
  const error = new BywayError("ERR_HOP_LOST", "the hop is gone");
  logger.debug("opened", { target: new Sensitive("secret.example"), error, cause: new TypeError("odd") });
  assert.deepEqual(sent, [
    {
      kind: "log",
      level: "debug",
      message: "opened",
      fields: { target: "[scrubbed]", error: error.toJSON(), cause: { name: "TypeError", message: "odd" } },
    },
  ]);
});

test("fields that are too long are left out", () => {
  const { sent, logger } = setUp();
  logger.info("long", { text: "x".repeat(WORKERS_LIMITS.logLineCharacters.value) });
  assert.deepEqual(
    sent.map((message) => (message.kind === "log" ? Object.keys(message.fields) : [])),
    [["fieldsLeftOut"]],
  );
});

test("lines that come faster than they leave are left out and counted", () => {
  const { sent, logger, leave } = setUp();
  const most = WORKERS_LIMITS.unsentLogLines.value;
  for (let n = 0; n < most + 3; n += 1) logger.debug("again");
  assert.equal(sent.length, most);
  leave();
  logger.info("on");
  assert.deepEqual(
    sent.slice(most).map((message) => message.kind === "log" && [message.level, message.message, message.fields]),
    [
      ["info", "on", {}],
      ["warn", "log lines came too fast and were left out", { lines: 3 }],
    ],
  );
});
