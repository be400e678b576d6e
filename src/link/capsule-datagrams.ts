import type { Duplex } from "node:stream";
import { abortStream } from "../core/abort-stream.ts";
import type { Clock } from "../core/clock.ts";
import { CapsuleReader } from "../wire/capsule.ts";
import { decodeUdpPayload, encodeUdpCapsule } from "../wire/udp-payload.ts";
import type { StreamCounts } from "./counted-stream.ts";
import { LINK_LIMITS } from "./limits.ts";

/** UDP payloads carried as DATAGRAM capsules over one stream of a link, at either end (RFC 9297, RFC 9298). Owns the stream. */
export class CapsuleDatagrams {
  /** Called with each payload that arrives; the payload is the callee's. */
  onDatagram: ((payload: Uint8Array) => void) | undefined;
  /** Settles when the flow is over; never rejects. */
  readonly closed: Promise<void>;
  readonly #stream: Duplex;
  readonly #clock: Clock;
  #ending = false;
  #bytesRead = 0;
  #bytesWritten = 0;

  constructor(components: { clock: Clock }, stream: Duplex) {
    this.#stream = stream;
    this.#clock = components.clock;
    const reader = new CapsuleReader();
    // A stream that was destroyed before has said "close" already.
    this.closed = stream.destroyed ? Promise.resolve() : new Promise((resolve) => stream.once("close", resolve));
    stream.on("error", () => {});
    stream.on("end", () => stream.end());
    stream.on("data", (chunk: Buffer) => {
      try {
        for (const capsule of reader.push(chunk)) {
          const payload = decodeUdpPayload(capsule);
          if (payload === undefined) continue;
          this.#bytesRead += payload.length;
          this.onDatagram?.(payload);
        }
      } catch {
        abortStream(stream);
      }
    });
  }

  /** Bytes of payload carried so far. */
  get counts(): StreamCounts {
    return { bytesRead: this.#bytesRead, bytesWritten: this.#bytesWritten };
  }

  /** Sends one payload; dropped when the link is too slow or gone, as UDP may. */
  send(payload: Uint8Array): void {
    if (!this.#stream.writable || this.#stream.writableLength > LINK_LIMITS.datagramBacklogBytes.value) return;
    this.#bytesWritten += payload.length;
    this.#stream.write(encodeUdpCapsule(payload));
  }

  /** Ends the flow; abruptly when the far side does not end it too within `datagramDrainMs`. Idempotent. */
  close(): void {
    if (this.#ending || this.#stream.destroyed) return;
    this.#ending = true;
    this.#stream.end();
    this.#stream.resume();
    const timer = this.#clock.after(LINK_LIMITS.datagramDrainMs.value, () => abortStream(this.#stream));
    this.#stream.once("close", () => timer.cancel());
  }
}
