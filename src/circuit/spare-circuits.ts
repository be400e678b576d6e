import type { Circuit } from "./circuit.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";
import { type Chooser, SpareSet, type SpareSetComponents } from "./spare-set.ts";

/** The spare circuits for all sets of constraints in demand, with one bound for all. */
export class SpareCircuits {
  readonly #components: SpareSetComponents;
  readonly #most: number;
  /** By the text of their constraints, least recently asked for first. */
  readonly #sets = new Map<string, SpareSet>();
  #isClosed = false;

  /** `most` circuits are held for one set of constraints; 0 builds none ahead. */
  constructor(components: SpareSetComponents, options: { most: number }) {
    this.#components = components;
    this.#most = options.most;
  }

  /** Sets of constraints for which circuits are, or may be, built ahead. */
  get demands(): number {
    return this.#sets.size;
  }

  /** Circuits held or being built. */
  get size(): number {
    return [...this.#sets.values()].reduce((sum, set) => sum + set.size, 0);
  }

  /** Circuits held or being built for `constraints`. */
  sizeOf(constraints: string): number {
    return this.#sets.get(constraints)?.size ?? 0;
  }

  /** Notes that circuits of `constraints` will be wanted, and builds them ahead; `asker` chooses their hops. */
  ask(constraints: string, asker: Chooser): void {
    const set = this.#sets.get(constraints) ?? new SpareSet(this.#components, { most: this.#most, asker });
    this.#sets.delete(constraints);
    this.#sets.set(constraints, set);
    this.#bound();
    set.ask(asker);
    if (set.size === 0) this.#restock(set);
  }

  /** Hands over a circuit built for `constraints` that `fits`, and builds another; undefined when there is none. */
  take(constraints: string, fits: (circuit: Circuit) => boolean): Circuit | undefined {
    const set = this.#sets.get(constraints);
    if (set === undefined) return undefined;
    const circuit = set.take(fits);
    this.#restock(set);
    return circuit;
  }

  /** Takes over a circuit of `constraints` that nobody needs, or ends it if there is no room. */
  adopt(constraints: string, circuit: Circuit): void {
    const isKept = this.#sets.get(constraints)?.adopt(circuit, this.#room) ?? false;
    if (!isKept) circuit.destroy();
  }

  /** Ends the circuits that go through `peer`. */
  leave(peer: string): void {
    for (const set of this.#sets.values()) set.leave(peer);
  }

  /** Checks all circuits, builds what is missing, and forgets what nobody asks for any more. */
  check(): void {
    for (const [constraints, set] of this.#sets) {
      if (set.forgotten) {
        set.close();
        this.#sets.delete(constraints);
        continue;
      }
      set.check();
      this.#restock(set);
    }
  }

  /** Ends all circuits, those being built too when they are done; builds no more. */
  close(): void {
    this.#isClosed = true;
    for (const set of this.#sets.values()) set.close();
  }

  get #room(): number {
    return CIRCUIT_LIMITS.spares.value - this.size;
  }

  #restock(set: SpareSet): void {
    if (!this.#isClosed) set.restock(this.#room);
  }

  /** Forgets the constraints that were not asked for for the longest time. Sets with circuits are few (`spares`) and stay. */
  #bound(): void {
    if (this.#sets.size <= CIRCUIT_LIMITS.demands.value) return;
    for (const [constraints, set] of this.#sets) {
      if (set.size > 0) continue;
      this.#sets.delete(constraints);
      return;
    }
  }
}
