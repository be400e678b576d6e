import type { Http2Session } from "node:http2";
import type { Duplex } from "node:stream";
import type { KeepAlive } from "./keep-alive.ts";
import { LINK_LIMITS } from "./limits.ts";

/** A stream that counts what has arrived on it. */
export interface CountingStream extends Pick<Duplex, "readableLength"> {
  /** Bytes that have arrived, read or not. */
  readonly bytesRead: number;
}

/**
 * The receive window of the streams of one link: small until a stream shows that the window is what holds it back.
 *
 * While one round trip is measured, a stream that the window limits brings a window full of bytes. If its reader took
 * about half a window for each (smallest) round trip of the link, the window is doubled for all streams of the link, and
 * quadrupled if it took nearly all of it (SETTINGS_INITIAL_WINDOW_SIZE holds for open ones too, RFC 9113 §6.9.2). Only bytes that were passed on count, so
 * a target that has stalled never makes it grow.
 */
export class ReceiveWindow {
  readonly #session: Http2Session;
  readonly #keepAlive: Pick<KeepAlive, "ping" | "roundTripMs">;
  #bytes: number;
  #arrivedBytes = 0;
  /** In halves of the window: what has to arrive before the next measurement. */
  #pause = 1;
  #measuring = false;

  /** `bytes` is what the session has told the far side at its start. */
  constructor(session: Http2Session, keepAlive: Pick<KeepAlive, "ping" | "roundTripMs">, bytes: number) {
    this.#bytes = bytes;
    this.#session = session;
    this.#keepAlive = keepAlive;
  }

  /** What each stream may now send ahead. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Says that `bytes` arrived on `stream`. */
  onArrival(stream: CountingStream, bytes: number): void {
    if (this.#measuring || this.#bytes >= LINK_LIMITS.widestStreamWindowBytes.value) return;
    this.#arrivedBytes += bytes;
    if (this.#arrivedBytes >= (this.#pause * this.#bytes) / 2) void this.#measure(stream);
  }

  async #measure(stream: CountingStream): Promise<void> {
    this.#measuring = true;
    const before = stream.bytesRead - stream.readableLength;
    try {
      const roundTripMs = await this.#keepAlive.ping();
      const taken = stream.bytesRead - stream.readableLength - before;
      // A longer round trip than the smallest is one that waited in a queue, which no window makes faster.
      const share = Math.min(1, (this.#keepAlive.roundTripMs ?? roundTripMs) / roundTripMs);
      const filled = (taken * share) / this.#bytes;
      // A window that was filled whole says nothing about how much wider it should be.
      // One that limits is filled by half at least, as nghttp2 gives back what was taken half a window at a time.
      if (filled >= 0.7) this.#widen(4);
      else if (filled >= 0.35) this.#widen(2);
      else this.#pause = Math.min(2 * this.#pause, LINK_LIMITS.windowPause.value);
      this.#arrivedBytes = 0;
      this.#measuring = false;
    } catch {
      // The link is gone, and with it what there was to measure.
    }
  }

  #widen(times: number): void {
    this.#pause = 1;
    this.#bytes = Math.min(times * this.#bytes, LINK_LIMITS.widestStreamWindowBytes.value);
    if (!this.#session.destroyed) this.#session.settings({ initialWindowSize: this.#bytes });
  }
}
