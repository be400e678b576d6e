import type { ProcessSample } from "./process-sample.ts";

/** How much above its plateau a process may end. */
export const MOST_GROWTH = 1.05;

/** What the samples of one process say. */
export interface MemoryVerdict {
  /** Median of the second quarter of the run. */
  readonly plateauBytes: number;
  /** Median of the last tenth. */
  readonly endBytes: number;
  readonly mostBytes: number;
  /** End over plateau. */
  readonly growth: number;
  /** The same of what nine samples in ten stay below, last quarter over second. */
  readonly topGrowth: number;
  readonly ok: boolean;
}

/**
 * Judges whether memory stayed on its plateau; `samples` were taken at equal times over the whole run.
 *
 * V8 gives memory back and takes it again in steps of a fifth of the whole, so that a median may fall into such a dip. A leak
 * lifts the top of the steps as well: memory has grown when both figures say so.
 */
export function judgeMemory(samples: readonly ProcessSample[]): MemoryVerdict {
  const rss = samples.map((sample) => sample.rssBytes);
  const quarter = Math.floor(rss.length / 4);
  const second = rss.slice(quarter, 2 * quarter + 1);
  const plateauBytes = quantile(second, 0.5);
  const endBytes = quantile(rss.slice(-Math.max(1, Math.floor(rss.length / 10))), 0.5);
  const growth = endBytes / plateauBytes;
  const topGrowth = quantile(rss.slice(-quarter - 1), 0.9) / quantile(second, 0.9);
  const ok = Math.min(growth, topGrowth) <= MOST_GROWTH;
  return { plateauBytes, endBytes, mostBytes: Math.max(...rss), growth, topGrowth, ok };
}

function quantile(figures: readonly number[], share: number): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length * share)] ?? Number.NaN;
}
