import { linkedAbort } from "../../core/abort.ts";
import type { Clock } from "../../core/clock.ts";
import { systemCode } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import { type Fetch, type FetchedList, fetchList, type ListValidators } from "./fetch-list.ts";
import type { CopyWriter, ListCache } from "./list-cache.ts";
import type { ListSource, TakeList } from "./list-source.ts";

/** What a list that is fetched needs. */
export interface AddressSourceComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fetch: Fetch;
  /** Absent: nothing is kept on the disk. */
  readonly cache: ListCache | undefined;
}

/** A list at an http or https address, with a copy on the disk. */
export class AddressSource implements ListSource {
  readonly #components: AddressSourceComponents;
  readonly #name: string;
  readonly #address: string;
  #validators: ListValidators = {};
  /** Which copy was taken, and when it was last known to be the latest. */
  #fetchedAtMs = 0;
  #checkedAtMs = 0;

  /** `name` is the list's, for messages: an address may hold a secret. */
  constructor(components: AddressSourceComponents, name: string, address: string) {
    this.#components = components;
    this.#name = name;
    this.#address = address;
  }

  async restore(take: TakeList): Promise<number | undefined> {
    const copy = await this.#components.cache?.open(this.#address);
    if (copy === undefined) return undefined;
    await take(copy.chunks, { readAtMs: copy.fetchedAtMs, mayShrink: false });
    this.#note(copy.validators, copy.fetchedAtMs, copy.checkedAtMs);
    return this.#components.clock.nowMs() - copy.checkedAtMs;
  }

  async refresh(take: TakeList, asked: boolean, signal: AbortSignal): Promise<void> {
    if (!asked && (await this.#takeOthersCopy(take))) return;
    const { clock, cache } = this.#components;
    using fetching = linkedAbort(signal);
    const fetched = await fetchList(this.#components, this.#address, this.#validators, fetching.signal);
    const nowMs = clock.nowMs();
    if (fetched === undefined) {
      this.#checkedAtMs = nowMs;
      await cache?.confirm(this.#address);
      return;
    }
    try {
      await this.#takeFetched(take, fetched, nowMs);
    } finally {
      // What is not taken need not come.
      fetching.abort(undefined);
    }
    this.#note(fetched.validators, nowMs, nowMs);
  }

  hasChanged(): Promise<boolean> {
    return Promise.resolve(false);
  }

  #note(validators: ListValidators, fetchedAtMs: number, checkedAtMs: number): void {
    this.#validators = validators;
    this.#fetchedAtMs = fetchedAtMs;
    this.#checkedAtMs = checkedAtMs;
  }

  /** Another process of this node may have fetched it since: servers of lists want to be asked seldom. */
  async #takeOthersCopy(take: TakeList): Promise<boolean> {
    const facts = await this.#components.cache?.facts(this.#address);
    if (facts === undefined || facts.checkedAtMs <= this.#checkedAtMs) return false;
    if (facts.fetchedAtMs === this.#fetchedAtMs) this.#checkedAtMs = facts.checkedAtMs;
    else return (await this.restore(take).catch(() => undefined)) !== undefined;
    return true;
  }

  async #takeFetched(take: TakeList, fetched: FetchedList, nowMs: number): Promise<void> {
    let writer: CopyWriter | undefined;
    const forget = async (error: unknown): Promise<void> => {
      const reason = systemCode(error) || String(error);
      this.#components.logger.warn("no copy of a blocklist could be kept", { list: this.#name, reason });
      await writer?.close().catch(() => {});
      writer = undefined;
    };
    const begin = (): Promise<CopyWriter> | undefined =>
      this.#components.cache?.begin(this.#address, fetched.validators, nowMs);
    const copied = (async function* () {
      writer = await begin()?.catch(async (error) => {
        await forget(error);
        return undefined;
      });
      for await (const chunk of fetched.chunks) {
        await writer?.write(chunk).catch(forget);
        yield chunk;
      }
    })();
    try {
      await take(copied, { readAtMs: nowMs, mayShrink: false });
      await writer?.keep().catch(forget);
    } finally {
      await writer?.close().catch(() => {});
    }
  }
}
