import type { Duplex } from "node:stream";
import { abortReason, deadline, pause } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import { abortStream } from "../flow/abort-stream.ts";
import { splice } from "../flow/splice.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import type { IncomingStream } from "../link/incoming-stream.ts";
import type { LinkSession } from "../link/link-session.ts";
import type { LocateHop } from "../link/locate-hop.ts";
import type { RequestRow } from "../link/request-table.ts";
import type { Way } from "../link/way.ts";
import { HopPlaces } from "./hop-places.ts";
import { RELAY_LIMITS } from "./limits.ts";
import { OnwardPlaces } from "./onward-places.ts";
import { type HopState, ProvenHops, type ProvenHopsComponents, type ProvenHopsOptions } from "./proven-hops.ts";
import { ReturnStreams } from "./return-streams.ts";

/** What a relay is made of. */
export interface RelayComponents extends ProvenHopsComponents {
  readonly locate: LocateHop;
}

/** How many connections a relay carries. Each value has a default in `limits.ts`. */
export interface RelayOptions extends ProvenHopsOptions {
  readonly maxCarried?: number;
  readonly maxToHop?: number;
  readonly maxWaiting?: number;
}

/** Which ways come first. */
const TURN: Readonly<Record<HopState, number>> = { proven: 0, known: 1, unknown: 2 };

/** The hop that is asked for, and how to reach it. */
interface NextHop {
  readonly peerId: string;
  readonly ways: readonly Way[];
  readonly link: LinkSession;
}

/**
 * The relay role: carries a link onward to the next hop, and nowhere else.
 *
 * It uses only ways that the next hop itself signed, through the address guard, and only after that hop has proved its key
 * there. So a relay cannot be used as an exit (docs/protocol.md §5). It looks up by itself where the next hop is: otherwise the
 * next hop could give each client a different address, and learn which client asks. Endpoints that only strangers name are
 * dialled at a bounded rate, and every failed proof has the same answer. The relay sees ciphertext only.
 */
export class RelayService {
  readonly #clock: Clock;
  readonly #components: RelayComponents;
  readonly #localNetwork: boolean;
  readonly #proven: ProvenHops;
  readonly #carried: OnwardPlaces;
  readonly #toHop: HopPlaces;
  readonly #waiting: OnwardPlaces;
  readonly #returning = new ReturnStreams();

  constructor(components: RelayComponents, options: RelayOptions = {}) {
    this.#clock = components.clock;
    this.#components = components;
    this.#localNetwork = options.localNetwork ?? false;
    this.#proven = new ProvenHops(components, options);
    this.#carried = new OnwardPlaces("carried connections", {
      most: options.maxCarried ?? RELAY_LIMITS.carried.value,
      mostPerNetwork: RELAY_LIMITS.carriedPerNetwork.value,
      mostPerLink: RELAY_LIMITS.carriedPerLink.value,
    });
    this.#toHop = new HopPlaces(options.maxToHop ?? RELAY_LIMITS.carriedToHop.value);
    this.#waiting = new OnwardPlaces("waiting requests", {
      most: options.maxWaiting ?? RELAY_LIMITS.waiting.value,
      mostPerNetwork: RELAY_LIMITS.waitingPerNetwork.value,
      mostPerLink: RELAY_LIMITS.waitingPerLink.value,
    });
  }

  /** Its rows for the table of requests. */
  get requests(): readonly RequestRow[] {
    return [{ method: "CONNECT", to: "hop", serve: (incoming, peerId) => this.connectHop(incoming, peerId) }];
  }

  /** Onward connections open or asked for now. */
  get carried(): number {
    return this.#carried.taken;
  }

  /** Proofs under way now. */
  get pendingProofs(): number {
    return this.#proven.pending;
  }

  /** Failed proofs of ways that only strangers name, within the last hour. */
  get failedProofsLastHour(): number {
    return this.#proven.failedLastHour;
  }

  /**
   * Serves `CONNECT <peerId>.byway.alt:443`. Throws ERR_HOP_UNKNOWN for an unknown peer, ERR_ADVERTISEMENT_*, ERR_STREAM_LIMIT,
   * and ERR_HOP_UNREACHABLE if the next hop does not prove itself, always with the same message.
   */
  async connectHop(incoming: IncomingStream, peerId: string): Promise<void> {
    const { link } = incoming;
    const shown = shownBy(incoming);
    const ending = new AbortController();
    let client: Duplex | undefined;
    const end = (reason: Error): void => {
      ending.abort(reason);
      if (client !== undefined) abortStream(client, reason);
    };
    const leave = (): void => end(abortReason(incoming.signal));
    using held = new DisposableStack();
    held.defer(this.#carried.take(link, end));
    held.defer(this.#toHop.take(peerId, link.remote, end));
    const connected = this.#waiting.take(link, end);
    held.defer(connected);
    if (incoming.signal.aborted) throw abortReason(incoming.signal);
    incoming.signal.addEventListener("abort", leave, { once: true });
    held.defer(() => incoming.signal.removeEventListener("abort", leave));
    const located = await this.#components.locate({ peerId, shown, askerAddress: link.remote }, ending.signal);
    const ways = located.ways.slice(0, RELAY_LIMITS.waysTried.value);
    held.defer(this.#return(link, ways));
    const onward = await this.#reach({ peerId, ways, link }, ending.signal);
    incoming.signal.removeEventListener("abort", leave);
    connected();
    client = incoming.accept();
    const { budget } = this.#components;
    await splice({ clock: this.#clock, budget, meter: link.meter, pace: link.pace }, client, onward);
  }

  #return({ remote }: LinkSession, ways: readonly Way[]): () => void {
    const release = this.#localNetwork ? () => {} : this.#returning.take(remote, ways);
    if (release !== undefined) return release;
    throw new BywayError("ERR_STREAM_LIMIT", "this relay sends no more streams back to their own address", {
      data: { by: "returning streams" },
    });
  }

  /** A connection to the hop, once it has proved itself. */
  async #reach(next: NextHop, signal: AbortSignal): Promise<Duplex> {
    const beganMs = this.#clock.monotonicMs();
    let limit: BywayError | undefined;
    let hasTried = false;
    let isTimed = false;
    // A way by which the peer has proved itself comes first: one that fails takes its whole time.
    const states = next.ways.map((way) => ({ way, state: this.#proven.stateOf(next.peerId, way) }));
    states.sort((one, other) => TURN[one.state] - TURN[other.state]);
    for (const [index, { way, state }] of states.entries()) {
      try {
        if (state !== "proven") {
          const waysLeft = states.length - index;
          await this.#prove({ ...next, way, waysLeft }, state, beganMs, signal);
        }
        return await this.#connect(next.peerId, way, signal);
      } catch (error) {
        if (signal.aborted) throw abortReason(signal);
        const known = toBywayError(error);
        if (known.code === "ERR_STREAM_LIMIT") limit ??= known;
        else {
          hasTried = true;
          isTimed ||= state === "unknown";
        }
      }
    }
    if (limit !== undefined && !hasTried) throw limit;
    // The duration must not show what was found by a way that only strangers name.
    if (isTimed)
      await pause(this.#clock, beganMs + RELAY_LIMITS.unknownProofMs.value - this.#clock.monotonicMs(), signal);
    throw new BywayError("ERR_HOP_UNREACHABLE", "the next hop did not prove itself", {
      data: { by: "proofs of next hops" },
    });
  }

  /** All ways that only strangers name together have one time limit, and share it. */
  async #prove(
    next: Pick<NextHop, "peerId" | "link"> & { readonly way: Way; readonly waysLeft: number },
    state: "known" | "unknown",
    beganMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { way, waysLeft, peerId, link } = next;
    const leftMs = beganMs + RELAY_LIMITS.unknownProofMs.value - this.#clock.monotonicMs();
    const ms = state === "known" ? RELAY_LIMITS.proofMs.value : leftMs / waysLeft;
    if (ms <= 0) throw new BywayError("ERR_HOP_TIMEOUT", "no time is left for this way");
    await this.#proven.prove({ peerId, way, link, isKnown: state === "known", ms }, signal);
  }

  async #connect(peerId: string, way: Way, signal: AbortSignal): Promise<Duplex> {
    using limit = deadline(
      this.#clock,
      RELAY_LIMITS.dialMs.value,
      () => new BywayError("ERR_HOP_TIMEOUT", "the next hop did not answer"),
      signal,
    );
    return await this.#components.dialler.reach(way, parsePeerId(peerId), limit.signal);
  }
}

function shownBy(incoming: IncomingStream): Uint8Array | undefined {
  const header = incoming.headers["byway-advertisement"];
  if (typeof header !== "string" || header === "") return undefined;
  if (header.length > RELAY_LIMITS.advertisementHeaderBytes.value) {
    throw new BywayError("ERR_ADVERTISEMENT_MALFORMED", "the byway-advertisement header is too long");
  }
  return Buffer.from(header, "base64url");
}
