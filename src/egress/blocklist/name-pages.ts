const PAGE_BITS = 20;
const PAGE_BYTES = 1 << PAGE_BITS;
const HEAD_BYTES = 2;
const BELOW = 1;

/**
 * Names, one behind the other, in pages of 1 MiB, so that growing never copies what is there.
 *
 *     byte 0      length of the name, 1 to 253; 0 ends a page
 *     byte 1      1: all names below it count too
 *     bytes 2…    the name
 *
 * A place is a page's number and an offset in it, as one number of 32 bits.
 */
export class NamePages {
  readonly #pages: Uint8Array[] = [];
  #used = PAGE_BYTES;

  /** What the pages take in memory. */
  get bytes(): number {
    return this.#pages.length * PAGE_BYTES;
  }

  /** Adds a name of 1 to 253 characters of ASCII; its place. */
  add(name: string, below: boolean): number {
    if (this.#used + HEAD_BYTES + name.length > PAGE_BYTES) {
      this.#pages.push(new Uint8Array(PAGE_BYTES));
      this.#used = 0;
    }
    const place = ((this.#pages.length - 1) << PAGE_BITS) | this.#used;
    const page = this.#page(place);
    page[this.#used] = name.length;
    page[this.#used + 1] = below ? BELOW : 0;
    let at = this.#used + HEAD_BYTES;
    for (let i = 0; i < name.length; i += 1) page[at++] = name.charCodeAt(i);
    this.#used = at;
    return place >>> 0;
  }

  /** The places of all names, in the order in which they were added. */
  *places(): Generator<number, void> {
    for (const [number, page] of this.#pages.entries()) {
      let offset = 0;
      for (;;) {
        const length = offset + HEAD_BYTES < PAGE_BYTES ? (page[offset] ?? 0) : 0;
        if (length === 0) break;
        yield ((number << PAGE_BITS) | offset) >>> 0;
        offset += HEAD_BYTES + length;
      }
    }
  }

  /** The name at a place. */
  nameAt(place: number): string {
    const offset = (place & (PAGE_BYTES - 1)) + HEAD_BYTES;
    const page = this.#page(place);
    return Buffer.from(page.buffer, offset, page[offset - HEAD_BYTES]).toString("latin1");
  }

  /** Whether the name at `place` is what `name` has from `from` to its end. */
  isEnd(place: number, name: string, from: number): boolean {
    const page = this.#page(place);
    let at = place & (PAGE_BYTES - 1);
    if (page[at] !== name.length - from) return false;
    at += HEAD_BYTES;
    for (let i = from; i < name.length; i += 1) if (page[at++] !== name.charCodeAt(i)) return false;
    return true;
  }

  /** Whether names below the one at `place` count too. */
  countsBelow(place: number): boolean {
    return this.#page(place)[(place & (PAGE_BYTES - 1)) + 1] === BELOW;
  }

  /** Makes names below the one at `place` count too. */
  widen(place: number): void {
    this.#page(place)[(place & (PAGE_BYTES - 1)) + 1] = BELOW;
  }

  #page(place: number): Uint8Array {
    return this.#pages[place >>> PAGE_BITS] ?? new Uint8Array(PAGE_BYTES);
  }
}
