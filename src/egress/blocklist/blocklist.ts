import type { Clock } from "../../core/clock.ts";
import { BywayError } from "../../core/errors.ts";
import { parseAddressRange } from "./address-range.ts";
import { BLOCKLIST_LIMITS } from "./limits.ts";
import { type ListContent, ListGatherer, type ListRoom } from "./list-content.ts";
import { listFault } from "./list-fault.ts";
import type { BlocklistStatus } from "./list-match.ts";
import type { TakenFacts } from "./list-source.ts";
import type { HashSeed } from "./name-hash.ts";
import { parseBlocklist } from "./parse-blocklist.ts";
import { normaliseListedName } from "./read-list-line.ts";
import { finishSteps } from "./steps.ts";
import { unpackedBytes } from "./unpacked-bytes.ts";

/** One blocklist: what it names now, and how its latest refresh went. */
export class Blocklist {
  readonly name: string;
  readonly #clock: Clock;
  readonly #seed: HashSeed;
  readonly #except: ListContent;
  #content: ListContent | undefined;
  #readAtMs = 0;
  #reason: string | undefined;

  /** Throws ERR_CONFIG_VALUE for an exception that is neither a name nor a range of addresses. */
  constructor(
    components: { readonly clock: Clock; readonly seed: HashSeed },
    options: { readonly name: string; readonly except: readonly string[] },
  ) {
    this.name = options.name;
    this.#clock = components.clock;
    this.#seed = components.seed;
    this.#except = readExceptions(options.name, options.except, components.seed);
  }

  /** How many entries it has. */
  get entries(): number {
    return this.#content?.entries ?? 0;
  }

  /** What its names take in memory. */
  get nameBytes(): number {
    return this.#content?.names.bytes ?? 0;
  }

  /** Whether nothing was ever loaded. */
  get isMissing(): boolean {
    return this.#content === undefined;
  }

  /** The name on the list that `name` is, or is below. */
  findName(name: string): string | undefined {
    const entry = this.#content?.names.find(name);
    return entry === undefined || this.#except.names.find(name) !== undefined ? undefined : entry;
  }

  /** The range on the list that `address` is in. */
  findAddress(address: string): string | undefined {
    const entry = this.#content?.addresses.find(address);
    return entry === undefined || this.#except.addresses.find(address) !== undefined ? undefined : entry;
  }

  /** Reads `chunks`, packed or not, and puts what they name in the place of what it had. Throws why not. */
  async take(
    chunks: AsyncIterable<Uint8Array>,
    { readAtMs, mayShrink }: TakenFacts,
    options: { readonly room: ListRoom; readonly signal: AbortSignal },
  ): Promise<void> {
    const content = await parseBlocklist(this.#clock, unpackedBytes(chunks), { ...options, seed: this.#seed });
    const least = this.entries < BLOCKLIST_LIMITS.fewEntries.value ? 0 : this.entries / 2;
    if (!mayShrink && content.entries < least)
      throw listFault(`has shrunk from ${this.entries} entries to ${content.entries}`);
    this.#content = content;
    this.#readAtMs = readAtMs;
  }

  /** Notes how the latest refresh went; `reason` says why it failed. */
  note(reason: string | undefined): void {
    this.#reason = reason;
  }

  status(): BlocklistStatus {
    const content = this.#content;
    return {
      name: this.name,
      state: content === undefined ? "missing" : this.#reason === undefined ? "loaded" : "stale",
      entries: this.entries,
      unread: content?.unread ?? 0,
      ...(content === undefined ? {} : { loadedAt: new Date(this.#readAtMs).toISOString() }),
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
    };
  }
}

function readExceptions(list: string, except: readonly string[], seed: HashSeed): ListContent {
  const gatherer = new ListGatherer({ entries: except.length, nameBytes: Number.POSITIVE_INFINITY });
  for (const text of except) {
    const range = parseAddressRange(text);
    const name = normaliseListedName(text.replace(/^(?:\*\.|\.)/, ""));
    if (range !== undefined) gatherer.range(range);
    else if (name !== undefined) gatherer.name(name, true);
    else
      throw new BywayError(
        "ERR_CONFIG_VALUE",
        `the exception ${JSON.stringify(text)} of the blocklist ${list} is neither a name nor a range of addresses`,
      );
  }
  return finishSteps(gatherer.content(seed, 0));
}
