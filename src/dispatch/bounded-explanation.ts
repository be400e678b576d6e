import type { Explanation } from "../routing/explanation.ts";
import { type FunnelStep, funnelIn } from "../routing/no-node.ts";
import { DISPATCH_LIMITS } from "./limits.ts";

/** All requests of one circuit have one explanation, and are to share its copy. */
const COPIES = new WeakMap<Explanation, Explanation>();

/** An explanation that takes little memory, whatever users and nodes wrote into it; the same one for the same. */
export function boundedExplanation(explanation: Explanation): Explanation {
  const known = COPIES.get(explanation);
  if (known !== undefined) return known;
  const copy = boundedCopy(explanation);
  COPIES.set(explanation, copy);
  return copy;
}

function boundedCopy(explanation: Explanation): Explanation {
  const { funnel, preset, weights, candidates, drawnFrom, hops } = explanation;
  return {
    funnel: boundedFunnel(funnel),
    preset,
    weights,
    candidates: candidates.slice(0, DISPATCH_LIMITS.loggedCandidates.value).map((candidate) => ({
      ...candidate,
      ...(candidate.country === undefined ? {} : { country: word(candidate.country) }),
      ...(candidate.city === undefined ? {} : { city: word(candidate.city) }),
    })),
    drawnFrom,
    hops,
  };
}

/** A funnel with a bounded number of steps and bounded words. */
export function boundedFunnel(funnel: readonly FunnelStep[]): readonly FunnelStep[] {
  return funnel.slice(0, DISPATCH_LIMITS.loggedFunnelSteps.value).map(({ left, what }) => ({ left, what: word(what) }));
}

/** The funnel that an ERR_NO_NODE carries in its data; undefined where there is none. */
export function funnelOf(data: { readonly [key: string]: unknown }): readonly FunnelStep[] | undefined {
  const funnel = funnelIn(data);
  return funnel === undefined ? undefined : boundedFunnel(funnel);
}

/** `text`, cut to `most` characters with an ellipsis for its last one; what is cut off is not kept in memory. */
export function boundedText(text: string, most: number = DISPATCH_LIMITS.loggedTextCharacters.value): string {
  if (text.length <= most) return text;
  // A slice would hold on to the whole: the bytes are copied, and half a surrogate pair becomes U+FFFD.
  return Buffer.from(`${text.slice(0, most - 1)}…`).toString();
}

function word(text: string): string {
  return boundedText(text, DISPATCH_LIMITS.loggedWordCharacters.value);
}
