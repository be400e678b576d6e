import assert from "node:assert/strict";
import { test } from "node:test";
import { checkBinding } from "./check-binding.ts";

test("own addresses can be sent from, others cannot", async () => {
  await checkBinding([]);
  await checkBinding(["127.0.0.1", "127.0.0.2"]);
  // TEST-NET-3 (RFC 5737): no machine's own.
  await assert.rejects(checkBinding(["127.0.0.1", "203.0.113.7"]), (error: Error) => {
    assert.match(error.message, /203\.0\.113\.7/);
    return true;
  });
});
