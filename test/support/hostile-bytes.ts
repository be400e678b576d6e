import fc from "fast-check";
import { BywayError } from "../../src/core/errors.ts";

/** Calls `read` and lets BywayErrors go by: any other exception is a bug of the codec. */
export function onlyTypedErrors(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof BywayError) || error.code === "ERR_INTERNAL") throw error;
  }
}

/** Random bytes, and `samples` with some bytes replaced, put in, taken out or cut off. */
export function hostileBytes(samples: readonly Uint8Array[], maxLength = 300): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    at: fc.nat({ max: 4_096 }),
    remove: fc.integer({ min: 0, max: 3 }),
    insert: fc.uint8Array({ maxLength: 3 }),
  });
  const edited = fc
    .tuple(
      fc.constantFrom(...samples),
      fc.array(edit, { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat({ max: 1_024 })),
    )
    .map(([sample, edits, cut]) => {
      const bytes = [...sample];
      for (const { at, remove, insert } of edits) bytes.splice(at % (bytes.length + 1), remove, ...insert);
      return Uint8Array.from(bytes.slice(0, cut ?? undefined));
    });
  return fc.oneof({ weight: 1, arbitrary: fc.uint8Array({ maxLength }) }, { weight: 3, arbitrary: edited });
}

/** The bytes that hex digits, with spaces wherever they help, stand for. */
export function hex(digits: string): Uint8Array {
  return new Uint8Array(Buffer.from(digits.replaceAll(/\s/g, ""), "hex"));
}
