import type { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";
import { abortStream } from "../flow/abort-stream.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import { JoinedWrites } from "../flow/joined-writes.ts";
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
  readonly #writes: JoinedWrites;
  #ending = false;
  #bytesRead = 0;
  #bytesWritten = 0;

  constructor(components: { readonly clock: Clock; readonly budget: Pick<ByteBudget, "watch"> }, stream: Duplex) {
    const { clock, budget } = components;
    this.#stream = stream;
    this.#clock = clock;
    const reader = new CapsuleReader();
    const kept = (): number => reader.heldBytes + this.#writes.bytes;
    const watch = (): void => budget.watch(stream, undefined, kept);
    this.#writes = new JoinedWrites(stream, watch);
    // A stream that was destroyed before has said "close" already.
    this.closed = stream.destroyed ? Promise.resolve() : new Promise((resolve) => stream.once("close", resolve));
    stream.on("error", () => {});
    stream.on("end", () => this.#end());
    stream.on("data", (chunk: Buffer) => {
      try {
        for (const capsule of reader.push(chunk)) {
          const payload = decodeUdpPayload(capsule);
          if (payload === undefined) continue;
          this.#bytesRead += payload.length;
          this.onDatagram?.(payload);
        }
        if (reader.heldBytes >= LINK_LIMITS.watchedCapsuleBytes.value) watch();
      } catch {
        abortStream(stream);
      }
    });
  }

  /** Bytes of payload carried so far. */
  get counts(): StreamCounts {
    return { bytesRead: this.#bytesRead, bytesWritten: this.#bytesWritten };
  }

  /** Sends one payload. Returns false if it is dropped, as UDP may, when the link is too slow or gone. */
  send(payload: Uint8Array): boolean {
    const waiting = this.#stream.writableLength + this.#writes.bytes;
    if (!this.#stream.writable || waiting > LINK_LIMITS.datagramBacklogBytes.value) return false;
    this.#bytesWritten += payload.length;
    const { buffer, byteOffset, length } = encodeUdpCapsule(payload);
    this.#writes.write(Buffer.from(buffer, byteOffset, length));
    return true;
  }

  /** Ends the flow; abruptly when the far side does not end it too within `datagramDrainMs`. Idempotent. */
  close(): void {
    if (this.#ending || this.#stream.destroyed) return;
    this.#ending = true;
    this.#end();
    this.#stream.resume();
    const timer = this.#clock.after(LINK_LIMITS.datagramDrainMs.value, () => abortStream(this.#stream));
    this.#stream.once("close", () => timer.cancel());
  }

  #end(): void {
    this.#writes.flush();
    this.#stream.end();
  }
}
