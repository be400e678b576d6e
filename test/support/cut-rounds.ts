import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { cutInMidStream, type OpenTarget, startOpenTarget } from "./cut-streams.ts";
import { type BywayProcess, type NodeProcess, startClientProcess, startNodeProcess } from "./node-process.ts";

const TARGET_HOST = "127.201.0.1";
/** Two unanswered pings take 45 s to be seen, at each of three hops at the most. */
const SILENCE_MS = 180_000;

interface CutSite {
  readonly proxy: BywayProcess["address"];
  readonly target: OpenTarget;
  readonly client: BywayProcess;
  /** By country. */
  readonly nodes: ReadonlyMap<string, NodeProcess>;
}

/** Starts one node in each country, and a client of all of them. */
async function startSite(t: TestContext, exits: readonly string[], relays: readonly string[]): Promise<CutSite> {
  const target = await startOpenTarget(TARGET_HOST);
  t.after(() => target[Symbol.asyncDispose]());
  const nodes = await Promise.all(
    [...exits, ...relays].map(async (country, index) => {
      const host = `127.${10 * (index + 1)}.0.1`;
      const roles = exits.includes(country) ? "exit" : "relay";
      const node = await startNodeProcess(t, { host, country, roles, allowTargets: [target.address] });
      return [country, node] as const;
    }),
  );
  const client = await startClientProcess(
    t,
    nodes.map(([, node]) => node),
  );
  return { proxy: client.address, target, client, nodes: new Map(nodes) };
}

/** Sends `signal` to processes in mid-stream and returns how many ends were seen; fails where one looks like a whole body. */
async function cut(
  site: CutSite,
  userName: string,
  signal: NodeJS.Signals,
  processes: readonly (BywayProcess | undefined)[],
  options: Parameters<typeof cutInMidStream>[3] = {},
): Promise<number> {
  const send = (): void => {
    for (const each of processes) each?.signal(signal);
  };
  const seen = await cutInMidStream(site, userName, send, options);
  const clean = seen.filter(({ ending }) => ending === "end").map(({ what }) => what);
  assert.deepEqual(clean, [], `${signal}: an end in the midst of a body`);
  return seen.length;
}

/**
 * Ends exits, relays and the client in the midst of downloads and uploads, one after another, and fails if an app or the
 * target takes one for whole. Returns how many streams it saw end, at either end.
 */
export async function endProcessesInMidStream(t: TestContext): Promise<number> {
  const site = await startSite(t, ["de", "us", "jp", "br", "it", "fr"], ["nl", "se", "at"]);
  const { nodes, client } = site;
  // The kernel ends the connections of a killed process, and cannot know that they are not whole.
  const killedExit = { isTargetTold: false };
  let seen = 0;
  seen += await cut(site, "country-de-hops-1", "SIGTERM", [nodes.get("de")]);
  seen += await cut(site, "country-us-hops-1", "SIGINT", [nodes.get("us")]);
  seen += await cut(site, "country-jp-hops-1", "SIGKILL", [nodes.get("jp")], killedExit);
  seen += await cut(site, "country-br-hops-3", "SIGKILL", [nodes.get("br")], killedExit);
  seen += await cut(site, "country-it-hops-3", "SIGTERM", [nodes.get("it")]);
  // Of three relays a circuit of three hops passes by two, and so by one of any two at least.
  seen += await cut(site, "country-fr-hops-3", "SIGTERM", [nodes.get("nl"), nodes.get("se")]);
  seen += await cut(site, "country-fr-hops-2", "SIGKILL", [nodes.get("at")]);
  seen += await cut(site, "country-fr-hops-1", "SIGTERM", [client]);
  return seen;
}

/** As `endProcessesInMidStream`, with processes that fall silent. It takes as long as it takes to notice that. */
export async function stopProcessesInMidStream(t: TestContext): Promise<number> {
  const stopped = { withinMs: SILENCE_MS };
  const stoppedExit = { ...stopped, isTargetTold: false };
  const site = await startSite(t, ["de", "us", "fr"], ["nl", "se"]);
  const { nodes } = site;
  const seen = await Promise.all([
    cut(site, "country-de-hops-1", "SIGSTOP", [nodes.get("de")], stoppedExit),
    cut(site, "country-us-hops-3", "SIGSTOP", [nodes.get("us")], stoppedExit),
  ]);
  seen.push(await cut(site, "country-fr-hops-3", "SIGSTOP", [nodes.get("nl")], stopped));
  return seen.reduce((sum, each) => sum + each, 0);
}
