import { type FileHandle, open } from "node:fs/promises";
import { ACCOUNTABILITY_LIMITS } from "./limits.ts";

/** One line of a file. */
export interface LogLine {
  /** Without its end; Latin-1, so that each character is one byte. Cut where it is longer than any record. */
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** Where in the file its first byte is. */
  readonly offset: number;
  /** Bytes in the file, with its end. */
  readonly bytes: number;
  /** Whether a line feed ends it; only the last line of a file can do without. */
  readonly isWhole: boolean;
}

const CHUNK_BYTES = 256 * 1024;
const LINE_FEED = 10;

/**
 * The lines of a file in groups, as far as it reaches when it is read; memory stays bounded whatever the file holds.
 * `file` is a path, or an open file that stays open. Throws Node's system errors.
 */
export async function* readLines(file: string | FileHandle): AsyncGenerator<readonly LogLine[]> {
  if (typeof file !== "string") return yield* linesOf(file);
  await using opened = await open(file, "r");
  yield* linesOf(opened);
}

async function* linesOf(file: FileHandle): AsyncGenerator<readonly LogLine[]> {
  const most = ACCOUNTABILITY_LIMITS.lineBytes.value;
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let offset = 0;
  let number = 1;
  let position = 0;
  let rest = "";
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, position);
    if (bytesRead === 0) break;
    const lines: LogLine[] = [];
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at !== -1 && at < bytesRead; at = chunk.indexOf(LINE_FEED, from)) {
      const text = rest + chunk.toString("latin1", from, Math.min(at, from + most));
      const bytes = position + at + 1 - offset;
      lines.push({ text, number, offset, bytes, isWhole: true });
      rest = "";
      offset += bytes;
      number += 1;
      from = at + 1;
    }
    if (rest.length <= most) rest += chunk.toString("latin1", from, Math.min(bytesRead, from + most + 1));
    position += bytesRead;
    if (lines.length > 0) yield lines;
  }
  if (position > offset) yield [{ text: rest, number, offset, bytes: position - offset, isWhole: false }];
}
