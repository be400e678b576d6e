import type { Circuit } from "./circuit.ts";
import { type Chooser, CircuitStock, type CircuitStockComponents } from "./circuit-stock.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/** The circuits built ahead for all sets of constraints that are in demand, within one bound for all. */
export class CircuitStocks {
  readonly #components: CircuitStockComponents;
  readonly #most: number;
  /** By the text of their constraints, least recently asked for first. */
  readonly #stocks = new Map<string, CircuitStock>();
  #isClosed = false;

  /** `most` circuits are held for one set of constraints; 0 builds none ahead. */
  constructor(components: CircuitStockComponents, options: { most: number }) {
    this.#components = components;
    this.#most = options.most;
  }

  /** Sets of constraints for which circuits are, or may be, built ahead. */
  get demands(): number {
    return this.#stocks.size;
  }

  /** Circuits held or being built. */
  get size(): number {
    return [...this.#stocks.values()].reduce((sum, stock) => sum + stock.size, 0);
  }

  /** Circuits held or being built for `constraints`. */
  sizeOf(constraints: string): number {
    return this.#stocks.get(constraints)?.size ?? 0;
  }

  /** Notes that circuits of `constraints` will be wanted, and builds them ahead; `asker` chooses their hops. */
  ask(constraints: string, asker: Chooser): void {
    const stock = this.#stocks.get(constraints) ?? new CircuitStock(this.#components, { most: this.#most, asker });
    this.#stocks.delete(constraints);
    this.#stocks.set(constraints, stock);
    this.#bound();
    stock.ask(asker);
    if (stock.size === 0) this.#restock(stock);
  }

  /** Hands over a circuit built for `constraints` that `fits`, and builds another; undefined when there is none. */
  take(constraints: string, fits: (circuit: Circuit) => boolean): Circuit | undefined {
    const stock = this.#stocks.get(constraints);
    if (stock === undefined) return undefined;
    const circuit = stock.take(fits);
    this.#restock(stock);
    return circuit;
  }

  /** Takes a circuit of `constraints` that nobody needs, or ends it where there is no room. */
  adopt(constraints: string, circuit: Circuit): void {
    const isKept = this.#stocks.get(constraints)?.adopt(circuit, this.#room) ?? false;
    if (!isKept) circuit.destroy();
  }

  /** Ends the circuits that go through `peer`. */
  leave(peer: string): void {
    for (const stock of this.#stocks.values()) stock.leave(peer);
  }

  /** Checks all circuits, builds what is missing, and forgets what nobody asks for any more. */
  check(): void {
    for (const [constraints, stock] of this.#stocks) {
      if (stock.forgotten) {
        stock.close();
        this.#stocks.delete(constraints);
        continue;
      }
      stock.check();
      this.#restock(stock);
    }
  }

  /** Ends all circuits, those being built too when they are done; builds no more. */
  close(): void {
    this.#isClosed = true;
    for (const stock of this.#stocks.values()) stock.close();
  }

  get #room(): number {
    return CIRCUIT_LIMITS.spares.value - this.size;
  }

  #restock(stock: CircuitStock): void {
    if (!this.#isClosed) stock.restock(this.#room);
  }

  /** Forgets the set of constraints that nobody asked for for longest; those with circuits are few (`spares`) and stay. */
  #bound(): void {
    if (this.#stocks.size <= CIRCUIT_LIMITS.demands.value) return;
    for (const [constraints, stock] of this.#stocks) {
      if (stock.size > 0) continue;
      this.#stocks.delete(constraints);
      return;
    }
  }
}
