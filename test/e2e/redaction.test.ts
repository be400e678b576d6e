import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { formatHostPort } from "../../src/core/network-address.ts";
import { type RecordVisitor, verifyLog } from "../../src/egress/accountability/verify-log.ts";
import { startOperatedExit } from "../support/operated-exit.ts";
import { startOrigin } from "../support/origin.ts";
import { RecordingLogger } from "../support/recording-logger.ts";
import { temporaryDirectory } from "../support/run-byway.ts";
import { withoutPrograms } from "../support/run-program.ts";

const MARKER = "marker7Q2x";

/** What is left of the marker in texts that hold it as it is, in hex, or in base64 at any of three places. */
const TRACES = [
  MARKER.toLowerCase(),
  Buffer.from(MARKER).toString("hex"),
  ...[0, 1, 2].map((before) =>
    Buffer.from(`${"-".repeat(before)}${MARKER}`)
      .toString("base64")
      .slice(4, 12)
      .toLowerCase(),
  ),
];

test("payload, path, credentials, cookies and user names reach neither the log nor any file of an exit", {
  skip: withoutPrograms("curl"),
}, async (t) => {
  let seen = "";
  await using origin = await startOrigin({
    paths: {
      [`/${MARKER}?q=${MARKER}`]: (request, response) => {
        seen += JSON.stringify(request.headers);
        request.on("data", (chunk: Buffer) => {
          seen += chunk.toString();
        });
        request.on("end", () => {
          response.setHeader("set-cookie", `id=${MARKER}`);
          response.end(`${MARKER} in the answer`);
        });
      },
    },
  });
  const dataDirectory = temporaryDirectory(t);
  const logger = new RecordingLogger();
  const { node, proxy, ask } = await startOperatedExit(t, {
    allowTargets: [origin.http, origin.https],
    dataDirectory,
    log: { mode: "required", days: 30, mib: 64 },
    logger,
  });
  const user = `user-${MARKER}-session-${MARKER}:${MARKER}`;
  const path = `/${MARKER}?q=${MARKER}`;
  const app = ["-k", "-u", `${MARKER}:${MARKER}`, "-b", `c=${MARKER}`, "-A", MARKER, "-d", `user=${MARKER}`];
  const by = (scheme: string) => ["-x", `${scheme}://${formatHostPort(proxy)}`, "-U", user];
  for (const args of [
    [...by("http"), `http://${formatHostPort(origin.http)}${path}`],
    [...by("http"), "-p", `http://${formatHostPort(origin.http)}${path}`],
    [...by("http"), `https://${formatHostPort(origin.https)}${path}`],
    [...by("socks5h"), `http://${formatHostPort(origin.http)}${path}`],
    [...by("socks5h"), `https://${formatHostPort(origin.https)}${path}`],
  ])
    assert.equal(await ask(...app, ...args), `${MARKER} in the answer`, args.join(" "));
  assert.ok(seen.split(MARKER).length > 15 && seen.includes(`user=${MARKER}`), "the target saw nothing");
  await node.stop();

  const ends: unknown[] = [];
  const collect: RecordVisitor = (record) => {
    if ("body" in record && record.event === "end") ends.push(record.body);
  };
  const { flawCount } = await verifyLog(dataDirectory, {}, () => collect);
  assert.equal(flawCount, 0);
  assert.equal(ends.length, 5);
  const files = readdirSync(dataDirectory, { recursive: true, encoding: "utf8" })
    .map((name) => join(dataDirectory, name))
    .filter((path) => statSync(path).isFile());
  assert.ok(files.some((path) => path.endsWith(".jsonl")) && files.some((path) => path.endsWith(".sqlite")));
  for (const path of files) noTrace(readFileSync(path, "latin1"), path);
  for (const line of logger.lines) noTrace(line, line);
});

function noTrace(text: string, where: string): void {
  for (const trace of TRACES) assert.ok(!text.toLowerCase().includes(trace), `${trace} in ${where}`);
}
