import assert from "node:assert/strict";
import { test } from "node:test";
import { askPage } from "../../test/support/ask-page.ts";
import { json, type Page, type Principal } from "./page.ts";
import { anyText, oneOf, unfit, wholeNumber } from "./page-params.ts";

interface Words {
  readonly name: string;
  readonly count: number;
  readonly colour: "red" | "green";
}

/** Answers with all that it was asked. */
const ECHO: Page<string, Words> = {
  method: "GET",
  path: "/v1/echo/",
  params: { name: anyText, count: wholeNumber(9), colour: oneOf("red", "green") },
  principal: "local",
  answer: (shown, { params, rest, principal }) => json({ shown, params, rest, principal }),
};

const SETTING: Page<string, Readonly<Record<string, unknown>>, string> = {
  method: "PUT",
  path: "/v1/setting",
  params: {},
  body: (value) => {
    if (typeof value !== "string") throw unfit("a setting is text");
    return value;
  },
  principal: "owner",
  answer: (_shown, { body }) => json({ body }),
};

const PAGES: readonly Page<string>[] = [ECHO, SETTING, { ...SETTING, method: "DELETE" }];

async function ask(method: string, target: string, options: { body?: string; principal?: Principal } = {}) {
  const { status, body } = await askPage(PAGES, "shown", method, target, options);
  return { status, told: JSON.parse(body) };
}

test("a page gets its parameters as values, the rest of its path, and who asks", async () => {
  assert.deepEqual(await ask("GET", "/v1/echo/a%20b?count=7&colour=green&name=%C3%A9"), {
    status: 200,
    told: { shown: "shown", params: { name: "é", count: 7, colour: "green" }, rest: "a%20b", principal: "owner" },
  });
  assert.deepEqual((await ask("GET", "/v1/echo/", { principal: "local" })).told.principal, "local");
});

for (const [method, target, message] of [
  ["GET", "/v1/echo/?colour=blue", "colour is not red or green"],
  ["GET", "/v1/echo/?count=10", "count is no whole number from 1 to 9"],
  ["GET", "/v1/echo/?count=1&count=2", "the parameter count is given twice"],
  ["GET", "/v1/echo/?size=1", "there is no parameter size here"],
  ["GET", "/v1/echo/?__proto__=1", "there is no parameter __proto__ here"],
  ["GET", "/v1/echo/?toString=1", "there is no parameter toString here"],
  ["PATCH", "/v1/setting", "/v1/setting is asked for with PUT or DELETE, not PATCH"],
  ["GET", "/v1/echo", "there is no /v1/echo here"],
] as const) {
  test(`${method} ${target} is refused: ${message}`, async () => {
    const { status, told } = await ask(method, target);
    assert.deepEqual([status, told.error.code, told.error.message], [400, "ERR_CONTROL_REQUEST", message]);
  });
}

test("a page that wants more of who asks is not there for others, and neither are its methods", async () => {
  const { status, told } = await ask("PUT", "/v1/setting", { body: '"x"', principal: "local" });
  assert.deepEqual([status, told.error.message], [400, "there is no /v1/setting here"]);
});

test("a body is read from JSON where a page takes one, and judged by it; elsewhere it is not read", async () => {
  assert.deepEqual(await ask("PUT", "/v1/setting", { body: '"de"' }), { status: 200, told: { body: "de" } });
  for (const [body, message] of [
    ["{", "the body is no JSON"],
    ["", "the body is no JSON"],
    ["1", "a setting is text"],
  ] as const) {
    const { status, told } = await ask("PUT", "/v1/setting", { body });
    assert.deepEqual([status, told.error.message], [400, message]);
  }
  assert.equal((await ask("GET", "/v1/echo/")).status, 200);
});
