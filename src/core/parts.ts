import { BywayError } from "./errors.ts";

/** Something that runs from `start` to `stop`. One that runs since it was made has no `start`. */
export interface Part {
  start?(): unknown;
  /** Settles when all that the part owns has ended. Called once. */
  stop?(): unknown;
}

/** What a client or a node is made of, by name. Parts start in the order in which they were added and stop in the opposite one. */
export class Parts {
  readonly #parts: (readonly [name: string, part: Part])[] = [];
  readonly #stops = new AsyncDisposableStack();
  #stopped: Promise<void> | undefined;

  /** Adds a part, which is stopped with the others from now on, whether it was started or not. */
  add<P extends Part>(name: string, part: P): P {
    this.#parts.push([name, part]);
    this.#stops.defer(async () => void (await part.stop?.()));
    return part;
  }

  /** Starts the parts. A BywayError that one of them throws is told with the name of that part. */
  async start(): Promise<void> {
    for (const [name, part] of this.#parts) {
      try {
        await part.start?.();
      } catch (error) {
        throw error instanceof BywayError ? error.with({ part: name }) : error;
      }
    }
  }

  /** Stops the parts, all of them, also where one cannot be stopped. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stops.disposeAsync();
    return this.#stopped;
  }
}

/** Has `make` add parts and starts them. Where either fails, what was added is stopped and the error is thrown. */
export async function startParts<T>(make: (parts: Parts) => T | Promise<T>): Promise<T> {
  await using made = new AsyncDisposableStack();
  const parts = made.adopt(new Parts(), (unfinished) => unfinished.stop());
  const whole = await make(parts);
  await parts.start();
  made.move();
  return whole;
}
