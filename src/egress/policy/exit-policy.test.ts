import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { parseIp } from "../../core/ip-address.ts";
import { normaliseHost } from "../../wire/authority.ts";
import { isInPortRanges } from "../../wire/port-range.ts";
import type { ListMatcher } from "../blocklist/list-match.ts";
import { ExitPolicy } from "./exit-policy.ts";
import { parsePolicy } from "./parse-policy.ts";
import type { PolicyDecision, PolicyQuestion } from "./policy-decision.ts";
import { DEFAULT_POLICY } from "./policy-rule.ts";

function policy(...lines: readonly string[]): ExitPolicy {
  return new ExitPolicy(parsePolicy(lines));
}

/** What is decided of a name with one public address, as a client would spell it. */
function of(
  rules: ExitPolicy,
  host: string,
  port: number,
  protocol: "tcp" | "udp" = "tcp",
): PolicyDecision | undefined {
  const one = normaliseHost(host);
  const isAddress = parseIp(one) !== undefined;
  const target = isAddress ? { addresses: [one] } : { name: one, addresses: ["9.9.9.9"] };
  return rules.decide({ protocol, port, ...target });
}

suite("the default policy", () => {
  const rules = policy(...DEFAULT_POLICY);

  test("closes mail and what Tor's reduced exit policy leaves out, for both protocols", () => {
    for (const protocol of ["tcp", "udp"] as const) {
      for (const port of [25, 465, 587, 2525, 19, 119, 135, 139, 445, 1214, 1433, 4662, 6346, 6881, 27_017, 65_535]) {
        const decision = of(rules, "example.com", port, protocol);
        assert.equal(decision?.refusal?.code, "ERR_POLICY_PORT", `${protocol} ${port}`);
      }
      for (const port of [20, 22, 53, 80, 443, 749, 995, 5222, 6667, 8080, 8443, 9418, 64_738]) {
        assert.equal(of(rules, "example.com", port, protocol)?.refusal, undefined, `${protocol} ${port}`);
      }
    }
    assert.equal(rules.opensBitTorrent, false);
  });

  test("says which rule decided, in words of ours", () => {
    assert.deepEqual(of(rules, "example.com", 25)?.refusal?.data, { by: "rule 1" });
    assert.equal(of(rules, "example.com", 25)?.text, "reject *:mail");
    assert.equal(of(rules, "example.com", 443)?.by, "rule 2");
    assert.deepEqual(of(rules, "secret.example", 24)?.refusal?.data, { by: "no rule" });
  });
});

suite("names", () => {
  for (const [rule, matches, others] of [
    [
      "reject example.com:*",
      ["example.com", "EXAMPLE.COM.", "a.example.com", "a.b.Example.com", "ｅｘａｍｐｌｅ。com"],
      ["notexample.com", "example.com.evil.org", "example.org", "com", "9.9.9.9"],
    ],
    ["reject =example.com:*", ["example.com", "example.com."], ["a.example.com", "notexample.com"]],
    ["reject *.example.com:*", ["a.example.com", "a.b.example.com."], ["example.com", "notexample.com"]],
    [
      "reject bücher.example:*",
      ["BÜCHER.example", "xn--bcher-kva.example", "XN--BCHER-KVA.EXAMPLE.", "a.bu\u0308cher.example"],
      ["bucher.example"],
    ],
    ["reject com:*", ["com", "example.com", "com."], ["example.org", "com.org"]],
    ["reject 1.2.3.0/24:*", ["1.2.3.4", "1.2.772", "0x1020304", "16909060"], ["1.2.4.1", "2001:db8::1"]],
    ["reject [2001:db8::]/32:*", ["2001:db8::1", "2001:0DB8:0::1", "[2001:db8:ffff::]"], ["2001:db9::", "1.2.3.4"]],
    ["reject *4:*", ["1.2.3.4", "example.com"], ["2001:db8::1"]],
    ["reject *6:*", ["2001:db8::1"], ["1.2.3.4", "example.com"]],
    ["reject 0.0.0.0/0:*", ["1.2.3.4", "255.255.255.254"], ["2001:db8::1"]],
  ] as const) {
    test(`${rule} is about what it says and nothing else`, () => {
      const rules = policy(rule, "accept *:*");
      for (const host of matches) assert.equal(of(rules, host, 80)?.by, "rule 1", host);
      for (const host of others) assert.equal(of(rules, host, 80)?.by, "rule 2", host);
    });
  }
});

suite("a target with several addresses", () => {
  const rules = policy("reject 1.2.3.0/24:*", "accept web-only");
  const asked = { protocol: "tcp", name: "mixed.example", port: 443 } as const;

  test("is refused when one of them is", () => {
    assert.equal(rules.decide({ ...asked, addresses: ["9.9.9.9", "2001:db8::1"] })?.refusal, undefined);
    const decision = rules.decide({ ...asked, addresses: ["9.9.9.9", "1.2.3.4"] });
    assert.equal(decision?.by, "rule 1");
    assert.equal(decision?.refusal?.code, "ERR_POLICY_TARGET");
    assert.doesNotMatch(decision?.refusal?.message ?? "", /1\.2\.3/, "a client is not told what a name resolves to");
  });

  test("is decided before the look-up where none of them could change it", () => {
    assert.equal(rules.decide(asked), undefined);
    assert.equal(rules.decide({ ...asked, port: 25 })?.by, "no rule");
    assert.equal(
      policy("accept example:80", "reject *4:80").decide({ ...asked, name: "a.example", port: 80 })?.by,
      "rule 1",
    );
    assert.equal(policy("accept 9.9.9.9:25").decide({ ...asked, port: 25 }), undefined);
  });
});

suite("a refusal", () => {
  test("is of the port only where no host is accepted at it", () => {
    const rules = policy("accept example.com:443", "accept *4:80", "reject *:22", "accept *:22", "accept *6:*");
    const port = (decision: PolicyDecision | undefined): string | undefined => decision?.refusal?.code;
    assert.equal(port(of(rules, "example.org", 443)), "ERR_POLICY_TARGET");
    assert.equal(port(of(rules, "2001:db8::1", 22)), "ERR_POLICY_PORT");
    assert.equal(port(of(rules, "9.9.9.9", 8080)), "ERR_POLICY_TARGET");
    assert.equal(port(of(policy("accept udp *:53"), "9.9.9.9", 53)), "ERR_POLICY_PORT");
    assert.equal(of(policy("accept udp *:53"), "9.9.9.9", 53, "udp")?.refusal, undefined);
  });
});

suite("blocklists", () => {
  const lists: ListMatcher = {
    matchName: (name) => (name.endsWith("bad.example") ? { list: "hosts", entry: "bad.example" } : undefined),
    matchAddress: (address) => (address === "9.9.9.9" ? { list: "drop", entry: "9.9.9.0/24" } : undefined),
  };
  const rules = new ExitPolicy(parsePolicy(["accept *:*"]), lists);
  const asked = { protocol: "tcp", port: 443 } as const;

  test("win over the rules, by name before any look-up and by address after it", () => {
    const named = rules.decide({ ...asked, name: "a.bad.example" });
    assert.equal(named?.refusal?.code, "ERR_POLICY_LISTED");
    assert.deepEqual(named?.refusal?.data, { by: "list hosts" });
    assert.equal(named?.text, "bad.example");
    assert.equal(rules.decide({ ...asked, name: "good.example" }), undefined);
    const addressed = rules.decide({ ...asked, name: "good.example", addresses: ["8.8.8.8", "9.9.9.9"] });
    assert.equal(addressed?.by, "list drop");
    assert.equal(rules.decide({ ...asked, addresses: ["9.9.9.9"] })?.by, "list drop");
    assert.equal(rules.decide({ ...asked, name: "good.example", addresses: ["8.8.8.8"] })?.refusal, undefined);
    const both = rules.decide({ ...asked, name: "bad.example", addresses: ["9.9.9.9"] });
    assert.equal(both?.by, "list hosts");
  });
});

suite("accepted ports", () => {
  test("are those at which a target that no rule names is accepted", () => {
    const rules = policy(
      "accept example.com:25",
      "reject 1.2.3.0/24:*",
      "reject *:443",
      "accept tcp *:80,440-445",
      "accept udp *4:53",
    );
    assert.deepEqual(rules.acceptedPorts("tcp"), [
      { first: 80, last: 80 },
      { first: 440, last: 442 },
      { first: 444, last: 445 },
    ]);
    assert.deepEqual(rules.acceptedPorts("udp"), [{ first: 53, last: 53 }]);
    assert.deepEqual(policy().acceptedPorts("tcp"), []);
    assert.deepEqual(policy("accept *6:80").acceptedPorts("tcp"), [{ first: 80, last: 80 }]);
    assert.deepEqual(policy("accept *:*").acceptedPorts("udp"), [{ first: 1, last: 65_535 }]);
  });

  test("are told of 64 ranges, and so of fewer ports and never of more", () => {
    const odd = Array.from({ length: 500 }, (_, at) => at * 2 + 1);
    const ranges = policy(`accept *:${odd.join(",")}`).acceptedPorts("tcp");
    assert.equal(ranges.length, 64);
    assert.equal(ranges.at(-1)?.last, 127);
  });
});

/*
 * The oracle: the grammar's sentence, read anew for each question. It takes rules apart as text and addresses as numbers.
 */
function oracle(lines: readonly string[], { protocol, name, addresses = [], port }: PolicyQuestion): readonly string[] {
  const sets: Record<string, string> = { "web-only": "80,443", mail: "25,465,587,2525" };
  const holdsPort = (ports: string): boolean =>
    ports.split(",").some((item) => {
      if (item === "*") return true;
      if (item in sets) return holdsPort(sets[item] ?? "");
      const [low, high = low] = item.split("-").map(Number);
      return low !== undefined && high !== undefined && low <= port && port <= high;
    });
  const number = (ip: string): bigint => BigInt(`0x${Buffer.from(parseIp(ip)?.bytes ?? []).toString("hex")}`);
  const holdsHost = (host: string, address: string): boolean => {
    const is4 = !address.includes(":");
    if (host === "*") return true;
    if (host === "*4") return is4;
    if (host === "*6") return !is4;
    const [bare = "", length] = host.replaceAll(/[[\]]/g, "").split("/");
    if (parseIp(bare) !== undefined) {
      if (bare.includes(":") === is4) return false;
      const width = is4 ? 32 : 128;
      const shift = BigInt(width - Number(length ?? width));
      return number(bare) >> shift === number(address) >> shift;
    }
    if (name === undefined) return false;
    if (host.startsWith("=")) return name === host.slice(1);
    if (host.startsWith("*.")) return name.endsWith(host.slice(1));
    return name === host || name.endsWith(`.${host}`);
  };
  return addresses.map((address) => {
    for (const line of lines) {
      const words = line.split(" ");
      const target = words.at(-1) ?? "";
      const [host, ports] =
        target in sets
          ? ["*", target]
          : [target.slice(0, target.lastIndexOf(":")), target.slice(target.lastIndexOf(":") + 1)];
      const isProtocol = words.length === 2 || words[1] === protocol;
      if (isProtocol && holdsPort(ports) && holdsHost(host, address)) return words[0] ?? "";
    }
    return "reject";
  });
}

suite("the order of rules, against a naive reading of them", () => {
  const names = ["example.com", "a.example.com", "b.a.example.com", "ample.com", "com", "example.org"];
  const addresses = ["1.2.3.4", "1.2.3.5", "1.2.4.1", "9.9.9.9", "2001:db8::1", "2001:db8:1::", "2a00::1"];
  const ports = [25, 79, 80, 81, 443, 8000, 8080, 65_535];
  const host = fc.oneof(
    fc.constantFrom(
      "*",
      "*4",
      "*6",
      "1.2.3.0/24",
      "1.2.3.4",
      "1.2.0.0/15",
      "0.0.0.0/0",
      "[2001:db8::]/32",
      "[2001:db8::1]",
      "[::]/0",
      "[2001:db8::]/47",
    ),
    fc.constantFrom(...names).chain((name) => fc.constantFrom(name, `=${name}`, `*.${name}`)),
  );
  const portText = fc
    .array(fc.constantFrom("80", "443", "25", "79-81", "8000-8080", "web-only", "mail", "65535"), {
      minLength: 1,
      maxLength: 3,
    })
    .map((items) => items.join(","));
  const rule = fc
    .tuple(
      fc.constantFrom("accept", "reject"),
      fc.constantFrom("", "tcp ", "udp "),
      fc.oneof(
        { weight: 8, arbitrary: fc.tuple(host, fc.oneof(portText, fc.constant("*"))).map((parts) => parts.join(":")) },
        { weight: 1, arbitrary: fc.constantFrom("web-only", "mail") },
      ),
    )
    .map((parts) => `${parts[0]} ${parts[1]}${parts[2]}`);
  const question = fc.record({
    protocol: fc.constantFrom("tcp", "udp"),
    name: fc.option(fc.constantFrom(...names), { nil: undefined }),
    addresses: fc.array(fc.constantFrom(...addresses), { minLength: 1, maxLength: 3 }),
    port: fc.constantFrom(...ports),
  });
  const cases = [fc.array(rule, { maxLength: 12 }), question] as const;
  const asked = ({
    name,
    ...rest
  }: Omit<PolicyQuestion, "name"> & { readonly name: string | undefined }): PolicyQuestion =>
    name === undefined ? rest : { ...rest, name };

  test("one refused address refuses all, and the first rule that matches decides", () => {
    fc.assert(
      fc.property(...cases, (lines, put) => {
        const wanted = oracle(lines, asked(put)).every((verb) => verb === "accept");
        const decision = new ExitPolicy(parsePolicy(lines)).decide(asked(put));
        assert.equal(decision?.refusal === undefined, wanted);
      }),
      { numRuns: 3_000 },
    );
  });

  test("what is said before the look-up stays true after it", () => {
    fc.assert(
      fc.property(...cases, (lines, put) => {
        const rules = new ExitPolicy(parsePolicy(lines));
        const { addresses: found, ...before } = asked(put);
        const early = rules.decide(before);
        if (early === undefined) return;
        const late = rules.decide({ ...before, addresses: found ?? [] });
        assert.equal(late?.refusal === undefined, early.refusal === undefined);
      }),
      { numRuns: 3_000 },
    );
  });

  test("a port that is advertised is never refused as closed, and is accepted of a host that no rule names", () => {
    fc.assert(
      fc.property(...cases, (lines, { protocol, port }) => {
        const rules = new ExitPolicy(parsePolicy(lines));
        if (!isInPortRanges(rules.acceptedPorts(protocol), port)) return;
        const both = ["203.0.113.9", "3fff::9"].map((address) =>
          oracle(
            lines.filter((line) => !line.includes("/0")),
            { protocol, port, addresses: [address] },
          ),
        );
        assert.ok(both.flat().includes("accept"));
        const refusal = rules.decide({ protocol, port, name: "nobody.example", addresses: ["203.0.113.9"] })?.refusal;
        assert.notEqual(refusal?.code, "ERR_POLICY_PORT");
      }),
      { numRuns: 500 },
    );
  });
});

test("hosts matter to a policy with a list, or with a rule about a name, a network or a family", () => {
  const judges = (...lines: readonly string[]): boolean => new ExitPolicy(parsePolicy(lines)).judgesHosts;
  assert.equal(judges(...DEFAULT_POLICY), false);
  assert.equal(judges("reject mail", "accept *:*"), false);
  assert.equal(judges("reject udp bad.example:*", "accept *:*"), false);
  for (const rule of [
    "reject bad.example:*",
    "reject =bad.example:80",
    "accept *.a.example:*",
    "reject tcp 192.0.2.0/24:*",
  ]) {
    assert.equal(judges(rule, "accept *:*"), true, rule);
  }
  assert.equal(judges("accept *4:443"), true);
  const lists = { matchName: () => undefined, matchAddress: () => undefined };
  assert.equal(new ExitPolicy(parsePolicy(["accept *:*"]), lists).judgesHosts, true);
});
