/** What an entry counts beside its name and value (RFC 7541 §4.1). */
export const ENTRY_BYTES = 32;

/** How many entries may have left before their places are given up. */
const MOST_LEFT = 64;

/** The dynamic table of one direction (RFC 7541 §2.3.2): newest first, the oldest leave when there is no room. */
export class DynamicTable {
  /** Oldest first; those before `#first` have left. */
  readonly #names: string[] = [];
  readonly #values: string[] = [];
  #first = 0;
  #bytes = 0;
  #mostBytes: number;

  /** `mostBytes` bounds the sum of names, values and ENTRY_BYTES for each. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** How many entries it has. */
  get length(): number {
    return this.#names.length - this.#first;
  }

  /** The sum that is bounded. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The name of an entry; 0 is the newest. */
  name(index: number): string {
    return this.#names[this.#names.length - 1 - index] ?? "";
  }

  /** Its value. */
  value(index: number): string {
    return this.#values[this.#values.length - 1 - index] ?? "";
  }

  /** Adds an entry (§4.4). One that is larger than the table empties it, and is no error. */
  add(name: string, value: string): void {
    const bytes = ENTRY_BYTES + name.length + value.length;
    this.#evict(this.#mostBytes - bytes);
    if (bytes > this.#mostBytes) return;
    this.#names.push(name);
    this.#values.push(value);
    this.#bytes += bytes;
  }

  /** Changes the bound (§4.3). */
  resize(mostBytes: number): void {
    this.#mostBytes = mostBytes;
    this.#evict(mostBytes);
  }

  #evict(leftBytes: number): void {
    while (this.#bytes > leftBytes && this.length > 0) {
      this.#bytes -= ENTRY_BYTES + this.name(this.length - 1).length + this.value(this.length - 1).length;
      this.#names[this.#first] = this.#values[this.#first] = "";
      this.#first += 1;
    }
    // Not for each that leaves: a block can replace thousands.
    if (this.#first < MOST_LEFT) return;
    this.#names.splice(0, this.#first);
    this.#values.splice(0, this.#first);
    this.#first = 0;
  }
}
