import type { Connection, Stream } from "@libp2p/interface";
import { deadline, withAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { type PeerId, shortPeerId } from "../identity/peer-id.ts";
import { addressCrowd } from "../link/address-crowd.ts";
import { TokenBuckets } from "../rate/token-buckets.ts";
import { fromLibp2p } from "./libp2p-identity.ts";
import { OVERLAY_LIMITS } from "./limits.ts";
import { readFrame, writeFrame } from "./message-frame.ts";
import { ipOf } from "./multiaddr-text.ts";
import type { OverlayServices } from "./overlay.ts";

/** `/byway/directory/1` (docs/protocol.md §7.1): one request and one answer on a stream. */
export class Exchange {
  readonly #clock: Clock;
  readonly #services: OverlayServices;
  readonly #requests: TokenBuckets;
  /** For each address; absent on a local network, where many peers share one. */
  readonly #addressRequests: TokenBuckets | undefined;

  constructor(components: { clock: Clock; services: OverlayServices }, options: { localNetwork: boolean }) {
    this.#clock = components.clock;
    this.#services = components.services;
    this.#requests = new TokenBuckets(components, {
      most: OVERLAY_LIMITS.meteredPeers.value,
      burst: OVERLAY_LIMITS.requestBurst.value,
      perSecond: OVERLAY_LIMITS.requestsPerSecond.value,
    });
    if (options.localNetwork) return;
    this.#addressRequests = new TokenBuckets(components, {
      most: OVERLAY_LIMITS.meteredPeers.value,
      burst: OVERLAY_LIMITS.addressRequestBurst.value,
      perSecond: OVERLAY_LIMITS.addressRequestsPerSecond.value,
    });
  }

  /** Serves one stream of a stranger, or resets it. Never throws. */
  async serve(stream: Stream, connection: Connection): Promise<void> {
    const peerId = fromLibp2p(connection.remotePeer);
    if (peerId === undefined || !this.#requests.take(peerId) || !this.#admits(connection)) {
      stream.abort(new BywayError("ERR_PEER_ANSWER", "too many requests"));
      return;
    }
    stream.maxReadBufferLength = OVERLAY_LIMITS.requestBytes.value * 2;
    const limitMs = OVERLAY_LIMITS.requestMs.value;
    try {
      const request = await this.#within(limitMs, undefined, "the request did not arrive", (signal) =>
        readFrame(stream, OVERLAY_LIMITS.requestBytes.value, signal),
      );
      const answer = await this.#within(limitMs, undefined, "the answer took too long", async (signal) =>
        withAbort(Promise.resolve(this.#answer(peerId, ipOf(connection.remoteAddr), request)), signal),
      );
      if (answer.length > OVERLAY_LIMITS.answerBytes.value) {
        throw new BywayError("ERR_INTERNAL", `an answer of ${answer.length} bytes is too long to send`);
      }
      await this.#within(limitMs, undefined, "the answer was not taken", (signal) =>
        writeFrame(stream, answer, { signal }),
      );
      this.#endSoon(stream);
    } catch (error) {
      stream.abort(error instanceof Error ? error : new BywayError("ERR_INTERNAL", "the request failed"));
    }
  }

  #admits({ remoteAddr }: Connection): boolean {
    return this.#addressRequests?.take(addressCrowd(ipOf(remoteAddr) ?? "")) ?? true;
  }

  /** Asks over a fresh stream, which it owns. Throws ERR_PEER_ANSWER or the abort reason. */
  async ask(stream: Stream, peer: PeerId, request: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    if (request.length > OVERLAY_LIMITS.requestBytes.value) {
      stream.abort(new BywayError("ERR_INTERNAL", "too long"));
      throw new BywayError("ERR_INTERNAL", `a request of ${request.length} bytes is too long to send`);
    }
    stream.maxReadBufferLength = OVERLAY_LIMITS.answerBytes.value * 2;
    try {
      const what = `${shortPeerId(peer)} did not answer in time`;
      return await this.#within(OVERLAY_LIMITS.answerMs.value, signal, what, async (within) => {
        const answer = readFrame(stream, OVERLAY_LIMITS.answerBytes.value, within);
        const [bytes] = await Promise.all([answer, writeFrame(stream, request, { signal: within })]);
        return bytes;
      });
    } catch (cause) {
      stream.abort(cause instanceof Error ? cause : new BywayError("ERR_INTERNAL", "the request failed"));
      if (cause instanceof BywayError) throw cause;
      throw new BywayError("ERR_PEER_ANSWER", `${shortPeerId(peer)} did not answer`, { cause });
    }
  }

  /** Whoever has its answer and does not end its side must not keep the stream. */
  #endSoon(stream: Stream): void {
    if (stream.status !== "open") return;
    const timer = this.#clock.after(OVERLAY_LIMITS.requestMs.value, () =>
      stream.abort(new BywayError("ERR_PEER_ANSWER", "the stream was not ended")),
    );
    stream.addEventListener("close", () => timer.cancel());
  }

  async #answer(peerId: PeerId, address: string | undefined, request: Uint8Array): Promise<Uint8Array> {
    return this.#services.answer({ peerId, address }, request);
  }

  async #within<T>(
    ms: number,
    parent: AbortSignal | undefined,
    what: string,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    using limit = deadline(this.#clock, ms, () => new BywayError("ERR_PEER_ANSWER", what), parent);
    return await run(limit.signal);
  }
}
