import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { HostPort } from "../../src/core/network-address.ts";
import { createGitServer } from "../support/git-server.ts";
import { type Network, startNetwork } from "../support/network.ts";
import { ORIGIN_HOST } from "../support/origin-servers.ts";
import { runProgram, withoutPrograms } from "../support/run-program.ts";

suite("git clone", { skip: withoutPrograms("git") }, () => {
  const cleanup = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), "byway-git-"));
  let network: Network;
  let server: HostPort;
  let head: string;

  const git = async (args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<string> => {
    const without = { GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0", ...environment };
    const { code, stdout, stderr } = await runProgram("git", args, { environment: without });
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };

  before(async () => {
    cleanup.defer(() => rmSync(directory, { recursive: true }));
    const repository = join(directory, "served");
    await git(["init", "--quiet", repository]);
    for (const name of ["one", "two", "three"]) {
      writeFileSync(join(repository, name), randomBytes(1_000_000));
      await git(["-C", repository, "add", "."]);
      const author = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
      await git(["-C", repository, ...author, "commit", "--quiet", "-m", name]);
    }
    head = await git(["-C", repository, "rev-parse", "HEAD"]);
    const listening = createGitServer(directory).listen(0, ORIGIN_HOST);
    await once(listening, "listening");
    cleanup.defer(async () => {
      listening.close();
      listening.closeAllConnections();
      await once(listening, "close");
    });
    server = { host: ORIGIN_HOST, port: (listening.address() as AddressInfo).port };
    network = cleanup.use(await startNetwork({ targets: [server] }));
  });
  after(() => cleanup.disposeAsync());

  for (const hops of ["hops-1", "hops-3"]) {
    for (const [variable, scheme] of [
      ["http_proxy", "http"],
      ["ALL_PROXY", "socks5h"],
    ] as const) {
      test(`${variable} with ${scheme}, ${hops}: the clone is whole`, async () => {
        const clone = join(directory, `${scheme}-${hops}`);
        const url = `http://${server.host}:${server.port}/served/.git`;
        await git(["clone", "--quiet", url, clone], { [variable]: network.proxyUrl(scheme, hops) });
        assert.equal(await git(["-C", clone, "rev-parse", "HEAD"]), head);
        await git(["-C", clone, "fsck", "--full", "--strict"]);
      });
    }
  }
});
