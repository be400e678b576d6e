import type { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";
import type { HostPort } from "../core/network-address.ts";
import type { Random } from "../core/random.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import type { Link } from "../link/link.ts";
import { openLink } from "../link/open-link.ts";
import { formatHopAuthority } from "../wire/hop-authority.ts";
import { type GuardLink, GuardLinks } from "./guard-links.ts";
import type { Hop } from "./hop.ts";
import { acceptedWithOwnWait } from "./retry-wait.ts";

/** Reaches the first hop. */
export interface FirstHopDialler {
  dial(endpoint: HostPort, signal?: AbortSignal): Promise<Duplex>;
}

/** What opening links takes. */
export interface LinkOpenerComponents {
  readonly clock: Clock;
  readonly budget: ByteBudget;
  readonly dialler: FirstHopDialler;
  /** Decides how long a hop that asks for it is left in peace. */
  readonly random: Random;
}

/** What an opener may vary. */
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
    const open = async (until: AbortSignal): Promise<Link> => {
      const raw = await this.#components.dialler.dial(hop.endpoint, until);
      onDialled();
      return this.#handshake(raw, hop, isGuard, until);
    };
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
    const handshake = this.#handshake(pending.stream, hop, isCarrier, signal);
    handshake.catch(() => {});
    await acceptedWithOwnWait(pending.accepted, this.#components.random);
    onAccepted();
    return handshake;
  }

  #handshake(raw: Duplex, hop: Hop, carrier: boolean, signal: AbortSignal): Promise<Link> {
    return openLink(this.#components, raw, {
      peerId: hop.peerId,
      carrier,
      allowClassical: this.#allowClassical,
      signal,
    });
  }
}
