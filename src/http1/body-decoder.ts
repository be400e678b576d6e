import type { RawHeaders } from "./fields.ts";

/** Finds the end of a message's body, and what of its bytes is content. */
export interface BodyDecoder {
  /** Whether the body is over and nothing after it is a part of it. */
  readonly isDone: boolean;
  /** Whether every reader would have found the same content so far. */
  readonly isClean: boolean;
  /** The fields behind the body; whole when `isDone`. */
  readonly trailers: RawHeaders;
  /** Bytes that it keeps: of lines before chunks, and of fields behind the body. */
  readonly kept: number;
  /** Takes bytes from the start of `bytes`, gives content to `onContent` in order, and returns how many it took. */
  decode(bytes: Buffer, onContent: (content: Buffer) => void): number;
  /** Says that no more bytes come; whether the body is whole. */
  end(): boolean;
}
