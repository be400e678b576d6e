import type { CandidateDirectory } from "../../src/dispatch/candidate-source.ts";

/** A directory that knows nobody and can tell nothing, but for `more`. */
export function fakeDirectory(more: Partial<CandidateDirectory> = {}): CandidateDirectory {
  return {
    clockDoubt: undefined,
    find: async () => {},
    candidates: () => [],
    expect: () => {},
    doubt: async () => undefined,
    ...more,
  };
}
