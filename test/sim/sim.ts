import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { seededRandom } from "../../src/core/random.ts";
import { measureLibp2p } from "./libp2p-network.ts";
import { FULL_SIZES, playModel } from "./model.ts";
import { toPlot } from "./plot.ts";
import { toMarkdown, toPanels } from "./report.ts";
import type { Results } from "./results.ts";

/*
 * npm run sim              plays everything and prints the report
 * npm run sim -- --write   also writes it to docs/simulation.{md,json,svg}
 * npm run sim -- --model   plays the model only, and takes the figures of real hosts from the last report
 * npm run sim -- --hosts   the other way round
 */
const SEED = 20_261_121;
const HOSTS = 200;
const SAMPLES = 60;
const BEGIN = "<!-- sim:begin -->";
const END = "<!-- sim:end -->";
const folder = new URL("../../docs/", import.meta.url);
const [json, markdown, plot] = ["json", "md", "svg"].map((kind) => new URL(`simulation.${kind}`, folder));
if (json === undefined || markdown === undefined || plot === undefined) throw new Error("a document is missing");

const say = (line: string): void => void process.stderr.write(`${line}\n`);

function lastResults(): Results {
  if (json === undefined || !existsSync(json)) throw new Error("there is no last report to take a part from");
  return JSON.parse(readFileSync(json, "utf8")) as Results;
}

async function playPart(): Promise<Omit<Results, "date" | "commit">> {
  const startedMs = performance.now();
  const seconds = (): number => Math.round((performance.now() - startedMs) / 1_000);
  if (process.argv.includes("--model")) {
    const parts = await playModel(FULL_SIZES, SEED, say);
    return { ...parts, seconds: seconds(), libp2p: lastHosts() };
  }
  const parts = process.argv.includes("--hosts") ? undefined : await playModel(FULL_SIZES, SEED, say);
  const modelSec = seconds();
  say(`${HOSTS} real hosts`);
  const libp2p = await measureLibp2p(HOSTS, SAMPLES, seededRandom(SEED), say);
  return parts === undefined ? { ...lastResults(), libp2p } : { ...parts, seconds: modelSec, libp2p };
}

function lastHosts(): Results["libp2p"] {
  return json !== undefined && existsSync(json) ? lastResults().libp2p : undefined;
}

const results: Results = {
  ...(await playPart()),
  date: new Date().toISOString().slice(0, 10),
  commit: execFileSync("git", ["rev-parse", "--short=10", "HEAD"], { encoding: "utf8" }).trim(),
};
const report = toMarkdown(results);
process.stdout.write(`${report}\n`);
if (process.argv.includes("--write")) {
  const document = readFileSync(markdown, "utf8");
  const [from, to] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (from === -1 || to < from) throw new Error("docs/simulation.md has lost its markers");
  writeFileSync(markdown, `${document.slice(0, from + BEGIN.length)}\n\n${report}\n\n${document.slice(to)}`);
  writeFileSync(json, `${JSON.stringify(results, undefined, 2)}\n`);
  writeFileSync(plot, toPlot(toPanels(results), "The directory simulated"));
}
