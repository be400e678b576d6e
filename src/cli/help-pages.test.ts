import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../core/clock.ts";
import { runProgram } from "./program.ts";
import type { Terminal } from "./terminal.ts";

/** What `byway … --help` prints. */
async function help(...words: readonly string[]): Promise<string> {
  let text = "";
  const terminal: Terminal = {
    writeOut: (more) => {
      text += more;
    },
    writeError: (more) => assert.fail(more),
    endWith: () => {},
    clock: systemClock,
    errorIsTty: false,
    environment: {},
    homeDirectory: "/home/one",
    beginService: () => {},
    onHangup: () => {},
    readerGone: new Promise(() => {}),
    stopRequest: new Promise(() => {}),
  };
  await runProgram(terminal, [...words, "--help"]);
  return text;
}

/** The commands below `words`, those below them too. */
async function commands(words: readonly string[]): Promise<readonly (readonly string[])[]> {
  const [, list = ""] = (await help(...words)).split("\nCommands:\n");
  const names = [...list.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = ""]) => name).filter((name) => name !== "help");
  const below = await Promise.all(names.map((name) => commands([...words, name])));
  return [words, ...below.flat()];
}

test("no help page lists an option twice", async () => {
  const all = await commands([]);
  assert.ok(all.some((words) => words.join(" ") === "node report"));
  for (const words of all) {
    const page = await help(...words);
    const flags = [...page.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, flag]) => flag);
    assert.ok(flags.includes("--help"), words.join(" "));
    assert.deepEqual(flags.toSorted(), [...new Set(flags)].toSorted(), `byway ${words.join(" ")}`);
  }
});
