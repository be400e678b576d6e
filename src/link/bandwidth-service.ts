import type { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { abortStream } from "../flow/abort-stream.ts";
import { LruMap } from "../rate/lru-map.ts";
import { Semaphore } from "../rate/semaphore.ts";
import { addressCrowd, addressNetwork } from "./address-crowd.ts";
import type { IncomingStream } from "./incoming-stream.ts";
import { LINK_LIMITS } from "./limits.ts";
import type { RequestRow } from "./request-table.ts";

/** Where bandwidth is measured, on a link. */
export const BANDWIDTH_PATH = "/.well-known/byway/bytes";

const CHUNK = Buffer.alloc(64 * 1024);

type Direction = "download" | "upload";

/**
 * Lets a peer measure its line (docs/protocol.md §2.7): sends it meaningless bytes, or takes such bytes and reports how many
 * arrived. Bounded in bytes, time and number, and for each address and network. A transfer that stalls is reset.
 */
export class BandwidthService {
  readonly #clock: Clock;
  /** When each address last had each direction, oldest first. */
  readonly #lastMs = new LruMap<string, number>({ most: LINK_LIMITS.bandwidthAddresses.value });
  readonly #places: Semaphore;

  /** `most` is how many transfers there may be at a time. */
  constructor(components: { readonly clock: Clock }, most: number = LINK_LIMITS.bandwidthTransfers.value) {
    this.#clock = components.clock;
    this.#places = new Semaphore({ most });
  }

  /** Addresses and directions that are remembered. */
  get remembered(): number {
    return this.#lastMs.size;
  }

  /** `GET …?n=<bytes>`. Throws ERR_REQUEST_MALFORMED for another query, ERR_HOP_LIMIT. */
  async send(incoming: IncomingStream): Promise<void> {
    const bytes = bytesAsked(incoming.headers[":path"] ?? "");
    const evicted = new AbortController();
    using _slot = this.#take(incoming, "download", evicted);
    const stream = incoming.accept({ "content-type": "application/octet-stream" });
    evicted.signal.addEventListener("abort", () => abortStream(stream));
    using _limit = this.#limit(stream);
    let left = bytes;
    // If the line is busy, or has taken all bytes, the peer has not stalled.
    let isHeld = false;
    const moved = (): number => bytes - left - stream.writableLength;
    using _stall = this.#endStalled(stream, () => (isHeld || moved() === bytes ? undefined : moved()));
    await new Promise<void>((resolve) => {
      let isFull = false;
      const write = (): void => {
        while (left > 0 && !isFull) {
          const wanted = Math.min(left, CHUNK.length);
          const granted = place?.spend(wanted) ?? wanted;
          left -= granted;
          if (granted > 0) isFull = !stream.write(CHUNK.subarray(0, granted));
          isHeld = granted < wanted;
          if (isHeld) return;
        }
        if (left === 0 && !stream.writableEnded) stream.end();
      };
      const place = incoming.link.pace?.join(write);
      stream.on("drain", () => {
        isFull = false;
        write();
      });
      stream.once("close", () => {
        place?.leave();
        resolve();
      });
      stream.resume();
      write();
    });
  }

  /** `POST …`. Lines of JSON report how many bytes have arrived, periodically and at the end. Throws ERR_HOP_LIMIT. */
  async take(incoming: IncomingStream): Promise<void> {
    if (incoming.headers[":path"] !== BANDWIDTH_PATH) throw malformed();
    const evicted = new AbortController();
    using _slot = this.#take(incoming, "upload", evicted);
    const stream = incoming.accept({ "content-type": "application/x-ndjson" });
    evicted.signal.addEventListener("abort", () => abortStream(stream));
    using _limit = this.#limit(stream);
    const startMs = this.#clock.monotonicMs();
    let bytes = 0;
    const tell = (): void => {
      const ms = Math.round(this.#clock.monotonicMs() - startMs);
      if (stream.writable) stream.write(`${JSON.stringify({ bytes, ms })}\n`);
    };
    using _told = this.#clock.every(LINK_LIMITS.bandwidthReportMs.value, tell);
    let unpaid = 0;
    using _stall = this.#endStalled(stream, () => (unpaid > 0 ? undefined : bytes));
    await new Promise<void>((resolve) => {
      const place = incoming.link.pace?.join(() => pay());
      const pay = (): void => {
        if (place === undefined || unpaid === 0) return;
        unpaid -= place.spend(unpaid);
        if (unpaid > 0) stream.pause();
        else stream.resume();
      };
      stream.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > LINK_LIMITS.bandwidthBytes.value) abortStream(stream);
        unpaid += chunk.length;
        pay();
      });
      stream.once("end", () => {
        tell();
        stream.end();
      });
      stream.once("close", () => {
        place?.leave();
        resolve();
      });
    });
  }

  #limit(stream: Duplex): Disposable {
    return this.#clock.after(LINK_LIMITS.bandwidthMs.value, () => abortStream(stream));
  }

  /** Resets a stream on which too few bytes have moved since the last look. `moved` returns undefined while none can move. */
  #endStalled(stream: Duplex, moved: () => number | undefined): Disposable {
    let before = 0;
    return this.#clock.every(LINK_LIMITS.bandwidthStallMs.value, () => {
      const now = moved();
      if (now !== undefined && now - before < LINK_LIMITS.bandwidthLeastBytes.value) abortStream(stream);
      before = now ?? before;
    });
  }

  /** Takes a place. `evicted` is aborted when the place goes to a network that has none. */
  #take({ link }: IncomingStream, direction: Direction, evicted: AbortController): Disposable {
    const { bandwidthPeriodMs } = LINK_LIMITS;
    const nowMs = this.#clock.monotonicMs();
    for (const [key, lastMs] of this.#lastMs) {
      if (nowMs - lastMs < bandwidthPeriodMs.value) break;
      this.#lastMs.delete(key);
    }
    const key = `${direction} ${addressCrowd(link.remote)}`;
    const lastMs = this.#lastMs.get(key);
    if (lastMs !== undefined) throw busy("this address has measured lately", lastMs + bandwidthPeriodMs.value - nowMs);
    const release = this.#places.tryAcquire(addressNetwork(link.remote), () => evicted.abort());
    if (release === undefined) throw busy("others are measuring", LINK_LIMITS.bandwidthMs.value);
    this.#lastMs.set(key, nowMs);
    return { [Symbol.dispose]: release };
  }
}

/** The rows of a service that measures bandwidth, for the table of requests. */
export function bandwidthRequests(service: Pick<BandwidthService, "send" | "take">): readonly RequestRow[] {
  const [path, takesQuery] = [BANDWIDTH_PATH, true];
  return [
    { method: "GET", path, takesQuery, serve: (incoming) => service.send(incoming) },
    { method: "POST", path, takesQuery, serve: (incoming) => service.take(incoming) },
  ];
}

function bytesAsked(path: string): number {
  const match = /^\?n=([1-9][0-9]{0,8})$/.exec(path.slice(BANDWIDTH_PATH.length));
  const bytes = Number(match?.[1]);
  if (!(bytes <= LINK_LIMITS.bandwidthBytes.value)) throw malformed();
  return bytes;
}

function malformed(): BywayError {
  return new BywayError(
    "ERR_REQUEST_MALFORMED",
    `${BANDWIDTH_PATH} takes ?n= with GET, up to 16 MiB, and nothing with POST`,
  );
}

function busy(why: string, waitMs: number): BywayError {
  return new BywayError("ERR_HOP_LIMIT", `no bandwidth is measured now: ${why}`, {
    data: { retryAfterSec: Math.max(1, Math.ceil(waitMs / 1000)) },
  });
}
