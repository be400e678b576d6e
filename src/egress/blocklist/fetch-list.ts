import { type LinkedAbort, linkedAbort } from "../../core/abort.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import { BLOCKLIST_LIMITS } from "./limits.ts";
import { listFault } from "./list-fault.ts";

/** What a server said of the copy that it sent, to be asked with next time (RFC 9110 §8.8). */
export interface ListValidators {
  readonly etag?: string;
  readonly lastModified?: string;
}

/** A list that is being fetched. `chunks` must be read to its end, or left early, before the next is fetched. */
export interface FetchedList {
  readonly validators: ListValidators;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Node's `fetch`, or what stands in for it. */
export type Fetch = (address: URL, init: RequestInit) => Promise<Response>;

/** Whether a source is an address to fetch, and not a path. */
export function isAddress(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/**
 * Fetches a list; undefined where it is the one that `known` says. Follows redirects to http and https, never from https to
 * http. Throws ERR_BLOCKLIST for other answers, for silence and for what takes too long (from `chunks` too), what `fetch`
 * throws, and the abort reason.
 */
export async function fetchList(
  { fetch, clock }: { readonly fetch: Fetch; readonly clock: Clock },
  source: string,
  known: ListValidators,
  signal: AbortSignal,
): Promise<FetchedList | undefined> {
  const patience = new Patience(clock, signal);
  try {
    const response = await followed(fetch, source, known, patience);
    if (response.status !== 304 || Object.keys(known).length === 0) {
      if (response.status !== 200 || response.body === null) {
        await response.body?.cancel();
        throw listFault(`cannot be fetched (status ${response.status})`);
      }
      return { validators: validatorsOf(response.headers), chunks: patient(response.body, patience) };
    }
    patience.end();
    return undefined;
  } catch (error) {
    patience.end();
    throw patience.signal.aborted ? patience.signal.reason : error;
  }
}

async function followed(fetch: Fetch, source: string, known: ListValidators, patience: Patience): Promise<Response> {
  let address = new URL(source);
  const headers = {
    accept: "text/plain, */*;q=0.5",
    ...(known.etag === undefined ? {} : { "if-none-match": known.etag }),
    ...(known.lastModified === undefined ? {} : { "if-modified-since": known.lastModified }),
  };
  for (let redirects = 0; ; redirects += 1) {
    const response = await fetch(address, { redirect: "manual", signal: patience.signal, headers });
    patience.renew();
    const location = response.headers.get("location");
    if (response.status < 300 || response.status > 399 || response.status === 304 || location === null) return response;
    await response.body?.cancel();
    if (redirects === BLOCKLIST_LIMITS.fetchRedirects.value) throw listFault("is redirected too often");
    const next = URL.canParse(location, address.href) ? new URL(location, address) : undefined;
    if (next === undefined || !isAddress(next.href)) throw listFault("is redirected to what is no http address");
    if (address.protocol === "https:" && next.protocol !== "https:")
      throw listFault("is redirected from https to http");
    address = next;
  }
}

async function* patient(body: AsyncIterable<Uint8Array>, patience: Patience): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of body) {
      patience.signal.throwIfAborted();
      patience.rest();
      yield chunk;
      patience.renew();
    }
  } catch (error) {
    throw patience.signal.aborted ? patience.signal.reason : error;
  } finally {
    patience.end();
  }
}

function validatorsOf(headers: Headers): ListValidators {
  const [etag, lastModified] = ["etag", "last-modified"].map((name) => headers.get(name) ?? "");
  const isKept = (value = ""): boolean => value !== "" && value.length <= BLOCKLIST_LIMITS.headerBytes.value;
  return {
    ...(etag !== undefined && isKept(etag) ? { etag } : {}),
    ...(lastModified !== undefined && isKept(lastModified) ? { lastModified } : {}),
  };
}

/** A signal that aborts after silence, after too long, and with its parent. */
class Patience {
  readonly #clock: Clock;
  readonly #linked: LinkedAbort;
  readonly #whole: Timer;
  #silence: Timer | undefined;

  constructor(clock: Clock, parent: AbortSignal) {
    this.#clock = clock;
    this.#linked = linkedAbort(parent);
    this.#whole = clock.after(BLOCKLIST_LIMITS.fetchMs.value, () => this.#give("took too long to fetch"));
    this.renew();
  }

  get signal(): AbortSignal {
    return this.#linked.signal;
  }

  /** Waits for the server from now on. */
  renew(): void {
    this.#silence?.cancel();
    const { value } = BLOCKLIST_LIMITS.fetchSilenceMs;
    this.#silence = this.#clock.after(value, () => this.#give("stopped coming"));
  }

  /** Waits for the taker, who may be as slow as it likes. */
  rest(): void {
    this.#silence?.cancel();
  }

  end(): void {
    this.rest();
    this.#whole.cancel();
    this.#linked[Symbol.dispose]();
  }

  #give(why: string): void {
    this.#linked.abort(listFault(why));
  }
}
