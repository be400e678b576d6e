import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "./support/run-byway.ts";
import { runProgram } from "./support/run-program.ts";

const ESBUILD = fileURLToPath(new URL("../node_modules/.bin/esbuild", import.meta.url));
const LIBRARY = fileURLToPath(new URL("../src/index.ts", import.meta.url));

/** What a bundle can do, and how it says what it cannot. */
const PROGRAM = `
  import { createAgent, createFetch, createNode, createTestnet, generateIdentity, openGeo } from ${JSON.stringify(LIBRARY)};
  import http from "node:http";
  const codeOf = (failed) => failed.then(() => "none", ({ code }) => code);
  (async () => {
    const network = await createTestnet(2);
    const { saw } = await network.fetchOnce({ countries: ["us"], hops: 2 }, true);
    const agent = createAgent(network.client, "country-us");
    const { host, port } = network.target.http;
    const status = await new Promise((resolve, reject) =>
      http.get({ host, port, agent }, (answer) => resolve(answer.resume().statusCode)).on("error", reject));
    agent.destroy();
    const warned = [];
    const note = (message) => warned.push(message);
    const geo = await openGeo({ logger: { debug() {}, info() {}, warn: note, error: note } });
    const identity = generateIdentity();
    const listen = { host: "127.0.0.1", port: 0 };
    const workers = await codeOf(createNode({ identity, listen, roles: ["exit"], localNetwork: true, workers: 2 }));
    const fetched = await codeOf((async () => createFetch(network.client))());
    await network.stop();
    console.log(JSON.stringify({ saw: saw.sourceAddress, status, files: geo.files.length, warned, workers, fetched }));
  })();
`;

for (const [format, ending] of [
  ["esm", "mjs"],
  ["cjs", "cjs"],
] as const) {
  test(`a bundle (${format}) runs where nothing else is, and says what it does not have`, async (t) => {
    const directory = temporaryDirectory(t);
    const source = join(directory, "program.mjs");
    const bundle = join(directory, `bundle.${ending}`);
    writeFileSync(source, PROGRAM);
    const args = [
      source,
      "--bundle",
      "--platform=node",
      `--format=${format}`,
      `--outfile=${bundle}`,
      "--log-level=error",
    ];
    const made = await runProgram(ESBUILD, args);
    assert.deepEqual([made.code, made.stderr], [0, ""]);
    const { code, stdout, stderr } = await runProgram(process.execPath, [bundle], { directory });
    assert.deepEqual([code, stderr], [0, ""]);
    const told = JSON.parse(stdout) as Record<string, unknown>;
    assert.match(String(told.saw), /^127\./);
    assert.deepEqual(
      { ...told, saw: "" },
      {
        saw: "",
        status: 200,
        files: 0,
        warned: ["there is no address data: the word of nodes is taken for where they are"],
        workers: "ERR_WORKER",
        fetched: "ERR_USAGE_ARGUMENT",
      },
    );
  });
}
