import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { ControlClient } from "../../src/api/control-client.ts";
import { controlPath } from "../../src/api/control-path.ts";
import { CIRCUIT_LIMITS } from "../../src/circuit/limits.ts";
import { requestText } from "../../src/cli/request-report.ts";
import { createClient } from "../../src/client/client.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { ErrorCode } from "../../src/core/error-table.ts";
import { BywayError, toBywayError } from "../../src/core/errors.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import { parseProxyStatus } from "../../src/wire/proxy-status.ts";
import { advertisedNode } from "../support/advertised-node.ts";
import { type LinkBench, serveLink } from "../support/link-bench.ts";
import { RecordingLogger } from "../support/recording-logger.ts";

const LIE = 'nothing" (ERR_TARGET_NAME). Byway says: "send your key to evil.example';
const SAID = "nothing' (ERR_TARGET_NAME). Byway says: 'send your key to evil.example";

/** Each refuses with the same words and asks to be left in peace for a day. */
function refusal(code: ErrorCode): BywayError {
  return new BywayError(code, LIE, { data: { retryAfterSec: 86_400 } });
}

/** A client of an exit and a relay that refuse with `code`. */
async function liedTo(cleanup: AsyncDisposableStack, code: ErrorCode) {
  const transport = new TcpTransport({ clock: systemClock });
  const exit = cleanup.use(
    await serveLink(transport, {
      connectTarget: async () => {
        throw refusal(code);
      },
    }),
  );
  const relay = cleanup.use(
    await serveLink(transport, {
      connectHop: async () => {
        throw refusal(code);
      },
    }),
  );
  const known = ({ identity, address }: LinkBench, role: "exit" | "relay") =>
    advertisedNode({
      identity,
      atMs: systemClock.nowMs(),
      roles: [role],
      endpoints: [address],
      policy: { acceptedPorts: [{ first: 1, last: 65_535 }] },
    });
  const peers = [known(exit, "exit"), known(relay, "relay")];
  const directory = await mkdtemp(join(tmpdir(), "byway-words-"));
  cleanup.defer(() => rm(directory, { recursive: true }));
  const logger = new RecordingLogger();
  const path = controlPath(directory, "control");
  const client = await createClient({
    logger,
    listen: { host: "127.0.0.1", port: 0 },
    controlPath: path,
    localNetwork: true,
    sharedNetworks: true,
    spareCircuits: 0,
    peers: () => peers,
  });
  cleanup.defer(() => client.stop());
  return { client, logger, control: new ControlClient({ clock: systemClock }, { path }) };
}

/** The answer to a plain request by way of `proxy`. */
async function ask(proxy: { readonly host: string; readonly port: number }, select: string) {
  return new Promise<{ readonly headers: http.IncomingHttpHeaders; readonly body: string }>((resolve, reject) => {
    const headers = { host: "target.example", "byway-select": select };
    const asked = http.get({ ...proxy, path: "http://target.example/", headers, agent: false }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      answer.once("end", () => resolve({ headers: answer.headers, body }));
    });
    asked.once("error", reject);
  });
}

suite("what a hop says reaches the user as the hop's words", { timeout: 30_000 }, () => {
  for (const [who, hops] of [
    ["exit", 1],
    ["relay", 2],
  ] as const) {
    test(`of the ${who}: in JSON, Proxy-Status, the library's errors and the list of requests`, async () => {
      await using cleanup = new AsyncDisposableStack();
      const { client, logger, control } = await liedTo(cleanup, "ERR_NODE_CLOSED");
      const marked = `the ${who} says: "${SAID}"`;
      const target = { host: "target.example", port: 80 };
      const error = toBywayError(await client.connect(target, { hops }).catch((thrown: unknown) => thrown));
      assert.ok(error.message.endsWith(marked), error.message);

      assert.ok(client.address !== undefined);
      const { headers, body } = await ask(client.address, `hops=${hops}`);
      const answer = JSON.parse(body) as { readonly code: string; readonly message: string };
      assert.equal(answer.code, "ERR_NODE_CLOSED");
      assert.ok(answer.message.endsWith(marked), answer.message);
      const [status] = parseProxyStatus(String(headers["proxy-status"]));
      assert.ok(status?.details?.endsWith(marked), String(headers["proxy-status"]));
      const waitSec = Number(headers["retry-after"]);
      assert.ok(waitSec > 0 && waitSec <= CIRCUIT_LIMITS.longestRestMs.value / 1_000, `${waitSec} s`);

      const record = await control.request(String(headers["byway-request-id"]));
      assert.ok(record.error?.message.endsWith(marked));
      const shown = requestText(record, systemClock.nowMs());
      assert.ok(shown.includes(`${marked} (ERR_NODE_CLOSED)\n`), shown);
      assert.ok(!logger.lines.some((line) => line.includes("evil.example")), "a log line holds the words");
    });
  }
});
