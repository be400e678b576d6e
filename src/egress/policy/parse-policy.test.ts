import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../../core/errors.ts";
import { EGRESS_LIMITS } from "../limits.ts";
import { parsePolicy } from "./parse-policy.ts";

test("rules are understood in one spelling", () => {
  for (const [line, text] of [
    ["reject mail", "reject *:mail"],
    ["accept tcp web-only", "accept tcp *:web-only"],
    ["  reject   udp *4:53 ", "reject udp *4:53"],
    ["accept BÜCHER.Example.:443", "accept xn--bcher-kva.example:443"],
    ["accept ｅｘａｍｐｌｅ.com:80,8000-8080,p2p", "accept example.com:80,8000-8080,p2p"],
    ["reject *.Example.COM:*", "reject *.example.com:*"],
    ["reject =example.com:*", "reject =example.com:*"],
    ["accept 1.2.3.0/24:80", "accept 1.2.3.0/24:80"],
    ["accept 1.2.3.4/32:80", "accept 1.2.3.4:80"],
    ["accept [2001:DB8:0:0::]/32:80", "accept [2001:db8::]/32:80"],
    ["accept [2001:db8::7]:80", "accept [2001:db8::7]:80"],
    ["accept 0.0.0.0/0:80", "accept 0.0.0.0/0:80"],
  ] as const) {
    assert.deepEqual(
      parsePolicy([line]).map((rule) => rule.text),
      [text],
      line,
    );
    assert.deepEqual(parsePolicy([text])[0]?.host, parsePolicy([line])[0]?.host, text);
  }
});

test("what is no rule is refused with its number, what is wrong and what was likely meant", () => {
  for (const [line, message] of [
    ["", /is empty/],
    ["allow *:80", /"allow" is neither accept nor reject; a rule is accept/],
    ["web-only", /"web-only" is neither accept nor reject; did you mean "accept web-only"\?/],
    ["Accept *:80", /"Accept" is neither/],
    ["accept", /is not of the form/],
    ["accept tcp", /is not of the form/],
    ["accept sctp *:80", /is not of the form/],
    ["accept *:80 *:81", /is not of the form/],
    ["accept *", /write \*:\*/],
    ["accept 443", /write \*:443/],
    ["accept web_only", /no set \(the nearest is web-only\)/],
    ["accept *:tor-reduced-exitt", /the nearest is tor-reduced-exit/],
    ["accept *:https", /neither a port nor a set.*the sets are tor-reduced-exit, web-only, mail, p2p/],
    ["accept *:0", /"0" is no port/],
    ["accept *:080", /"080" is no port/],
    ["accept *:65536", /not among the ports/],
    ["accept *:90-80", /lower one first/],
    ["accept *:80,", /"" is no port/],
    ["accept example.com:", /"" is no port/],
    ["accept :80", /neither a name nor/],
    ["accept *.:80", /neither a name nor/],
    ["accept foo.*.com:80", /neither a name nor/],
    ["accept user@example.com:80", /neither a name nor/],
    ["accept 10.1/16:*", /"10.1" is no IPv4 address of four decimal numbers/],
    ["accept 127.1:80", /no IPv4 address of four/],
    ["accept 2130706433:80", /no IPv4 address of four/],
    ["accept 017700000001:80", /no IPv4 address of four/],
    ["accept 0x7f.1:80", /as the address 127\.0\.0\.1/],
    ["accept １２７.0.0.1:80", /as the address 127\.0\.0\.1/],
    ["accept =1.2.3.4:80", /as the address 1\.2\.3\.4/],
    ["accept *.1.2.3.4:80", /as the address 1\.2\.3\.4/],
    ["accept 1.2.3.4/24:*", /bits beyond its \/24/],
    ["accept 1.2.3.4/33:*", /\/33 is longer/],
    ["accept [2001:db8::1]/32:*", /bits beyond its \/32/],
    ["accept [2001:db8::]/129:*", /\/129 is longer/],
    ["accept [::ffff:1.2.3.4]:80", /as the IPv4 address that it holds/],
    ["accept [::ffff:7f00:1]:80", /as the IPv4 address that it holds/],
    ["accept [fe80::1%eth0]:80", /no IPv6 address/],
    ["accept [1.2.3.4]:80", /no IPv6 address/],
    ["accept 2001:db8::1:80", /in brackets/],
  ] as const) {
    assert.throws(
      () => parsePolicy(["accept *:80", line]),
      (error) =>
        error instanceof BywayError &&
        error.code === "ERR_CONFIG_VALUE" &&
        error.data.line === 2 &&
        error.message.startsWith("rule 2 of the policy: ") &&
        message.test(error.message),
      line,
    );
  }
});

test("a policy has a most of rules", () => {
  const most = EGRESS_LIMITS.policyRules.value;
  assert.equal(parsePolicy(Array(most).fill("accept *:80")).length, most);
  assert.throws(() => parsePolicy(Array(most + 1).fill("accept *:80")), { code: "ERR_CONFIG_VALUE" });
});
