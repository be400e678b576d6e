/** The stream ids that were added last. Its memory is taken at the first. */
export class RecentIds {
  readonly #most: number;
  #ids: Int32Array | undefined;
  #next = 0;

  constructor(most: number) {
    this.#most = most;
  }

  add(id: number): void {
    this.#ids ??= new Int32Array(this.#most);
    this.#ids[this.#next] = id;
    this.#next = (this.#next + 1) % this.#most;
  }

  has(id: number): boolean {
    return this.#ids?.includes(id) === true;
  }
}
