import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type DnsFaults, type DnsRecord, startDnsServer } from "../../test/support/dns-server.ts";
import { systemClock } from "../core/clock.ts";
import { lookUpNat64 } from "./nat64-lookup.ts";

const A: DnsRecord = { name: "ipv4only.arpa", type: "A", data: "192.0.0.170" };

async function found(t: TestContext, answers: readonly string[], faults: DnsFaults = {}): Promise<readonly number[]> {
  const records = answers.map((data): DnsRecord => ({ name: A.name, type: "AAAA", data }));
  const dns = await startDnsServer([A, ...records], faults);
  t.after(() => dns.stop());
  const prefixes = await lookUpNat64(systemClock, [dns.address], t.signal);
  assert.deepEqual(dns.queries, ["ipv4only.arpa/AAAA"]);
  return prefixes.map(({ bits }) => bits);
}

test("the prefixes of a network are what its resolver makes of a name that has only IPv4", async (t) => {
  assert.deepEqual(await found(t, ["64:ff9b::c000:aa"]), [96]);
  assert.deepEqual(await found(t, ["2a00:64:122:344:c0:0:aa00:0", "2a00:65:c000:ab::"]), [64, 32]);
  assert.deepEqual(await found(t, []), []);
  assert.deepEqual(await found(t, ["2606:4700::1111"]), []);
});

test("prefixes are bounded, however many a resolver tells", async (t) => {
  const many = Array.from({ length: 20 }, (_, index) => `2a00:${index.toString(16)}::192.0.0.170`);
  assert.equal((await found(t, many)).length, 16);
});

test("a server that fails has not answered", async (t) => {
  await assert.rejects(found(t, [], { failing: ["ipv4only.arpa"] }));
  const dns = await startDnsServer([], { silent: ["ipv4only.arpa"] });
  t.after(() => dns.stop());
  const stop = new AbortController();
  const asked = lookUpNat64(systemClock, [dns.address], stop.signal);
  stop.abort();
  await assert.rejects(asked, { code: "ERR_ABORTED" });
});

test("a server that does not know the name has answered", async (t) => {
  const dns = await startDnsServer([]);
  t.after(() => dns.stop());
  assert.deepEqual(await lookUpNat64(systemClock, [dns.address], t.signal), []);
});
