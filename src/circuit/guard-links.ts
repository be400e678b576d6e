import { abortReason, withAbort } from "../core/abort.ts";
import { BywayError } from "../core/errors.ts";
import type { PeerId } from "../identity/peer-id.ts";
import type { Link } from "../link/link.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/** A link to a first hop, which other circuits may be using too. */
export interface GuardLink {
  readonly link: Link;
  /** Whether it was open already: it may have gone stale unseen. */
  readonly reused: boolean;
}

/**
 * The links to first hops: one to each guard, shared by all circuits that begin there.
 *
 * A guard learns by that that these circuits are one client's. It knows this from the client's address anyway, and it sees
 * neither exits nor targets. The link of a circuit's exit is never shared.
 */
export class GuardLinks {
  /** The link that new circuits use, by guard. */
  readonly #links = new Map<PeerId, Link>();
  readonly #opening = new Map<PeerId, Promise<Link>>();
  /** Every link that is not closed yet. */
  readonly #open = new Set<Link>();
  readonly #stop = new AbortController();

  /**
   * The link to `guard`, made by `open` if there is none with room; concurrent askers share one, and `open` is taken back only
   * by `stop`. Throws what `open` throws, the abort reason, or ERR_STOPPED.
   */
  async take(guard: PeerId, open: (signal: AbortSignal) => Promise<Link>, signal: AbortSignal): Promise<GuardLink> {
    if (signal.aborted || this.#stop.signal.aborted) throw abortReason(signal.aborted ? signal : this.#stop.signal);
    const known = this.#links.get(guard);
    if (known !== undefined && hasRoom(known)) return { link: known, reused: true };
    let opening = this.#opening.get(guard);
    if (opening === undefined) {
      opening = open(this.#stop.signal)
        .then((link) => this.#keep(guard, link))
        .finally(() => this.#opening.delete(guard));
      this.#opening.set(guard, opening);
    }
    return { link: await withAbort(opening, signal), reused: false };
  }

  /** Lets new circuits use another link to `guard`, since this one failed; those that use it go on. */
  drop(guard: PeerId, link: Link): void {
    if (this.#links.get(guard) === link) this.#links.delete(guard);
    link.close();
  }

  /** As `drop`, for whichever link to `guard` new circuits would use. */
  leave(guard: string): void {
    for (const [peer, link] of this.#links) if (peer === guard) this.drop(peer, link);
  }

  /** Ends all links and what runs over them. */
  async stop(): Promise<void> {
    this.#stop.abort(new BywayError("ERR_STOPPED", "the client has stopped"));
    await Promise.allSettled(this.#opening.values());
    const links = [...this.#open];
    for (const link of links) link.destroy();
    await Promise.all(links.map((link) => link.closed));
  }

  #keep(guard: PeerId, link: Link): Link {
    // Circuits of a link that is full or worn finish on it; it goes when it is idle.
    this.#links.set(guard, link);
    this.#open.add(link);
    void link.closed.then(() => {
      this.#open.delete(link);
      if (this.#links.get(guard) === link) this.#links.delete(guard);
    });
    return link;
  }
}

function hasRoom(link: Link): boolean {
  return (
    link.room > 0 &&
    link.streams < CIRCUIT_LIMITS.circuitsPerGuardLink.value &&
    link.bytes < CIRCUIT_LIMITS.circuitBytes.value
  );
}
