import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { HostPort } from "../../src/core/network-address.ts";
import { generateIdentity } from "../../src/identity/identity.ts";
import { createNode } from "../../src/node/node.ts";
import type { NodeOptions } from "../../src/node/node-options.ts";
import { CountingClock } from "../support/counting-clock.ts";
import { openPortsOf } from "../support/processes.ts";
import { temporaryDirectory } from "../support/run-byway.ts";
import { serveTcp } from "../support/tcp-server.ts";

const skip = existsSync("/proc/self/fd") ? false : "this system has no /proc";
const HERE: HostPort = { host: "127.0.0.1", port: 0 };

/** The files below `directory` that this process holds open. */
function openBelow(directory: string): readonly string[] {
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${descriptor}`);
      return path.startsWith(directory) ? [path] : [];
    } catch {
      return [];
    }
  });
}

const FAULTS: readonly {
  readonly what: string;
  readonly code: string;
  readonly options: (directory: string, taken: HostPort) => Partial<NodeOptions>;
}[] = [
  { what: "a source address of others", code: "ERR_CONFIG_VALUE", options: () => ({ bindEgress: ["192.0.2.1"] }) },
  { what: "a taken port", code: "ERR_LISTEN_IN_USE", options: (_, listen) => ({ listen }) },
  {
    what: "a directory in place of the peers' file",
    code: "ERR_STORE",
    options: (directory) => {
      mkdirSync(join(directory, "store"));
      return { directory: { storePath: join(directory, "store") } };
    },
  },
  {
    what: "a directory in place of the records' file",
    code: "ERR_STORE",
    options: (directory) => {
      mkdirSync(join(directory, "node-records.sqlite"));
      return {};
    },
  },
  { what: "hours of another form", code: "ERR_CONFIG_VALUE", options: () => ({ operation: { hours: ["25:00-7"] } }) },
  {
    what: "a taken port for the notice",
    code: "ERR_LISTEN_IN_USE",
    options: (_, noticeListen) => ({ noticeListen }),
  },
  {
    what: "no place for the advertisement",
    code: "ERR_DATA_DIRECTORY",
    options: (directory) => ({ advertisementFile: join(directory, "missing", "advertisement") }),
  },
];

for (const { what, code, options } of FAULTS) {
  test(`a node that cannot start for ${what} leaves nothing behind`, { skip }, async (t: TestContext) => {
    const dataDirectory = temporaryDirectory(t);
    const { address: taken } = await serveTcp(t, () => {});
    const clock = new CountingClock();
    const ports = openPortsOf(process.pid);
    const starting = createNode({
      identity: generateIdentity(),
      clock,
      listen: HERE,
      roles: ["exit"],
      localNetwork: true,
      directory: {},
      dataDirectory,
      log: { mode: "required", days: 1, mib: 16 },
      ...options(dataDirectory, taken),
    });
    await assert.rejects(starting, { code });
    assert.equal(clock.pending, 0);
    assert.deepEqual(openBelow(dataDirectory), []);
    assert.deepEqual(openPortsOf(process.pid), ports);
  });
}
