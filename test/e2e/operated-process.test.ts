import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import { verifyLog } from "../../src/egress/accountability/verify-log.ts";
import { startDnsServer } from "../support/dns-server.ts";
import { startOperatedProcess } from "../support/operated-process.ts";
import { startOrigin } from "../support/origin.ts";
import { ORIGIN_HOST } from "../support/origin-servers.ts";
import { startTcpTarget } from "../support/proxy-fixture.ts";
import { RawClient } from "../support/raw-client.ts";
import { runByway, temporaryDirectory } from "../support/run-byway.ts";
import { curl, withoutPrograms } from "../support/run-program.ts";

const skip = withoutPrograms("curl");
const SITE = "site.example";
const MBPS = 20;
const BYTES_PER_SECOND = (MBPS * 1e6) / 8;

/** A target that sends for as long as somebody takes it. */
async function startEndless(t: TestContext): Promise<HostPort> {
  const part = Buffer.alloc(65_536);
  const target = await startTcpTarget((socket) => {
    const more = (): void => {
      while (!socket.destroyed && socket.write(part));
    };
    socket.on("drain", more);
    more();
  });
  t.after(() => target[Symbol.asyncDispose]());
  return target.address;
}

/** A CONNECT through a proxy that stands. */
async function stand(t: TestContext, proxy: HostPort, target: HostPort): Promise<RawClient> {
  const client = await RawClient.connect(proxy);
  t.after(() => client.socket.destroy());
  const authority = formatHostPort(target);
  client.send(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n\r\n`);
  await client.hear(/^HTTP\/1.1 200/);
  return client.forget();
}

/** Waits for the next bytes of a download. */
async function more(client: RawClient): Promise<void> {
  await client.forget().hear(/[\s\S]/);
}

const ask = async (proxy: HostPort, url: string): Promise<string> =>
  (await curl(["-x", `http://${formatHostPort(proxy)}`, "-i", url])).stdout;

test("a download outlives a reload and a pause; a kill costs neither the pause nor the month's count", {
  skip,
}, async (t) => {
  const endless = await startEndless(t);
  const origin = await startOrigin();
  t.after(() => origin[Symbol.asyncDispose]());
  const { http } = origin;
  const dns = await startDnsServer([{ name: SITE, type: "A", data: ORIGIN_HOST }]);
  t.after(() => dns.stop());
  const list = join(temporaryDirectory(t), "list.txt");
  writeFileSync(list, "other.example\n");
  const node = await startOperatedProcess(t, [
    `allow-targets = ["${formatHostPort(http)}", "${formatHostPort(endless)}"]`,
    `dns-servers = ["${dns.address}"]`,
    'policy = ["accept *:*"]',
    `down-mbps = ${MBPS}`,
    "monthly-gb = 1",
    "[[node.blocklists]]",
    'name = "own"',
    `source = "${list}"`,
  ]);
  const proxy = await node.client();
  const going = await stand(t, proxy, endless);
  const url = `http://${SITE}:${http.port}/seen`;
  assert.match(await ask(proxy, url), /^HTTP\/1.1 200 /);

  writeFileSync(list, `other.example\n${SITE}\n`);
  const reloaded = await runByway(t, ["node", "reload", "--json", "--data", node.data]);
  assert.match(reloaded.stdout, /"entries":2/);
  assert.match(await ask(proxy, url), /^HTTP\/1.1 403 [\s\S]*ERR_POLICY_LISTED/);

  await node.operator.pause();
  assert.match(await ask(proxy, url), /^HTTP\/1.1 503 [\s\S]*^retry-after: \d+\r[\s\S]*ERR_NODE_CLOSED/im);
  // All the while the download goes on, until it has brought what is worth five seconds.
  let before = await node.operator.status();
  while (before.traffic.month.sent < 5 * BYTES_PER_SECOND) {
    await more(going);
    before = await node.operator.status();
  }
  assert.equal(before.serving.state, "paused");
  await node.kill();
  assert.equal((await verifyLog(node.data)).flawCount, 0);

  const next = await node.again();
  const { serving, traffic } = await next.operator.status();
  assert.equal(serving.state, "paused");
  const lost = before.traffic.month.sent - traffic.month.sent;
  assert.ok(lost < 4 * BYTES_PER_SECOND, `${lost} bytes of ${before.traffic.month.sent} lost`);
  const other = await next.client();
  assert.match(await ask(other, `http://${formatHostPort(http)}/seen`), /^HTTP\/1.1 503 /);

  await next.operator.resume();
  const last = await stand(t, other, endless);
  await next.operator.drain();
  assert.match(await ask(other, `http://${formatHostPort(http)}/seen`), /^HTTP\/1.1 503 [\s\S]*about to stop/);
  await more(last);
  assert.equal(next.command.child.exitCode, null);
  last.socket.destroy();
  assert.equal((await next.command.finished).code, 0);
  assert.equal((await verifyLog(node.data)).flawCount, 0);
});
