/** Items that take turns. Adding, removing and turning cost the same however many there are. */
export class Ring<T> {
  readonly #ends: Seat<T> = new Seat<T>();
  #size = 0;

  /** How many items are in it. */
  get size(): number {
    return this.#size;
  }

  /** Whose turn it is. */
  get first(): T | undefined {
    return this.#ends.next.item;
  }

  /** Puts a seat that is in no ring behind all others. */
  push(seat: Seat<T>): void {
    const last = this.#ends.previous;
    seat.previous = last;
    seat.next = this.#ends;
    last.next = seat;
    this.#ends.previous = seat;
    this.#size += 1;
  }

  /** Takes a seat out; false when it was in no ring. */
  remove(seat: Seat<T>): boolean {
    if (seat.next === seat) return false;
    seat.previous.next = seat.next;
    seat.next.previous = seat.previous;
    seat.next = seat;
    seat.previous = seat;
    this.#size -= 1;
    return true;
  }
}

/** What an item sits on in a ring; made once for each item, and in one ring at a time. */
export class Seat<T> {
  readonly item: T | undefined;
  next: Seat<T> = this;
  previous: Seat<T> = this;

  constructor(item?: T) {
    this.item = item;
  }

  /** Whether it is in a ring. */
  get taken(): boolean {
    return this.next !== this;
  }
}
