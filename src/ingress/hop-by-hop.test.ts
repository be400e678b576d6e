import assert from "node:assert/strict";
import { test } from "node:test";
import { listOf } from "../http1/fields.ts";
import { endToEnd, endToEndTrailers } from "./hop-by-hop.ts";

test("fields of one hop, those that Connection names and Byway's own are dropped, all else stays as it was", () => {
  const fields = [
    ["HOST", "a"],
    ["Connection", "close, X-One"],
    ["connection", "x-two"],
    ["X-One", "1"],
    ["X-TWO", "2"],
    ["Keep-Alive", "timeout=5"],
    ["Proxy-Connection", "keep-alive"],
    ["Proxy-Authorization", "Basic eDp5"],
    ["TE", "trailers"],
    ["Upgrade", "h2c"],
    ["HTTP2-Settings", "x"],
    ["Transfer-Encoding", "chunked"],
    ["Byway-Debug", "1"],
    ["X-Kept", "a"],
    ["x-kept", "b"],
    ["Authorization", "Basic eDp5"],
  ].flat();
  assert.deepEqual(endToEnd(fields, ["host"]), ["X-Kept", "a", "x-kept", "b", "Authorization", "Basic eDp5"]);
});

test("a list is read over all fields of its name", () => {
  assert.deepEqual(listOf(["Via", "1.1 a, 1.0 B", "via", "1.1 c,"], "via"), ["1.1 a", "1.0 b", "1.1 c"]);
});

test("trailers that would change framing, routing or rights are dropped", () => {
  const trailers = [
    "Content-Length",
    "5",
    "Host",
    "x",
    "Set-Cookie",
    "a",
    "X-Sum",
    "1",
    "Transfer-Encoding",
    "chunked",
  ];
  assert.deepEqual(endToEndTrailers(trailers), [["X-Sum", "1"]]);
});
