import { withAbort } from "../core/abort.ts";
import { BywayError } from "../core/errors.ts";
import type { Circuit } from "./circuit.ts";
import type { CircuitBuilder } from "./circuit-builder.ts";
import type { Hop } from "./hop.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

interface Entry {
  readonly circuit: Promise<Circuit>;
  built: Circuit | undefined;
}

/**
 * Keeps one circuit per isolation key: streams share a circuit only when their keys are equal.
 * Concurrent askers of one key share one build.
 */
export class CircuitPool {
  readonly #builder: CircuitBuilder;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  /** Every circuit that is not closed yet, those included that left `#entries` and only finish their streams. */
  readonly #open = new Set<Circuit>();
  readonly #stop = new AbortController();

  constructor(components: { builder: CircuitBuilder }) {
    this.#builder = components.builder;
  }

  /** Circuits open or being built. */
  get size(): number {
    return this.#entries.size;
  }

  /** The usable circuit of `key`, built through `plan()` when there is none. Throws what planning or building throws. */
  circuit(key: string, plan: () => readonly Hop[], signal?: AbortSignal): Promise<Circuit> {
    if (this.#stop.signal.aborted) return Promise.reject(new BywayError("ERR_STOPPED", "the client has stopped"));
    const known = this.#entries.get(key);
    if (known !== undefined && known.built?.usable !== false) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return withAbort(known.circuit, signal);
    }
    return withAbort(this.#build(key, plan), signal);
  }

  /** Ends all circuits. */
  async stop(): Promise<void> {
    this.#stop.abort(new BywayError("ERR_STOPPED", "the client has stopped"));
    await Promise.allSettled([...this.#entries.values()].map((entry) => entry.circuit));
    const circuits = [...this.#open];
    for (const circuit of circuits) circuit.destroy();
    await Promise.all(circuits.map((circuit) => circuit.closed));
  }

  async #build(key: string, plan: () => readonly Hop[]): Promise<Circuit> {
    const entry: Entry = {
      built: undefined,
      circuit: Promise.resolve()
        .then(() => this.#builder.build(plan(), this.#stop.signal))
        .then((circuit) => this.#keep(circuit)),
    };
    this.#entries.set(key, entry);
    this.#evict();
    const forget = (): void => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    };
    try {
      const circuit = await entry.circuit;
      entry.built = circuit;
      void circuit.closed.then(forget);
      return circuit;
    } catch (error) {
      forget();
      throw error;
    }
  }

  #keep(circuit: Circuit): Circuit {
    this.#open.add(circuit);
    void circuit.closed.then(() => this.#open.delete(circuit));
    return circuit;
  }

  /** Makes room by closing the circuit that was unused for longest. */
  #evict(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= CIRCUIT_LIMITS.circuits.value) return;
      if (entry.built === undefined) continue;
      this.#entries.delete(key);
      entry.built.close();
    }
  }
}
