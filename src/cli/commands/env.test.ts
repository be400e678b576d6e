import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { Credentials } from "../../ingress/credentials.ts";
import { shellQuote } from "../shell-quote.ts";
import { proxyVariables } from "./env.ts";

test("the variables come in both cases", () => {
  assert.deepEqual(proxyVariables({ host: "127.0.0.1", port: 1080 }, undefined), {
    http_proxy: "http://auto:x@127.0.0.1:1080",
    HTTP_PROXY: "http://auto:x@127.0.0.1:1080",
    https_proxy: "http://auto:x@127.0.0.1:1080",
    HTTPS_PROXY: "http://auto:x@127.0.0.1:1080",
    all_proxy: "http://auto:x@127.0.0.1:1080",
    ALL_PROXY: "http://auto:x@127.0.0.1:1080",
    no_proxy: "localhost,127.0.0.1,::1",
    NO_PROXY: "localhost,127.0.0.1,::1",
    NODE_USE_ENV_PROXY: "1",
  });
});

test("a listener on every address is reached by loopback, IPv6 in brackets, credentials percent-encoded", () => {
  const user = { name: "a:b", password: "c@d/e" };
  assert.equal(proxyVariables({ host: "0.0.0.0", port: 1 }, user).http_proxy, "http://a%3Ab:c%40d%2Fe@127.0.0.1:1");
  assert.equal(proxyVariables({ host: "::", port: 1 }, undefined).all_proxy, "http://auto:x@[::1]:1");
});

test("parameters stand in the user name, in a form that reads as what was asked for", () => {
  const listen = { host: "127.0.0.1", port: 1 };
  const user = { name: "alice", password: "p" };
  const table = [
    [undefined, { countries: ["de"], session: "a1" }, "country-de-session-a1:x"],
    [undefined, { countries: ["de", "nl"], cities: ["new york"], strict: true, session: "s" }, undefined],
    [user, { hops: 3 }, "user-alice-hops-3:p"],
    [user, { isps: ["at&t"] }, undefined],
    [user, {}, "alice:p"],
  ] as const;
  for (const [who, constraints, expected] of table) {
    const url = new URL(proxyVariables(listen, who, constraints).http_proxy ?? "");
    const [userName, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
    if (expected !== undefined) assert.equal(`${userName}:${password}`, expected);
    const read = new Credentials(who === undefined ? [] : [who]).check({ userName, password });
    assert.deepEqual(read, { user: who?.name ?? "", constraints, ignored: [] }, userName);
  }
});

test("a shell reads a quoted word as it was", () => {
  const words = fc.sample(
    fc.array(fc.constantFrom("'", '"', "$", "`", "\\", " ", "!", "*", "a", ";", "~"), { minLength: 1 }),
    50,
  );
  const texts = words.map((parts) => parts.join(""));
  const script = texts.map((text) => `printf '%s\\0' ${shellQuote(text)}`).join("\n");
  const read = execFileSync("/bin/sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1);
  assert.deepEqual(read, texts);
});
