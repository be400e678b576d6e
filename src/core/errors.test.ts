import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { ERROR_TABLE } from "./error-table.ts";
import { BywayError, systemCode, toBywayError } from "./errors.ts";
import { Sensitive } from "./sensitive.ts";

test("an error tells its kind, remedy and retry from the table, and survives JSON", () => {
  const error = new BywayError("ERR_TARGET_REFUSED", "nothing listens", { data: { port: 1 } });
  assert.equal(error.kind, "target");
  assert.deepEqual(JSON.parse(JSON.stringify(error)), {
    code: "ERR_TARGET_REFUSED",
    kind: "target",
    message: "nothing listens",
    remedy: ERROR_TABLE.ERR_TARGET_REFUSED.remedy,
    retry: "never",
    data: { port: 1 },
  });
});

test("anything else becomes ERR_INTERNAL with its cause", () => {
  const cause = new TypeError("oops");
  const error = toBywayError(cause);
  assert.equal(error.code, "ERR_INTERNAL");
  assert.equal(error.cause, cause);
  assert.equal(toBywayError(error), error);
  assert.equal(systemCode(Object.assign(new Error("x"), { code: "ECONNREFUSED" })), "ECONNREFUSED");
  assert.equal(systemCode("no error"), "");
});

test("every row can be told to curl, a browser and a shell", () => {
  for (const [code, row] of Object.entries(ERROR_TABLE)) {
    assert.match(code, /^ERR_[A-Z_]+$/);
    assert.ok(row.http >= 400 && row.http <= 599, code);
    assert.ok(row.socks >= 1 && row.socks <= 8, code);
    assert.ok([64, 65, 69, 70, 75, 77, 78].includes(row.exit), code);
    assert.match(row.token, /^[a-z_]+$/, code);
    assert.match(row.remedy, /\.$/, code);
  }
});

test("a sensitive value never prints", () => {
  const secret = new Sensitive({ host: "target.example" });
  assert.equal(
    `${secret} ${inspect([secret])} ${JSON.stringify({ secret })}`,
    '[scrubbed] [ [scrubbed] ] {"secret":"[scrubbed]"}',
  );
  assert.equal(secret.reveal().host, "target.example");
});

test("more facts leave code, cause and place of an error as they were", () => {
  const cause = new Error("reset");
  const error = new BywayError("ERR_HOP_LOST", "the link broke", { cause, data: { hop: 1 } });
  const more = error.with({ peerId: "p" });
  assert.deepEqual(
    [more.code, more.cause, more.stack, more.data],
    [error.code, cause, error.stack, { hop: 1, peerId: "p" }],
  );
  assert.deepEqual(error.data, { hop: 1 });
});
