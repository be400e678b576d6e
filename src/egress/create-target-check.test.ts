import assert from "node:assert/strict";
import { test } from "node:test";
import { startDnsServer } from "../../test/support/dns-server.ts";
import { systemClock } from "../core/clock.ts";
import { silentLogger } from "../core/logger.ts";
import { parseAuthority } from "../wire/authority.ts";
import type { ListMatcher } from "./blocklist/list-match.ts";
import { createTargetCheck } from "./create-target-check.ts";

const lists: ListMatcher = {
  matchName: (name) => (name === "listed.example" ? { list: "names", entry: "listed.example" } : undefined),
  matchAddress: (address) => (address === "9.9.9.66" ? { list: "drop", entry: "9.9.9.64/26" } : undefined),
};

test("a target is judged by allow-targets, lists, guard and rules, each in its turn", async (t) => {
  const dns = await startDnsServer([
    { name: "good.example", type: "A", data: "9.9.9.9" },
    { name: "mixed.example", type: "A", data: "9.9.9.9" },
    { name: "mixed.example", type: "AAAA", data: "2a00::1" },
    { name: "home.example", type: "A", data: "192.168.1.1" },
    { name: "drop.example", type: "A", data: "9.9.9.66" },
    { name: "shop.example", type: "A", data: "9.9.9.9" },
  ]);
  t.after(() => dns.stop());
  const options = {
    policy: ["reject *6:443", "reject =shop.example:443", "accept web-only", "accept udp *:53"],
    allowTargets: [{ host: "127.0.0.1", port: 25 }],
    dnsServers: [dns.address],
  };
  const { check, stop } = await createTargetCheck(
    { clock: systemClock, logger: silentLogger, lists },
    { ...options, resolves: true },
  );
  t.after(stop);
  const unresolved = await createTargetCheck(
    { clock: systemClock, logger: silentLogger },
    { ...options, resolves: false },
  );
  const { signal } = new AbortController();
  for (const [authority, protocol, by, code] of [
    ["good.example:443", "tcp", "rule 3", undefined],
    ["GOOD.example.:443", "tcp", "rule 3", undefined],
    ["mixed.example:443", "tcp", "rule 1", "ERR_POLICY_TARGET"],
    ["mixed.example:80", "tcp", "rule 3", undefined],
    ["shop.example:443", "tcp", "rule 2", "ERR_POLICY_TARGET"],
    ["www.shop.example:25", "tcp", "no rule", "ERR_POLICY_PORT"],
    ["good.example:53", "tcp", "no rule", "ERR_POLICY_PORT"],
    ["good.example:53", "udp", "rule 4", undefined],
    ["listed.example:443", "tcp", "list names", "ERR_POLICY_LISTED"],
    ["drop.example:443", "tcp", "list drop", "ERR_POLICY_LISTED"],
    ["9.9.9.66:443", "tcp", "list drop", "ERR_POLICY_LISTED"],
    ["home.example:80", "tcp", "guard", "ERR_TARGET_PROHIBITED"],
    ["0x7f.1:80", "tcp", "guard", "ERR_TARGET_PROHIBITED"],
    ["localhost:80", "tcp", "guard", "ERR_TARGET_PROHIBITED"],
    ["[::ffff:7f00:1]:80", "tcp", "guard", "ERR_TARGET_PROHIBITED"],
    ["127.1:25", "tcp", "allow-targets", undefined],
  ] as const) {
    const { decision } = await check.judge(parseAuthority(authority), protocol, signal);
    assert.deepEqual([decision?.by, decision?.refusal?.code], [by, code], authority);
    if (code !== undefined) assert.equal(decision?.refusal?.data.by, by, authority);
  }
  const mixed = parseAuthority("mixed.example:443");
  assert.equal((await unresolved.check.judge(mixed, "tcp", signal)).decision, undefined);
  const asked = dns.queries.map((query) => query.split("/")[0]);
  for (const name of ["listed.example", "www.shop.example", "shop.example"]) {
    assert.equal(asked.includes(name), false, `${name} was looked up in vain`);
  }
});
