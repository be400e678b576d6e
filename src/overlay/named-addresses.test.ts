import assert from "node:assert/strict";
import type { LookupFunction } from "node:net";
import { suite, test } from "node:test";
import { multiaddr } from "@multiformats/multiaddr";
import { OVERLAY_LIMITS } from "./limits.ts";
import { namedAddresses } from "./named-addresses.ts";

const PEER = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";

/** A host of these addresses, of which a question for one family gets those of it. */
function hostOf(...addresses: readonly string[]): LookupFunction {
  return (_name, { family }, done) => {
    const all = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    const found = all.filter((one) => family === 0 || one.family === family);
    if (found.length === 0) done(Object.assign(new Error("none"), { code: "ENOTFOUND" }), "", 0);
    else done(null, found);
  };
}

async function named(address: string, lookup: LookupFunction): Promise<readonly string[]> {
  return (await namedAddresses(multiaddr(address), lookup)).map(String);
}

suite("the addresses of a named host", () => {
  const host = hostOf("192.0.2.1", "192.0.2.2", "2001:db8::1", "192.0.2.1");

  test("are candidates of their own, with the peer that must be there, each once", async () => {
    assert.deepEqual(await named(`/dns/a.example/tcp/7/p2p/${PEER}`, host), [
      `/ip4/192.0.2.1/tcp/7/p2p/${PEER}`,
      `/ip4/192.0.2.2/tcp/7/p2p/${PEER}`,
      `/ip6/2001:db8::1/tcp/7/p2p/${PEER}`,
    ]);
  });

  test("are of the family that is named", async () => {
    assert.deepEqual(await named("/dns4/a.example/tcp/7", host), ["/ip4/192.0.2.1/tcp/7", "/ip4/192.0.2.2/tcp/7"]);
    assert.deepEqual(await named("/dns6/a.example/tcp/7", host), ["/ip6/2001:db8::1/tcp/7"]);
    await assert.rejects(named("/dns6/a.example/tcp/7", hostOf("192.0.2.1")), { code: "ENOTFOUND" });
  });

  test("are bounded in number", async () => {
    const many = hostOf(...Array.from({ length: 40 }, (_, n) => `192.0.2.${n}`));
    assert.equal((await named("/dns/a.example/tcp/7", many)).length, OVERLAY_LIMITS.namedAddresses.value);
  });
});

test("an address without a name is its own candidate, and nothing is looked up", async () => {
  const never: LookupFunction = () => assert.fail();
  assert.deepEqual(await named("/ip4/192.0.2.1/tcp/7", never), ["/ip4/192.0.2.1/tcp/7"]);
});
