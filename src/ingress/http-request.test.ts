import assert from "node:assert/strict";
import { test } from "node:test";
import { inOneGo } from "../../test/support/in-one-go.ts";
import { parseRequestHead, type RequestHead } from "../http1/request-head.ts";
import { checkMessage, parseAbsoluteForm, sentCredentials } from "./http-request.ts";

/** More than any head may have: a look for each byte would take far longer than one. */
const LONG = 1_000_000;

function head(...lines: readonly string[]): RequestHead {
  return parseRequestHead(["GET http://a/ HTTP/1.1", ...lines]);
}

test("credentials are read whatever blanks stand around them", () => {
  for (const field of ["Basic YTpi", "basic   YTpi", "BASIC YTpi \t ", "\t Basic YTpi"])
    assert.deepEqual(sentCredentials(head(`Proxy-Authorization: ${field}`)), { userName: "a", password: "b" }, field);
  assert.equal(sentCredentials(head("Host: a")), undefined);
  for (const field of ["Basic YT pi", "Basic YTpi x", "Basic", "Basic\tYTpi", "Bearer YTpi"])
    assert.throws(() => sentCredentials(head(`Proxy-Authorization: ${field}`)), { code: "ERR_CREDENTIALS" }, field);
});

test("who is nobody yet cannot keep the proxy busy with a long row of anything", () => {
  for (const row of [" ", "\t", "a", "=", ":", ",", "a ", "YTpi ", "/", ".", "%", "[", "-", "_"]) {
    const long = row.repeat(LONG / row.length);
    const what = JSON.stringify(row);
    for (const value of [`Basic${long}!`, `Basic ${long}!`, `Basic a${long}!`, `Basic =${long}!`, `${long}!`]) {
      const sent = head(`Proxy-Authorization: ${value}`);
      inOneGo(() => assert.throws(() => sentCredentials(sent), { code: "ERR_CREDENTIALS" }), `credentials of ${what}`);
    }
    inOneGo(() => checkMessage(head("Host: a", `Via: ${long}`)), `Via of ${what}`);
    if (/\s/.test(row)) continue;
    for (const target of [`http://${long}!`, `http://a${long}:x`, `x${long}`]) {
      const request = parseRequestHead([`GET ${target} HTTP/1.1`]);
      inOneGo(() => {
        try {
          parseAbsoluteForm(request);
        } catch {
          // Only the time counts here.
        }
      }, `a target of ${what}`);
    }
  }
});
