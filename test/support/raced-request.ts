import { type RaceComponents, type RacedRequest, race, type Use } from "../../src/dispatch/race.ts";
import { requestOf } from "./hops.ts";

const { signal } = new AbortController();

/** A request that each exit fits, that is never hedged, and whose exits are believed. */
export function racedRequest(more: Partial<RacedRequest> = {}): RacedRequest {
  return {
    ...requestOf("", () => []),
    fits: () => true,
    signal,
    sendsBytes: false,
    isOptimistic: false,
    declined: undefined,
    hedgeMs: () => undefined,
    judged: (_, error) => error,
    noteFailure: () => {},
    ...more,
  };
}

/** Races `request`, and resolves with what the winner made. */
export async function raced<T>(
  components: RaceComponents,
  request: RacedRequest,
  use: Use<RacedRequest, T>,
  release?: (late: T) => void,
): Promise<T> {
  return (await race(components, request, use, release)).made;
}
