import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import type { Link } from "../link/link.ts";
import { type OpenLinkOptions, openLink } from "../link/open-link.ts";
import { reachPeer } from "../link/reach-peer.ts";
import type { PeerDialler } from "../link/way-dialler.ts";
import { formatHopAuthority } from "../wire/hop-authority.ts";
import { type GuardLink, GuardLinks } from "./guard-links.ts";
import type { Hop } from "./hop.ts";
import { acceptedWithOwnWait } from "./retry-wait.ts";

/** The components of a link opener. */
export interface LinkOpenerComponents {
  readonly clock: Clock;
  readonly budget: ByteBudget;
  /** Reaches the first hop. */
  readonly dialler: PeerDialler;
  /** Draws how long a hop that asks for a pause gets no requests. */
  readonly random: Random;
}

/** How links are opened. */
export interface LinkOpenerOptions {
  /** Accept hops without post-quantum key exchange. Default false. */
  readonly allowClassical?: boolean;
}

/** Opens the link to one hop: dialled when it is the first, carried by the hop before it otherwise. */
export class LinkOpener {
  /** The links to first hops that circuits share. */
  readonly guardLinks: GuardLinks = new GuardLinks();
  readonly #components: LinkOpenerComponents;
  readonly #allowClassical: boolean;

  constructor(components: LinkOpenerComponents, options: LinkOpenerOptions = {}) {
    this.#components = components;
    this.#allowClassical = options.allowClassical ?? false;
  }

  /** The link to a first hop: a shared one when it is a guard, one of the circuit's own when it is the exit as well. */
  async first(hop: Hop, isGuard: boolean, signal: AbortSignal, onDialled: () => void): Promise<GuardLink> {
    const open = (until: AbortSignal): Promise<Link> =>
      reachPeer(this.#components, { ...this.#farEnd(hop, isGuard, until), ways: hop.ways, onConnected: onDialled });
    if (isGuard) return this.guardLinks.take(hop.peerId, open, signal);
    return { link: await open(signal), reused: false };
  }

  /** The link to `hop` inside a stream on the link `before`; `isCarrier` when a further hop follows. */
  async next(before: Link, hop: Hop, isCarrier: boolean, signal: AbortSignal, onAccepted: () => void): Promise<Link> {
    const pending = before.open({
      headers: {
        ":method": "CONNECT",
        ":authority": formatHopAuthority(hop.peerId),
        ...(hop.shown === undefined ? {} : { "byway-advertisement": Buffer.from(hop.shown).toString("base64url") }),
      },
      toward: "hop",
      signal,
    });
    // The handshake travels with the request: a refusal is the better reason when both fail.
    const handshake = openLink(this.#components, pending.stream, this.#farEnd(hop, isCarrier, signal));
    handshake.catch(() => {});
    await acceptedWithOwnWait(pending.accepted, this.#components.random);
    onAccepted();
    return handshake;
  }

  #farEnd({ peerId }: Hop, carrier: boolean, signal: AbortSignal): OpenLinkOptions & { signal: AbortSignal } {
    return { peerId, carrier, allowClassical: this.#allowClassical, signal };
  }
}
