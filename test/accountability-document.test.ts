import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { FakeClock } from "../src/core/fake-clock.ts";
import { exportLog } from "../src/egress/accountability/export-log.ts";
import { listLogFiles } from "../src/egress/accountability/log-files.ts";
import { parseLogTarget } from "../src/egress/accountability/log-target.ts";
import { forward, openLog, someStream } from "./support/logged-streams.ts";
import { temporaryDirectory } from "./support/run-byway.ts";
import { runProgram, withoutPrograms } from "./support/run-program.ts";

const DOCUMENT = fileURLToPath(new URL("../docs/accountability-log.md", import.meta.url));

test("the lines of Python in the document verify a log and an export", {
  skip: withoutPrograms("python3"),
}, async (t) => {
  const folder = temporaryDirectory(t);
  const program = join(folder, "verify.py");
  writeFileSync(program, /```python\n(.*?)```/s.exec(readFileSync(DOCUMENT, "utf8"))?.[1] ?? "");
  const clock = new FakeClock();
  const { log, dataDirectory, directory } = await openLog(t, clock);
  for (const host of ["a.example", "b.example"]) forward(log, someStream(host));
  await log.stop();
  const next = await openLog(t, new FakeClock(clock.nowMs() + 86_400_000), {}, dataDirectory);
  forward(next.log);
  await next.log.stop();
  const paths = (await listLogFiles(directory)).map(({ path }) => path);
  assert.equal(paths.length, 2);
  const good = await runProgram("python3", [program, ...paths]);
  assert.match(good.stdout, /^in order up to [0-9a-f]{64}\n$/, good.stderr);

  const output = join(folder, "export.jsonl");
  let text = "";
  const target = { text: "b.example", matches: parseLogTarget("b.example") };
  await exportLog(dataDirectory, { fromMs: 0, toMs: clock.nowMs(), target }, async (more) => {
    text += more;
  });
  writeFileSync(output, text);
  assert.ok(text.includes('"redacted"'));
  assert.equal((await runProgram("python3", [program, output])).code, 0);

  writeFileSync(paths[0] ?? "", readFileSync(paths[0] ?? "", "utf8").replace("b.example", "c.example"));
  const flawed = await runProgram("python3", [program, ...paths]);
  assert.equal(flawed.code, 1);
  assert.match(flawed.stderr, /line 5: not what was written/);
});
