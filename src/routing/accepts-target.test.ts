import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptsTarget } from "./accepts-target.ts";

test("an exit takes what it carries, to the ports that it accepts", () => {
  const exit = { protocols: ["tcp"], acceptedPorts: [{ first: 80, last: 90 }] };
  assert.equal(acceptsTarget(exit, 80, "tcp"), true);
  assert.equal(acceptsTarget(exit, 90, "tcp"), true);
  assert.equal(acceptsTarget(exit, 91, "tcp"), false);
  assert.equal(acceptsTarget(exit, 80, "udp"), false);
  assert.equal(acceptsTarget(exit, undefined, "tcp"), true);
  assert.equal(acceptsTarget({ ...exit, acceptedPorts: [] }, 80, "tcp"), false);
});
