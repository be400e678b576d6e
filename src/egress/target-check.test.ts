import assert from "node:assert/strict";
import { test } from "node:test";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError } from "../core/errors.ts";
import { parseIp } from "../core/ip-address.ts";
import { nat64PrefixesOf, translated } from "../geo/nat64.ts";
import { parseAuthority } from "../wire/authority.ts";
import { AddressGuard } from "./address-guard.ts";
import type { ListMatcher } from "./blocklist/list-match.ts";
import { wellKnownInside } from "./nat64-watch.ts";
import { ExitPolicy } from "./policy/exit-policy.ts";
import { parsePolicy } from "./policy/parse-policy.ts";
import { TargetCheck } from "./target-check.ts";

const lists: ListMatcher = {
  matchName: () => undefined,
  matchAddress: (address) => (address === "9.9.9.66" ? { list: "drop", entry: "9.9.9.66/32" } : undefined),
};
/** Prefixes of networks: one that is public, and one of their own addresses. */
const PREFIXES = ["2a00:64:64::192.0.0.170", "fd00:64::192.0.0.170"].flatMap(nat64PrefixesOf);

function inside(ip: string): readonly string[] {
  const bytes = parseIp(ip)?.bytes ?? new Uint8Array();
  return [...wellKnownInside(ip), ...PREFIXES.flatMap((prefix) => translated(bytes, prefix) ?? [])];
}

function check(rules: readonly string[], answers: readonly string[] = []): TargetCheck {
  const guard = new AddressGuard({
    local: () => ({ addresses: [], gateways: [], prefixes: [] }),
    listeners: () => [{ host: "7.7.7.7", port: 4433 }],
    inside,
  });
  const policy = new ExitPolicy(parsePolicy(rules), lists, inside);
  return new TargetCheck({ guard, policy, resolver: { resolve: async () => answers } });
}

test("what a translating resolver adds to a name is dialled if it may be, and never refuses the name", async (t) => {
  const all = ["accept *:443"];
  const cases: readonly {
    readonly rules?: readonly string[];
    readonly answers: readonly string[];
    /** What may be dialled; undefined where the name is refused. */
    readonly dialled: readonly string[] | undefined;
    readonly by?: string;
  }[] = [
    { answers: ["64:ff9b::1.1.1.1", "1.1.1.1"], dialled: ["1.1.1.1", "64:ff9b::1.1.1.1"] },
    { answers: ["2a00:64:64::1.1.1.1", "1.1.1.1"], dialled: ["1.1.1.1", "2a00:64:64::1.1.1.1"] },
    // The network's own addresses stay closed, whatever a name server says of them.
    { answers: ["fd00:64::1.1.1.1", "1.1.1.1"], dialled: ["1.1.1.1"] },
    { rules: ["accept *4:443"], answers: ["64:ff9b::1.1.1.1", "1.1.1.1"], dialled: ["1.1.1.1"] },
    {
      answers: ["64:ff9b::1.1.1.1", "1.1.1.1", "2606:4700::1"],
      dialled: ["1.1.1.1", "2606:4700::1", "64:ff9b::1.1.1.1"],
    },
    // Beside no answer that it stands for, each is one of its own.
    { answers: ["64:ff9b::1.1.1.1"], dialled: ["64:ff9b::1.1.1.1"] },
    { answers: ["64:ff9b::10.0.0.1", "1.1.1.1"], dialled: undefined, by: "guard" },
    { answers: ["2a00:64:64::10.0.0.1", "1.1.1.1"], dialled: undefined, by: "guard" },
    { answers: ["fd00:64::1.1.1.2", "1.1.1.1"], dialled: undefined, by: "guard" },
    { answers: ["64:ff9b::10.0.0.1", "10.0.0.1"], dialled: undefined, by: "guard" },
    { answers: ["64:ff9b::7.7.7.7"], dialled: undefined, by: "guard" },
    { answers: ["64:ff9b::9.9.9.66", "9.9.9.66"], dialled: undefined, by: "list drop" },
    { answers: ["64:ff9b::9.9.9.66"], dialled: undefined, by: "list drop" },
    { answers: ["64:ff9b:1::1.1.1.1", "1.1.1.1"], dialled: undefined, by: "guard" },
    { rules: ["reject 1.1.1.0/24:*", ...all], answers: ["2a00:64:64::1.1.1.1"], dialled: undefined, by: "rule 1" },
  ];
  for (const { rules = all, answers, dialled, by } of cases) {
    const judged = await check(rules, answers.map(canonical)).judge(parseAuthority("a.example:443"), "tcp", t.signal);
    const what = answers.join(" ");
    assert.equal(judged.decision?.refusal === undefined, dialled !== undefined, what);
    if (dialled === undefined) assert.equal(judged.decision?.by, by, what);
    else assert.deepEqual(judged.addresses, dialled.map(canonical), what);
  }
});

test("an address that stands for another is judged by the rules and lists about both", async (t) => {
  const rules = ["reject 1.1.1.0/24:*", "reject [2a00:64:64::]/96:80", "accept *:80,443"];
  for (const [target, by] of [
    ["[64:ff9b::1.1.1.1]:443", "rule 1"],
    ["[2a00:64:64::1.1.1.1]:443", "rule 1"],
    ["[2a00:64:64::8.8.8.8]:80", "rule 2"],
    ["[64:ff9b::9.9.9.66]:443", "list drop"],
    ["[2a00:64:64::9.9.9.66]:443", "list drop"],
    ["[64:ff9b::192.168.1.1]:443", "guard"],
    ["[64:ff9b::8.8.8.8]:443", "rule 3"],
    ["[2a00:64:64::8.8.8.8]:443", "rule 3"],
    ["[2a00:64:65::1.1.1.1]:443", "rule 3"],
  ] as const) {
    const { decision } = await check(rules).judge(parseAuthority(target), "udp", t.signal);
    assert.equal(decision?.by, by, target);
    assert.equal(decision?.refusal === undefined, by === "rule 3", target);
  }
});

/** As a resolver writes it. */
function canonical(ip: string): string {
  return new URL(`http://${ip.includes(":") ? `[${ip}]` : ip}`).hostname.replace(/^\[(.*)\]$/, "$1");
}

test("a failed look-up hides nothing that is decided without it, if the one who asks wants to know that", async (t) => {
  const guard = new AddressGuard({ local: () => ({ addresses: [], gateways: [], prefixes: [] }), listeners: () => [] });
  const judge = (rules: readonly string[], code: ErrorCode, toleratesLookup = true) => {
    const resolve = () => Promise.reject(new BywayError(code, "no answer"));
    const policy = new ExitPolicy(parsePolicy(rules));
    const targets = new TargetCheck({ guard, policy, resolver: { resolve }, toleratesLookup });
    return targets.judge({ host: "a.example", port: 443 }, "tcp", t.signal);
  };
  for (const code of ["ERR_TARGET_NAME", "ERR_TARGET_NAME_TIMEOUT"] as const) {
    const { decision, unresolved, addresses } = await judge(["accept *:443"], code);
    assert.deepEqual([decision?.refusal, decision?.by, addresses], [undefined, "rule 1", []]);
    assert.equal(unresolved?.code, code);
    // An exit cannot dial what has no address.
    await assert.rejects(judge(["accept *:443"], code, false), { code });
    await assert.rejects(judge(["reject *6:443", "accept *:443"], code), { code });
    const refused = await judge(["reject *:443"], code);
    assert.deepEqual([refused.decision?.refusal?.code, refused.unresolved], ["ERR_POLICY_PORT", undefined]);
  }
  await assert.rejects(judge(["accept *:443"], "ERR_ABORTED"), { code: "ERR_ABORTED" });
  const targets = new TargetCheck({
    ...{ guard, policy: new ExitPolicy(parsePolicy(["accept *:443"])), toleratesLookup: true },
    resolver: { resolve: async () => [] },
  });
  const empty = await targets.judge({ host: "a.example", port: 443 }, "tcp", t.signal);
  assert.equal(empty.unresolved?.message, "a.example has no address");
});
