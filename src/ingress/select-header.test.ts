import assert from "node:assert/strict";
import { test } from "node:test";
import { startHttpTarget, startProxy } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import { parseProxyStatus } from "../wire/proxy-status.ts";
import { selectParameters } from "./select-header.ts";

test("several lines are one dictionary, and its lists are joined", () => {
  const headers = [
    "Byway-Select",
    'country=(us de), city="new york"',
    "Host",
    "x",
    "byway-select",
    "strict, session=a",
  ];
  assert.deepEqual(selectParameters(headers), [
    ["country", "us+de"],
    ["city", "new york"],
    ["strict", undefined],
    ["session", "a"],
  ]);
  assert.deepEqual(selectParameters(["Host", "x"]), []);
  assert.deepEqual(selectParameters(["byway-select", ""]), []);
  for (const bad of ["country=us;", "country: us", "city=é", "sesstime=10m", "a=1 b=2"])
    assert.throws(() => selectParameters(["byway-select", bad]), { code: "ERR_PARAMETER_VALUE" }, bad);
});

test("the header chooses for CONNECT and for a plain request, and never reaches the target", async () => {
  await using target = await startHttpTarget((request, response) => response.end(request.rawHeaders.join("|")));
  await using fixture = await startProxy();
  const fields = `Host: ${target.authority}\r\nByway-Select: country=us, hops=3\r\nbyway-select: strict, session=aB\r\nByway-Debug: 1\r\n`;
  const expected = { countries: ["us"], hops: 3, strict: true, session: "aB" };

  using plain = await RawClient.connect(fixture.address);
  const heard = await plain
    .send(`GET http://${target.authority}/ HTTP/1.1\r\n${fields}Connection: close\r\n\r\n`)
    .hear(/Host\|/);
  assert.doesNotMatch(heard.slice(heard.indexOf("\r\n\r\n")), /byway-select|byway-debug/i);

  using connect = await RawClient.connect(fixture.address);
  await connect.send(`CONNECT ${target.authority} HTTP/1.1\r\n${fields}\r\n`).hear(/^HTTP\/1\.1 200 /);
  assert.deepEqual(
    fixture.opener.requests.map(({ constraints }) => constraints),
    [expected, expected],
  );
});

test("a header that is malformed, unknown or contradicts the user name is refused with 400", async () => {
  await using fixture = await startProxy();
  const userName = `Proxy-Authorization: Basic ${btoa("country-us:")}\r\n`;
  const table = [
    ["Byway-Select: country=\r\n", "dictionary"],
    ["Byway-Select: contry=us\r\n", "contry"],
    [`${userName}Byway-Select: country=de\r\n`, "country"],
    ["Byway-Select: hops=1, preset=private\r\n", "private"],
  ] as const;
  for (const [fields, named] of table) {
    using client = await RawClient.connect(fixture.address);
    const heard = await client.send(`CONNECT a.test:80 HTTP/1.1\r\n${fields}\r\n`).hear(/\r\n\r\n/);
    assert.match(heard, /^HTTP\/1\.1 400 /);
    const [status] = parseProxyStatus(/^Proxy-Status: (.*)\r$/m.exec(heard)?.[1] ?? "");
    assert.ok(status?.details?.includes(named), heard);
  }
  assert.equal(fixture.opener.requests.length, 0);
});
