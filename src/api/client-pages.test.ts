import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { askPage } from "../../test/support/ask-page.ts";
import { makeControl } from "../../test/support/control-fixture.ts";
import { EXPLAINED } from "../../test/support/explained.ts";
import type { SearchReport } from "../dispatch/search-memory.ts";
import { noNodeError } from "../routing/no-node.ts";
import { CLIENT_PAGES } from "./client-pages.ts";
import { API_LIMITS } from "./limits.ts";

const searches = (): SearchReport => ({ begun: 5, vain: 4, spared: 2_995 });

async function ask(t: TestContext, target: string, { method = "GET", requests = 0 } = {}) {
  const { log } = makeControl(t);
  for (let n = 0; n < requests; n++) {
    const text = "\u0001".repeat(1_000);
    const fields = { user: text, listener: text, protocol: "tcp", constraints: text } as const;
    log.begin({ ...fields, target: { host: text, port: 1 } });
  }
  const { status, body } = await askPage(CLIENT_PAGES, { log, pick: () => EXPLAINED, searches }, method, target);
  assert.ok(Buffer.byteLength(body) <= API_LIMITS.controlAnswerBytes.value);
  return { status, body: JSON.parse(body) as unknown };
}

for (const [target, status, code, message] of [
  ["/", 400, "ERR_CONTROL_REQUEST", /there is no \/ here/],
  ["/v1/requests/AAAAAAAAAAAA", 404, "ERR_REQUEST_UNKNOWN", /no request AAAAAAAAAAAA is known/],
  ["/v1/requests/", 404, "ERR_REQUEST_UNKNOWN", /no request/],
  ["/v1/requests/..%2f..%2fetc%2fpasswd", 404, "ERR_REQUEST_UNKNOWN", /no request/],
  ["/v1/requests/__proto__", 404, "ERR_REQUEST_UNKNOWN", /no request/],
  [`/v1/requests/${"A".repeat(9_000)}`, 404, "ERR_REQUEST_UNKNOWN", /^no request A{32} is known$/],
  ["/v1/../../etc/passwd", 400, "ERR_CONTROL_REQUEST", /there is no \/etc\/passwd here/],
  ["//v1/requests", 400, "ERR_CONTROL_REQUEST", /here|read/],
  ["http://elsewhere/v1/requests", 400, "ERR_CONTROL_REQUEST", /cannot be read/],
  ["*", 400, "ERR_CONTROL_REQUEST", /cannot be read/],
  ["/v1/requests?limit=0", 400, "ERR_CONTROL_REQUEST", /limit is no whole number from 1 to 1000/],
  ["/v1/requests?limit=1001", 400, "ERR_CONTROL_REQUEST", /limit/],
  ["/v1/requests?limit=1e2", 400, "ERR_CONTROL_REQUEST", /limit/],
  ["/v1/requests?limit=", 400, "ERR_CONTROL_REQUEST", /limit/],
  ["/v1/requests?limit=1&limit=2", 400, "ERR_CONTROL_REQUEST", /limit is given twice/],
  ["/v1/requests?limmit=1", 400, "ERR_CONTROL_REQUEST", /no parameter limmit/],
  ["/v1/pick?port=65536", 400, "ERR_CONTROL_REQUEST", /port/],
  ["/v1/pick?protocol=icmp", 400, "ERR_CONTROL_REQUEST", /protocol/],
  ["/v1/pick?select=nonsense%3D1", 400, "ERR_PARAMETER_UNKNOWN", /nonsense/],
] as const) {
  test(`GET ${target.slice(0, 60)} is refused with ${code}`, async (t) => {
    const { status: given, body } = await ask(t, target);
    const { error } = body as { error: { code: string; message: string; remedy: string } };
    assert.equal(error.code, code);
    assert.equal(given, status);
    assert.match(error.message, message);
    assert.ok(error.remedy.length > 0);
  });
}

test("another method than GET is refused", async (t) => {
  assert.equal((await ask(t, "/v1/requests", { method: "POST" })).status, 400);
});

test("a pick is asked with all that the query says", async (t) => {
  const { server: _, log, asked } = makeControl(t);
  const answer = await askPage(
    CLIENT_PAGES,
    {
      log,
      searches,
      pick: (query) => {
        asked.push(query);
        return EXPLAINED;
      },
    },
    "GET",
    "/v1/pick?select=country%3Dus%2C+hops%3D3&port=443&protocol=udp",
  );
  assert.deepEqual(JSON.parse(answer.body), { explanation: EXPLAINED });
  assert.deepEqual(asked, [{ constraints: { countries: ["us"], hops: 3 }, port: 443, protocol: "udp" }]);
});

test("a pick that no node fits is 503 with its funnel; any other failure of a pick is told too", async (t) => {
  const { log } = makeControl(t);
  const funnel = [{ left: 0, what: "nodes" }];
  const none = await askPage(
    CLIENT_PAGES,
    {
      log,
      searches,
      pick: () => {
        throw noNodeError("any request", funnel);
      },
    },
    "GET",
    "/v1/pick",
  );
  assert.equal(none.status, 503);
  assert.deepEqual(JSON.parse(none.body).error.data.funnel, funnel);
  const broken = await askPage(
    CLIENT_PAGES,
    {
      log,
      searches,
      pick: () => {
        throw new TypeError("a bug");
      },
    },
    "GET",
    "/v1/pick",
  );
  assert.equal(broken.status, 500);
  assert.equal(JSON.parse(broken.body).error.code, "ERR_INTERNAL");
});

test("searches of the network are counted", async (t) => {
  assert.deepEqual(await ask(t, "/v1/searches"), { status: 200, body: { searches: searches() } });
});

test("a list that would be too long leaves out the oldest", async (t) => {
  const { status, body } = await ask(t, "/v1/requests", { requests: 1_000 });
  const { requests } = body as { requests: readonly object[] };
  assert.equal(status, 200);
  assert.ok(requests.length > 500 && requests.length < 1_000, `${requests.length}`);
});
