import { FLOW_LIMITS } from "./limits.ts";

const PIECE_MS = FLOW_LIMITS.pacePieceMs.value;
const BURST_MS = FLOW_LIMITS.paceBurstMs.value;
const LATE_MS = FLOW_LIMITS.paceLateMs.value;

/**
 * A token bucket: fills by `bytesPerSecond` up to a burst, and everything that passes takes from it. Without a speed it
 * is never empty. Times are those of a clock that never goes back.
 */
export class PaceBucket {
  /** Bytes that may pass now; below 0 after datagrams that were let through ahead of time. */
  bytes: number = Number.POSITIVE_INFINITY;
  /** What it holds when nothing has passed for a while; Infinity without a speed. */
  burst: number = Number.POSITIVE_INFINITY;
  #bytesPerSecond: number | undefined;
  #atMs: number;

  constructor(nowMs: number, bytesPerSecond: number | undefined) {
    this.#atMs = nowMs;
    this.setRate(nowMs, bytesPerSecond);
  }

  /** Whether it holds nothing back. */
  get isOpen(): boolean {
    return this.#bytesPerSecond === undefined;
  }

  /** Changes the speed; what it holds is kept as far as it is no more than the new burst. */
  setRate(nowMs: number, bytesPerSecond: number | undefined): void {
    this.fill(nowMs, false);
    const wasOpen = this.isOpen;
    this.#bytesPerSecond = bytesPerSecond === undefined ? undefined : Math.max(1, bytesPerSecond);
    this.burst = this.#in(BURST_MS, FLOW_LIMITS.paceBurstBytes.value);
    this.bytes = wasOpen || this.isOpen ? this.burst : Math.min(this.bytes, this.burst);
    this.#atMs = nowMs;
  }

  /**
   * Adds what time has brought. While somebody waits for it a late timer costs nothing, up to `paceLateMs`; what is left of
   * that afterwards is kept for as long, as a process that was late reads late too.
   */
  fill(nowMs: number, isAwaited: boolean): void {
    const rate = this.#bytesPerSecond;
    if (rate === undefined) return;
    const passedMs = nowMs - this.#atMs;
    const most = isAwaited ? this.burst + (rate * LATE_MS) / 1000 : this.burst;
    if (this.bytes <= most || passedMs > LATE_MS) this.bytes = Math.min(most, this.bytes + (rate * passedMs) / 1000);
    this.#atMs = nowMs;
  }

  /** What one of `sharers` may pass in one turn, in bytes: little enough that a round is short, enough to be worth it. */
  piece(sharers: number): number {
    const rate = this.#bytesPerSecond;
    if (rate === undefined) return Number.POSITIVE_INFINITY;
    const least = Math.max(FLOW_LIMITS.pacePieceBytes.value, rate / FLOW_LIMITS.pacePiecesPerSecond.value);
    return Math.floor(Math.max(least, (rate * PIECE_MS) / 1000 / Math.max(1, sharers)));
  }

  /** In how many milliseconds `bytes` may pass; 0 when now. */
  msUntil(bytes: number): number {
    if (this.#bytesPerSecond === undefined || bytes <= this.bytes) return 0;
    return Math.ceil(((bytes - this.bytes) * 1000) / this.#bytesPerSecond);
  }

  #in(ms: number, least: number): number {
    return this.#bytesPerSecond === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(least, (this.#bytesPerSecond * ms) / 1000);
  }
}
