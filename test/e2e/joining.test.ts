import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import { parseAuthority } from "../../src/wire/authority.ts";
import { startOrigin } from "../support/origin.ts";
import { runByway, startByway, temporaryDirectory } from "../support/run-byway.ts";
import { curl, withoutPrograms } from "../support/run-program.ts";

const skip =
  withoutPrograms("curl") || (existsSync("/proc/self/fd") ? false : "this system has no loopback but 127.0.0.1");

interface Started {
  readonly address: HostPort;
  readonly peerId: string;
  readonly bootstrap: string;
  kill(): Promise<void>;
}

interface PeersListing {
  readonly peers: readonly {
    readonly peer: string;
    readonly claims: { readonly country?: string };
    readonly known: {
      readonly place: { readonly country?: string };
      readonly failures: number;
      readonly rttMs: number;
    };
  }[];
}

async function byway(t: TestContext, args: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await runByway(t, [...args, "--json"]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

async function start(t: TestContext, args: readonly string[]): Promise<Started> {
  const { child, firstLine, finished } = startByway(t, [...args, "--json", "--local-network"]);
  finished.catch(() => {});
  const { address, ...rest } = JSON.parse(await firstLine) as Omit<Started, "address"> & { readonly address: string };
  return {
    ...rest,
    address: parseAuthority(address),
    async kill() {
      child.kill("SIGKILL");
      await finished;
    },
  };
}

test("six processes that were given one address find each other, and go on without the one they joined through", {
  skip,
  timeout: 90_000,
}, async (t) => {
  const origin = await startOrigin();
  t.after(() => origin[Symbol.asyncDispose]());
  const node = (host: string, country: string, bootstrap: readonly string[]): Promise<Started> =>
    start(t, [
      ...["node", "--relay", "--exit", "--listen", `${host}:0`, "--bind-egress", host, "--country", country],
      ...["--allow-target", formatHostPort(origin.http), "--policy", "accept *:*"],
      ...bootstrap.flatMap((address) => ["--bootstrap", address]),
    ]);
  const first = await start(t, ["node", "--listen", "127.10.0.1:0"]);
  const [second] = await Promise.all([
    node("127.20.0.1", "de", [first.bootstrap]),
    node("127.30.0.1", "us", [first.bootstrap]),
    node("127.40.0.1", "jp", [first.bootstrap]),
    node("127.50.0.1", "br", [first.bootstrap]),
  ]);
  const data = temporaryDirectory(t);
  const client = await start(t, ["up", "--listen", "127.0.0.1:0", "--bootstrap", first.bootstrap, "--data", data]);
  const seenFrom = async (user: string): Promise<string> => {
    const proxy = `socks5h://${user}:x@${formatHostPort(client.address)}`;
    const { stdout } = await curl(["--proxy", proxy, `http://${formatHostPort(origin.http)}/seen`]);
    if (stdout === "") return "nobody";
    return (JSON.parse(stdout) as { readonly sourceAddress: string }).sourceAddress;
  };
  assert.equal(await seenFrom("country-jp"), "127.40.0.1");
  assert.match(await seenFrom("country-us+br-hops-3"), /^127\.[35]0\.0\.1$/);

  const japanese = await byway(t, ["peers", "--country", "jp", "--data", data]);
  const [{ peer, claims, known } = assert.fail()] = (japanese as PeersListing).peers;
  assert.deepEqual([claims.country, known.place.country, known.failures], ["jp", "jp", 0]);
  assert.ok(known.rttMs > 0);
  assert.deepEqual(await byway(t, ["peers", "show", peer.slice(-8), "--data", data]), { peer, claims, known });
  const stats = (await byway(t, ["network", "stats", "--data", data])) as { readonly countries: object };
  assert.deepEqual(Object.keys(stats.countries).sort(), ["br", "de", "jp", "unknown", "us"]);

  await first.kill();
  assert.equal(await seenFrom("country-de"), "127.20.0.1");
  const late = await node("127.60.0.1", "in", [second.bootstrap]);
  // It serves before others have heard of it.
  while ((await seenFrom("country-in")) === "nobody");
  assert.equal(await seenFrom("country-in"), "127.60.0.1");
  assert.equal(await seenFrom(`node-${late.peerId}`), "127.60.0.1");
});
