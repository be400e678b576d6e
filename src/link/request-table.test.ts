import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import type { IncomingStream } from "./incoming-stream.ts";
import { type RequestRow, RequestTable } from "./request-table.ts";

const PEER = `k51${"q".repeat(59)}`;
const CLOSED = new BywayError("ERR_NODE_CLOSED", "closed");

/** Which row serves a request, or the code of the refusal. */
function asker(rows: (say: (what: string) => RequestRow["serve"]) => readonly RequestRow[]) {
  let said = "";
  const table = new RequestTable(
    rows((what) => (_incoming, peerId) => {
      said = peerId === "" ? what : `${what} ${peerId}`;
    }),
  );
  return (method: string, path?: string, protocol?: string, authority = "a.example:443", refusal?: BywayError) => {
    const headers = { ":method": method, ":path": path, ":protocol": protocol };
    try {
      void table.serve({ headers, authority } as unknown as IncomingStream, refusal);
      return said;
    } catch (error) {
      return error instanceof BywayError ? error.code : String(error);
    }
  };
}

const all = asker((say) => [
  { method: "GET", path: "/.well-known/byway", isAlwaysServed: true, serve: say("document") },
  { method: "CONNECT", to: "target", serve: say("target") },
  { method: "CONNECT", to: "hop", serve: say("hop") },
  { method: "CONNECT", protocol: "connect-udp", serve: say("udp") },
  { method: "GET", path: "/bytes", takesQuery: true, serve: say("send") },
  { method: "POST", path: "/bytes", takesQuery: true, serve: say("take") },
]);

test("method, path, protocol and authority lead to one row each", () => {
  assert.equal(all("GET", "/.well-known/byway"), "document");
  assert.equal(all("CONNECT"), "target");
  assert.equal(all("CONNECT", undefined, undefined, `${PEER}.byway.alt:443`), `hop ${PEER}`);
  assert.equal(all("CONNECT", "/.well-known/masque/udp/192.0.2.1/53/", "connect-udp"), "udp");
  assert.deepEqual([all("GET", "/bytes"), all("GET", "/bytes?n=1"), all("POST", "/bytes")], ["send", "send", "take"]);
});

test("every other request is malformed, or names a target that is none", () => {
  const requests: readonly (readonly string[])[] = [
    ["GET", "/"],
    ["GET", ""],
    ["GET", "/.well-known/byway?x"],
    ["GET", "/.well-known/byway/"],
    ["HEAD", "/.well-known/byway"],
    ["POST", "/.well-known/byway"],
    ["PUT", "/bytes?n=1"],
    ["GET", "target"],
    ["GET /bytes", ""],
    ["target"],
    ["CONNECT", "/", "target"],
    ["CONNECT", "/", ":hop"],
    ["CONNECT", "/bytes", "websocket"],
    ["CONNECT", "/", ""],
  ];
  for (const [method = "", path, protocol] of requests)
    assert.equal(all(method, path, protocol), "ERR_REQUEST_MALFORMED", `${method} ${path} ${protocol}`);
  assert.equal(all("CONNECT", undefined, undefined, ""), "ERR_REQUEST_TARGET");
  assert.equal(all("CONNECT", undefined, undefined, "x.byway.alt:443"), "ERR_REQUEST_TARGET");
});

test("a node without a role says so", () => {
  const none = asker(() => []);
  assert.equal(none("CONNECT"), "ERR_HOP_ROLE");
  assert.equal(none("CONNECT", undefined, undefined, `${PEER}.byway.alt:443`), "ERR_HOP_ROLE");
  assert.equal(none("CONNECT", "/", "connect-udp"), "ERR_HOP_ROLE");
  assert.equal(none("GET", "/.well-known/byway"), "ERR_REQUEST_MALFORMED");
});

test("a node that is closed serves its document only, and tells the others why", () => {
  const closed = (method: string, path?: string, protocol?: string) =>
    all(method, path, protocol, "a.example:1", CLOSED);
  assert.equal(closed("GET", "/.well-known/byway"), "document");
  const others = [
    closed("CONNECT"),
    closed("CONNECT", "/", "connect-udp"),
    closed("GET", "/bytes"),
    closed("GET", "/"),
  ];
  assert.deepEqual(new Set(others), new Set(["ERR_NODE_CLOSED"]));
});

test("two rows for one kind of request are a mistake", () => {
  const row: RequestRow = { method: "CONNECT", to: "target", serve: () => {} };
  assert.throws(() => new RequestTable([row, row]), { code: "ERR_INTERNAL" });
});
