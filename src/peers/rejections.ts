import type { ErrorCode } from "../core/error-table.ts";
import { type BywayError, toBywayError } from "../core/errors.ts";

/** Why something that a stranger sent about peers was refused. */
export const REJECTION_REASONS = [
  "malformed",
  "signature",
  "expired",
  "future",
  "private",
  "oversize",
  "old",
  "equivocation",
  "quota",
  "flood",
  "answer",
  "topic",
  "other",
] as const;

/** One of the reasons; the label of `byway_directory_rejected_total{reason}`. */
export type RejectionReason = (typeof REJECTION_REASONS)[number];

const BY_CODE: Partial<Readonly<Record<ErrorCode, RejectionReason>>> = {
  ERR_ADVERTISEMENT_MALFORMED: "malformed",
  ERR_ADVERTISEMENT_SIGNATURE: "signature",
  ERR_ADVERTISEMENT_EXPIRED: "expired",
  ERR_ADVERTISEMENT_FUTURE: "future",
  ERR_ADVERTISEMENT_PRIVATE: "private",
  ERR_ADVERTISEMENT_OLD: "old",
  ERR_ADVERTISEMENT_EQUIVOCATION: "equivocation",
  ERR_ADVERTISEMENT_QUOTA: "quota",
  ERR_DIRECTORY_MESSAGE: "answer",
  ERR_PEER_ANSWER: "answer",
};

/** Counts what was refused, by reason. */
export class Rejections {
  readonly #counts = new Map<RejectionReason, number>(REJECTION_REASONS.map((reason) => [reason, 0]));
  /** What was counted since `takeNew`. */
  readonly #fresh = new Map<RejectionReason, number>();

  /** Counts starting from earlier ones; what is not a count by a known reason is passed over. */
  constructor(earlier: unknown = undefined) {
    for (const [reason, count] of readCounts(earlier)) this.#counts.set(reason, count);
  }

  add(reason: RejectionReason): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    this.#fresh.set(reason, (this.#fresh.get(reason) ?? 0) + 1);
  }

  /** Counts an error under the reason that its code stands for, and gives it back. */
  addError(error: unknown): BywayError {
    const known = toBywayError(error);
    this.add(BY_CODE[known.code] ?? "other");
    return known;
  }

  count(reason: RejectionReason): number {
    return this.#counts.get(reason) ?? 0;
  }

  /** All counts, zeros too. */
  counts(): Readonly<Record<RejectionReason, number>> {
    return Object.fromEntries(this.#counts) as Record<RejectionReason, number>;
  }

  /** Whether anything was counted since `addTo`. */
  get changed(): boolean {
    return this.#fresh.size > 0;
  }

  /** `held`, as `counts` wrote it, with what was counted since the last `settle`. */
  addTo(held: unknown): Record<string, number> {
    const sums = new Map(readCounts(held));
    for (const [reason, count] of this.#fresh) sums.set(reason, (sums.get(reason) ?? 0) + count);
    return Object.fromEntries(sums);
  }

  /** Says that the sums of `addTo` are kept. */
  settle(): void {
    this.#fresh.clear();
  }
}

function readCounts(held: unknown): readonly (readonly [RejectionReason, number])[] {
  if (typeof held !== "object" || held === null) return [];
  const entries = new Map<string, unknown>(Object.entries(held));
  return REJECTION_REASONS.flatMap((reason) => {
    const count = entries.get(reason);
    return Number.isSafeInteger(count) && Number(count) > 0 ? [[reason, Number(count)] as const] : [];
  });
}
