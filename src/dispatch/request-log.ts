import type { Clock } from "../core/clock.ts";
import { forgetOldest } from "../core/forget-oldest.ts";
import type { Random } from "../core/random.ts";
import type { ObservationWatch } from "../trust/observation.ts";
import { DISPATCH_LIMITS } from "./limits.ts";
import { type BegunRequest, LoggedRequest } from "./logged-request.ts";
import type { RequestRecord } from "./request-record.ts";

/**
 * The latest requests of a client, open ones too. In memory only, since targets are private. When it is full
 * the one that began first goes; a request that is still open goes on, unseen.
 */
export class RequestLog {
  readonly #components: { readonly clock: Clock; readonly random: Random };
  /** By id, in the order in which they began. */
  readonly #requests = new Map<string, LoggedRequest>();

  constructor(components: { readonly clock: Clock; readonly random: Random }) {
    this.#components = components;
  }

  /** Lists a request; the caller notes in the entry what becomes of it. */
  begin(fields: BegunRequest): LoggedRequest {
    const request = this.unlisted(fields);
    this.#requests.set(request.id, request);
    forgetOldest(this.#requests, DISPATCH_LIMITS.loggedRequests.value);
    return request;
  }

  /** An entry that the log does not list: of a request that is planned and never goes out. */
  unlisted(fields: BegunRequest): LoggedRequest {
    return new LoggedRequest(this.#components, makeRequestId(this.#components.random), fields);
  }

  /** Notes the hops that fail while a circuit is built for a request. */
  readonly watch: ObservationWatch = ({ peerId, during }) => {
    if (during !== undefined) this.#requests.get(during.requestId)?.attempted(peerId, during.error);
  };

  /** The latest `limit` requests, the last one first. */
  recent(limit: number): readonly RequestRecord[] {
    if (limit <= 0) return [];
    return [...this.#requests.values()]
      .slice(-limit)
      .reverse()
      .map((request) => request.record());
  }

  /** The request of that id, in any spelling of `readRequestId`. */
  get(id: string): RequestRecord | undefined {
    return this.#requests.get(readRequestId(id) ?? "")?.record();
  }
}

/** Crockford's base32 (crockford.com/base32.html): no I, L, O and U, so that an id can be read out. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH = 12;

/** A name for a request: 12 characters, 60 bits of chance. */
export function makeRequestId(random: Random): string {
  return Array.from(random.bytes(LENGTH), (byte) => ALPHABET.charAt(byte & 31)).join("");
}

/** The id in a text of any case, with O for 0 and I or L for 1; undefined if the text is no id. */
export function readRequestId(text: string): string | undefined {
  // Without `u`, so that letters which only fold into these are none.
  if (!/^[0-9a-tv-z]{12}$/i.test(text)) return undefined;
  return text.toUpperCase().replaceAll("O", "0").replaceAll(/[IL]/g, "1");
}
