import { withAbort } from "../../core/abort.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import { BywayError, systemCode } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import { type Random, systemRandom } from "../../core/random.ts";
import { HOUR_MS } from "../../core/units.ts";
import { AddressSource } from "./address-source.ts";
import { Blocklist } from "./blocklist.ts";
import { type Fetch, isAddress } from "./fetch-list.ts";
import { FileSource } from "./file-source.ts";
import { BLOCKLIST_LIMITS } from "./limits.ts";
import { ListCache } from "./list-cache.ts";
import { toListFault } from "./list-fault.ts";
import type { BlocklistStatus, ListMatch, ListMatcher } from "./list-match.ts";
import type { ListSource } from "./list-source.ts";
import type { HashSeed } from "./name-hash.ts";

/** One list as the operator names it. */
export interface BlocklistOptions {
  /** What refusals and counts call it. */
  readonly name: string;
  /** A path, or an http or https address. */
  readonly source: string;
  /** How often it is read again; 24 by default. A file is also read when it changes. */
  readonly refreshHours?: number | undefined;
  /** Names, with all below them, and ranges of addresses that this list does not count for. */
  readonly except?: readonly string[] | undefined;
}

/** What blocklists need. */
export interface BlocklistsComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The operating system's by default. */
  readonly random?: Random | undefined;
  /** Node's own by default. Addresses are dialled as they are: they are the operator's choice, no stranger's. */
  readonly fetch?: Fetch | undefined;
  /** Called after every reading of a list, well or not. */
  readonly onChange?: (() => void) | undefined;
}

interface Entry {
  readonly list: Blocklist;
  readonly source: ListSource;
  readonly refreshMs: number;
  dueMs: number;
  failures: number;
  isQueued: boolean;
}

/**
 * The operator's blocklists: reads them, keeps them fresh and says who is on them. One list is read at a time, in short
 * steps, while what was read before goes on to count.
 */
export class Blocklists implements ListMatcher {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #random: Random;
  readonly #onChange: () => void;
  readonly #cache: ListCache | undefined;
  readonly #entries: readonly Entry[];
  readonly #stopping = new AbortController();
  #work: Promise<void> = Promise.resolve();
  #started: Promise<void> | undefined;
  #timer: Timer | undefined;

  /** Throws ERR_CONFIG_VALUE for exceptions that cannot be read. Nothing is opened before `start`. */
  constructor(
    components: BlocklistsComponents,
    options: { readonly lists: readonly BlocklistOptions[]; readonly cacheDirectory?: string | undefined },
  ) {
    const { clock, logger, random = systemRandom, fetch = globalThis.fetch, onChange = () => {} } = components;
    this.#clock = clock;
    this.#logger = logger;
    this.#random = random;
    this.#onChange = onChange;
    const { cacheDirectory } = options;
    this.#cache = cacheDirectory === undefined ? undefined : new ListCache({ clock, random }, cacheDirectory);
    const sourceOf = ({ name, source }: BlocklistOptions): ListSource =>
      isAddress(source)
        ? new AddressSource({ clock, logger, fetch, cache: this.#cache }, name, source)
        : new FileSource({ clock }, source);
    const [a = 0, b = 0] = new Uint32Array(Uint8Array.from(random.bytes(8)).buffer);
    const seed: HashSeed = [a, b];
    this.#entries = options.lists.map((each) => ({
      list: new Blocklist({ clock, seed }, { name: each.name, except: each.except ?? [] }),
      source: sourceOf(each),
      refreshMs: (each.refreshHours ?? BLOCKLIST_LIMITS.refreshHours.value) * HOUR_MS,
      dueMs: 0,
      failures: 0,
      isQueued: false,
    }));
  }

  /** The lists of which nothing was ever loaded: an exit stays closed while there is one. */
  get missing(): readonly string[] {
    return this.#entries.filter(({ list }) => list.isMissing).map(({ list }) => list.name);
  }

  /**
   * Reads every list once: a file, the copy that was kept of an address while it is young enough, or the address. Settles when
   * all were tried; how they fared is in `status`. Never throws.
   */
  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  /** Reads all lists again, files that shrank too; settles with how each fared. Throws the abort reason. */
  async reload(signal?: AbortSignal): Promise<readonly BlocklistStatus[]> {
    await withAbort(Promise.all(this.#entries.map((entry) => this.#refresh(entry, true))), signal);
    return this.status();
  }

  /** Every list, in the operator's order. */
  status(): readonly BlocklistStatus[] {
    return this.#entries.map(({ list }) => list.status());
  }

  matchName(name: string): ListMatch | undefined {
    for (const { list } of this.#entries) {
      const entry = list.findName(name);
      if (entry !== undefined) return { list: list.name, entry };
    }
    return undefined;
  }

  matchAddress(address: string): ListMatch | undefined {
    for (const { list } of this.#entries) {
      const entry = list.findAddress(address);
      if (entry !== undefined) return { list: list.name, entry };
    }
    return undefined;
  }

  /** Ends all reading. What was read goes on to count. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#stopping.abort(new BywayError("ERR_STOPPED", "the node is stopping"));
    await this.#started;
    await this.#work;
  }

  async #start(): Promise<void> {
    await this.#cache?.prepare().catch((error) => {
      const reason = systemCode(error) || String(error);
      this.#logger.warn("blocklists cannot be kept on the disk", { reason });
    });
    // Copies first: one server that does not answer must not keep the others' lists waiting.
    await Promise.all(this.#entries.map((entry) => this.#restore(entry)));
    const nowMs = this.#clock.monotonicMs();
    await Promise.all(this.#entries.filter(({ dueMs }) => dueMs <= nowMs).map((entry) => this.#refresh(entry, false)));
    if (this.#stopping.signal.aborted) return;
    this.#timer = this.#clock.every(BLOCKLIST_LIMITS.lookMs.value, () => {
      for (const entry of this.#entries) void this.#look(entry);
    });
  }

  async #look(entry: Entry): Promise<void> {
    if (entry.dueMs <= this.#clock.monotonicMs() || (await entry.source.hasChanged()))
      await this.#refresh(entry, false);
  }

  #restore(entry: Entry): Promise<void> {
    const { source, list } = entry;
    return this.#queue(async () => {
      const ageMs = await source.restore(this.#takerOf(entry), this.#stopping.signal).catch((error) => {
        const reason = toListFault(error).message;
        this.#logger.warn("the copy of a blocklist cannot be used", { list: list.name, reason });
        return undefined;
      });
      // A clock that was set back says nothing of the age.
      if (ageMs !== undefined && ageMs >= 0)
        entry.dueMs = this.#clock.monotonicMs() + Math.max(0, this.#period(entry) - ageMs);
    }, entry);
  }

  async #refresh(entry: Entry, asked: boolean): Promise<void> {
    if (entry.isQueued && !asked) return;
    entry.isQueued = true;
    await this.#queue(async () => {
      entry.isQueued = false;
      await entry.source.refresh(this.#takerOf(entry), asked, this.#stopping.signal);
      entry.failures = 0;
      entry.dueMs = this.#clock.monotonicMs() + this.#period(entry);
      entry.list.note(undefined);
    }, entry);
  }

  /** Does `work` after all that was asked for before. */
  #queue(work: () => Promise<void>, entry: Entry): Promise<void> {
    const { signal } = this.#stopping;
    this.#work = this.#work.then(async () => {
      if (signal.aborted) return;
      try {
        await work();
      } catch (error) {
        if (signal.aborted) return;
        this.#fail(entry, error);
      }
      this.#onChange();
    });
    return this.#work;
  }

  #fail(entry: Entry, error: unknown): void {
    const { list } = entry;
    list.note(toListFault(error).message);
    const { retryMs, longestRetryMs } = BLOCKLIST_LIMITS;
    const longestMs = Math.min(longestRetryMs.value, entry.refreshMs);
    const delayMs = Math.min(longestMs, retryMs.value * 2 ** Math.min(entry.failures, 20));
    entry.failures += 1;
    entry.dueMs = this.#clock.monotonicMs() + delayMs * (0.75 + this.#random.float() / 2);
    const { state, entries, reason } = list.status();
    this.#logger.warn("a blocklist could not be refreshed", { list: list.name, state, entries, reason });
  }

  /** The time to the next refresh, a little different each time, so that not all nodes ask at once. */
  #period({ refreshMs }: Entry): number {
    return refreshMs * (0.9 + this.#random.float() / 5);
  }

  #takerOf({ list }: Entry): Parameters<ListSource["refresh"]>[0] {
    return (chunks, facts) => {
      const others = this.#entries.map((entry) => entry.list).filter((other) => other !== list);
      const room = {
        entries: BLOCKLIST_LIMITS.entries.value - others.reduce((sum, other) => sum + other.entries, 0),
        nameBytes: BLOCKLIST_LIMITS.nameBytes.value - others.reduce((sum, other) => sum + other.nameBytes, 0),
      };
      return list.take(chunks, facts, { room, signal: this.#stopping.signal });
    };
  }
}
