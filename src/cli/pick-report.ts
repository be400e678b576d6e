import { plainText } from "../core/plain-text.ts";
import type { DrawRule, ExplainedCandidate, Explanation } from "../routing/explanation.ts";
import type { FunnelStep } from "../routing/no-node.ts";
import { shortPeer, shortText } from "./short-text.ts";
import { textTable } from "./text-table.ts";

const BAR = 40;
const PLACE = 26;
const STEP = 46;

/** Who was asked: the client that runs, or what one that ran has stored. */
export type PickSource = "running" | "stored";

const RULES: Readonly<Record<DrawRule, string>> = {
  best: "drawn among the best, by score and capacity",
  exploration: "drawn among those with little history, which have a share of their own",
  session: "the session's name decides among all that fit",
  given: "chosen by name, by the session, or because its circuit was already open",
  guard: "a guard that was chosen before",
  search: "any that is not related to the others",
};

/** How many nodes each constraint left, with bars; at most 100 columns. */
export function funnelText(funnel: readonly FunnelStep[]): string {
  const most = Math.max(1, ...funnel.map(({ left }) => left));
  const width = Math.max(4, ...funnel.map(({ left }) => String(left).length));
  const words = funnel.map(({ what }) => shortText(what, STEP));
  const wide = Math.max(0, ...words.map(({ length }) => length));
  return funnel
    .map(({ left }, index) => {
      // What is left is seen, however little of all it is.
      const bar = "#".repeat(left === 0 ? 0 : Math.max(1, Math.round((left / most) * BAR)));
      return `${`  ${String(left).padStart(width)}  ${(words[index] ?? "").padEnd(wide)}  ${bar}`.trimEnd()}\n`;
    })
    .join("");
}

/** The funnel, the candidates with the parts of their scores, and the draw, for people; at most 100 columns. */
export function explanationText(explanation: Explanation): string {
  const { funnel, preset, weights, candidates, hops } = explanation;
  const { trust, latency, availability, load } = weights;
  const blocks = [`Nodes that each constraint left:\n${funnelText(funnel)}`];
  if (candidates.length > 0) {
    blocks.push(
      `${exitText(explanation)}\n` +
        `Preset ${plainText(preset)}; weights: trust ${trust}, latency ${latency}, availability ${availability}, load ${load}.\n` +
        candidatesTable(candidates),
    );
  }
  const drawn = hops.map(
    ({ peerId, rule }, index) => `  ${index + 1}  ${plainText(peerId)}\n     ${RULES[rule] ?? plainText(rule)}\n`,
  );
  blocks.push(`The hops, guard first:\n${drawn.join("")}`);
  return blocks.join("\n");
}

function exitText({ candidates, drawnFrom, hops }: Explanation): string {
  const rule = hops.at(-1)?.rule ?? "best";
  if (rule !== "best" && rule !== "exploration") return "The exit was not drawn by chance.";
  const shown = candidates.length < drawnFrom ? `; these ${candidates.length} are the likeliest` : "";
  return drawnFrom === 1 ? "One exit fits." : `The exit is one of ${drawnFrom}${shown}.`;
}

function candidatesTable(candidates: readonly ExplainedCandidate[]): string {
  return textTable(
    ["  chance", "score", "trust", "latency", "avail.", "load", "seen", "mbps", "node", "place"],
    candidates.map(({ share, score, parts, observations, mbps, peerId, ...place }) => [
      percent(share).padStart(8),
      score.toFixed(2),
      parts.trust.toFixed(2),
      parts.latency.toFixed(2),
      parts.availability.toFixed(2),
      parts.load.toFixed(2),
      observations === 0 ? "-" : observations.toFixed(0),
      mbps.toFixed(0),
      shortPeer(peerId),
      placeText(place),
    ]),
  );
}

function percent(share: number): string {
  return share > 0 && share < 0.0005 ? "<0.1 %" : `${(share * 100).toFixed(1)} %`;
}

function placeText({ country, city, asn }: Pick<ExplainedCandidate, "country" | "city" | "asn">): string {
  const parts = [country, asn === undefined ? undefined : `AS${asn}`, city].filter((part) => part !== undefined);
  return parts.length === 0 ? "-" : shortText(parts.join(" "), PLACE);
}

/** What `byway pick` prints for people. */
export function pickText(explanation: Explanation, source: PickSource): string {
  const told =
    source === "running"
      ? "As the client that runs here would choose now."
      : "No client runs here: chosen from the stored nodes, without what a running client has seen of them.";
  return `${told}\n\n${explanationText(explanation)}`;
}
