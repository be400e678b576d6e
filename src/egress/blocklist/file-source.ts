import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Clock } from "../../core/clock.ts";
import { listFault } from "./list-fault.ts";
import type { ListSource, TakeList } from "./list-source.ts";

const GONE = "gone";

/** A list in a file of this machine. */
export class FileSource implements ListSource {
  readonly #clock: Clock;
  readonly #path: string;
  /** What the file looked like when it was last read, well or not. */
  #mark = "";

  constructor(components: { readonly clock: Clock }, path: string) {
    this.#clock = components.clock;
    this.#path = path;
  }

  restore(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async refresh(take: TakeList, asked: boolean, signal: AbortSignal): Promise<void> {
    // Before it is read: what is written meanwhile shows at the next look.
    this.#mark = GONE;
    const status = await stat(this.#path);
    this.#mark = markOf(status);
    // Reading a pipe or a device might never end.
    if (!status.isFile()) throw listFault("is no file");
    const chunks = createReadStream(this.#path, { signal }) as AsyncIterable<Uint8Array>;
    await take(chunks, { readAtMs: this.#clock.nowMs(), mayShrink: asked });
  }

  async hasChanged(): Promise<boolean> {
    const status = await stat(this.#path).catch(() => undefined);
    return (status === undefined ? GONE : markOf(status)) !== this.#mark;
  }
}

function markOf({
  mtimeMs,
  size,
  ino,
}: {
  readonly mtimeMs: number;
  readonly size: number;
  readonly ino: number;
}): string {
  return `${mtimeMs} ${size} ${ino}`;
}
