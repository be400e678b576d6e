import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { BLOCKLIST_LIMITS } from "./limits.ts";
import { listFault } from "./list-fault.ts";

/**
 * The bytes of a list, unpacked where they are gzip. Throws ERR_BLOCKLIST for more
 * than `sourceBytes`, packed or not, and what zlib or the source throws. `chunks` is ended early when the taker stops.
 */
export async function* unpackedBytes(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const source = bounded(chunks)[Symbol.asyncIterator]();
  try {
    let head: Uint8Array = new Uint8Array();
    while (head.length < 2) {
      const next = await source.next();
      if (next.done === true) break;
      head = Buffer.concat([head, next.value]);
    }
    const all = (async function* () {
      yield head;
      yield* { [Symbol.asyncIterator]: () => source };
    })();
    if (head[0] !== 0x1f || head[1] !== 0x8b) {
      yield* all;
      return;
    }
    yield* bounded(pipeline(Readable.from(all, { objectMode: false }), createGunzip(), () => {}));
  } finally {
    await source.return?.();
  }
}

async function* bounded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let total = 0;
  for await (const chunk of chunks) {
    total += chunk.length;
    const { value } = BLOCKLIST_LIMITS.sourceBytes;
    if (total > value) throw listFault(`is larger than ${value} bytes`);
    yield chunk;
  }
}
