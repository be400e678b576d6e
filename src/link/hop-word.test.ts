import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ERROR_TABLE, type ErrorCode } from "../core/error-table.ts";
import { errorFromAnswer } from "./answer.ts";
import { SAYABLE, type Toward } from "./hop-word.ts";

/** Codes that no hop may say. A new code goes here, or into `SAYABLE` and docs/protocol.md §2.4. */
const NOT_A_HOPS_TO_SAY: readonly ErrorCode[] = [
  "ERR_USAGE_ARGUMENT",
  "ERR_PARAMETER_UNKNOWN",
  "ERR_PARAMETER_VALUE",
  "ERR_PARAMETER_CONFLICT",
  "ERR_CREDENTIALS",
  "ERR_REQUEST_MALFORMED",
  "ERR_REQUEST_TOO_LARGE",
  "ERR_REQUEST_TIMEOUT",
  "ERR_REQUEST_TARGET",
  "ERR_REQUEST_LOOP",
  "ERR_PAGE_UNKNOWN",
  "ERR_SOCKS_COMMAND",
  "ERR_SOCKS_ADDRESS_TYPE",
  "ERR_CONFIG_FILE",
  "ERR_CONFIG_UNKNOWN_KEY",
  "ERR_CONFIG_VALUE",
  "ERR_CONFIG_EXPOSED",
  "ERR_LISTEN_IN_USE",
  "ERR_LISTEN_ADDRESS",
  "ERR_LISTEN_PERMISSION",
  "ERR_LOOPBACK",
  "ERR_DATA_DIRECTORY",
  "ERR_TEMPORARY_DIRECTORY",
  "ERR_KEY_FILE",
  "ERR_PEER_FILE",
  "ERR_OUTPUT",
  "ERR_CONTROL",
  "ERR_REQUEST_UNKNOWN",
  "ERR_CONTROL_REQUEST",
  "ERR_BLOCKLIST",
  "ERR_CLOCK_OFF",
  "ERR_LOG_FLAW",
  "ERR_LOCAL_LIMIT",
  "ERR_WORKER",
  "ERR_STOPPED",
  "ERR_ABORTED",
  // What planning, sessions and the book of this client find.
  "ERR_NO_NODE",
  "ERR_SESSION_EXIT",
  "ERR_SESSION_ENDED",
  "ERR_ADVERTISEMENT_OLD",
  "ERR_ADVERTISEMENT_EQUIVOCATION",
  "ERR_ADVERTISEMENT_QUOTA",
  "ERR_DIRECTORY_MESSAGE",
  "ERR_NETWORK_FILE",
  "ERR_NETWORK_UNREACHABLE",
  "ERR_PEER_UNREACHABLE",
  "ERR_PEER_ANSWER",
  "ERR_PEER_UNKNOWN",
  "ERR_STORE",
  "ERR_GEO_DATA",
  // What this client's own handshakes and links find.
  "ERR_HOP_TLS",
  "ERR_HOP_CLASSICAL",
  "ERR_HOP_IDENTITY",
  "ERR_HOP_PROTOCOL",
  "ERR_HOP_LOST",
  "ERR_TARGET_PROTOCOL",
  "ERR_STREAM_STALLED",
  "ERR_USER_LIMIT",
  "ERR_USER_NAME",
  "ERR_DESCRIPTORS",
  "ERR_INTERNAL",
];

const TOWARDS: readonly Toward[] = ["hop", "target", "node"];
const CODES = Object.keys(ERROR_TABLE) as readonly ErrorCode[];

test("each code is one that a hop may say or one that none may", () => {
  const sayable = new Set([...SAYABLE.hop, ...SAYABLE.target]);
  const judged = [...sayable, ...NOT_A_HOPS_TO_SAY].sort();
  assert.deepEqual(judged, [...CODES].sort(), "list a new code in SAYABLE or among those that no hop may say");
});

test("a hop is believed for the codes that are its to say, and for no other", () => {
  for (const toward of TOWARDS) {
    const other = toward === "target" ? "ERR_HOP_PROTOCOL" : "ERR_HOP_UNREACHABLE";
    for (const code of CODES) {
      const read = errorFromAnswer({ ":status": "502", "byway-error": code }, toward).code;
      assert.equal(read, SAYABLE[toward].has(code) ? code : other, `${code} toward a ${toward}`);
    }
    for (const lie of ["__proto__", "toString", "", "err_target_refused", "ERR_TARGET_REFUSED, ERR_TARGET_REFUSED"])
      assert.equal(errorFromAnswer({ ":status": "502", "byway-error": lie }, toward).code, other, lie);
  }
});

test("the protocol's page lists the same codes", () => {
  const page = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| (a target|a next hop|either) \| (`ERR_[^|]*) \|$/gm)];
  const said = (...of: readonly (string | undefined)[]): readonly string[] =>
    rows
      .flatMap(([, what, codes = ""]) => (of.includes(what) ? [...codes.matchAll(/ERR_[A-Z_]+/g)] : []))
      .map(String)
      .sort();
  assert.deepEqual(said("either", "a target"), [...SAYABLE.target].sort());
  assert.deepEqual(said("either", "a next hop"), [...SAYABLE.hop].sort());
  assert.deepEqual(said("either"), [...SAYABLE.node].sort());
});
