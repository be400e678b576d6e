import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { OLD_NODE } from "./support/old-node.ts";
import { temporaryDirectory } from "./support/run-byway.ts";
import { type ProgramResult, runProgram } from "./support/run-program.ts";

const ENTRY = fileURLToPath(new URL("../entry/index.cjs", import.meta.url));
const MANIFEST = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly runtime: { readonly works: string; readonly tried: string };
  readonly exports: unknown;
};
const PROGRAMS = {
  "import.mjs": 'import { createClient } from "byway"; console.log(createClient);',
  "dynamic.mjs": 'const { createClient } = await import("byway"); console.log(createClient);',
  "require.cjs": 'console.log(require("byway").createClient);',
};

/** A package that is entered as Byway is, with a library in syntax that old Nodes do not know, and programs that use it. */
function packageOf(context: TestContext): string {
  const root = temporaryDirectory(context);
  for (const folder of ["entry", "dist"]) mkdirSync(join(root, folder));
  cpSync(ENTRY, join(root, "entry", "index.cjs"));
  const { runtime, exports } = MANIFEST;
  writeFileSync(join(root, "package.json"), JSON.stringify({ name: "byway", type: "module", runtime, exports }));
  writeFileSync(join(root, "dist", "index.js"), 'using nothing = null; export const createClient = "made";');
  for (const [name, text] of Object.entries(PROGRAMS)) writeFileSync(join(root, name), text);
  return root;
}

/** Runs a program of the package; `claimed` is the version that Node says it is. */
function run(root: string, program: string, claimed?: string, node: string = process.execPath): Promise<ProgramResult> {
  if (claimed === undefined) return runProgram(node, [join(root, program)]);
  const claim = join(root, "claim.cjs");
  writeFileSync(
    claim,
    `Object.defineProperty(process, "versions", { value: { ...process.versions, node: ${JSON.stringify(claimed)} } });`,
  );
  return runProgram(node, ["--require", claim, join(root, program)]);
}

test("the library is entered by import and by require", async (t) => {
  const root = packageOf(t);
  for (const program of Object.keys(PROGRAMS)) {
    for (const claimed of [undefined, MANIFEST.runtime.works, MANIFEST.runtime.tried, "27.1.0"]) {
      assert.deepEqual(await run(root, program, claimed), { code: 0, stdout: "made\n", stderr: "" }, program);
    }
  }
});

const SENTENCE = /Byway's library needs Node 26\.\d+\.\d+ or newer, and this is Node [0-9.]+: run the program with /;

test("an older Node is told so in one sentence", async (t) => {
  const root = packageOf(t);
  const nodes: readonly (readonly [string | undefined, string])[] = [
    ["20.20.2", process.execPath],
    ["22.22.0", process.execPath],
    ["26.4.9", process.execPath],
    ...(OLD_NODE === undefined ? [] : [[undefined, OLD_NODE] as const]),
  ];
  for (const [claimed, node] of nodes) {
    for (const program of Object.keys(PROGRAMS)) {
      const { code, stdout, stderr } = await run(root, program, claimed, node);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, SENTENCE, `${program} under ${claimed ?? node}`);
      assert.ok(!stderr.includes("SyntaxError"), stderr);
    }
  }
});

test("the entry has every name that the library exports, and no other", async () => {
  const names = [...readFileSync(ENTRY, "utf8").matchAll(/^exports\.(\w+) = library\.(\w+);$/gm)];
  for (const [, name, of] of names) assert.equal(name, of);
  const library = await import("../src/index.ts");
  assert.deepEqual(names.map(([, name]) => name).sort(), Object.keys(library).sort());
});
