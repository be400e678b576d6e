import type { AbortOptions, Stream, StreamCloseEvent, StreamMessageEvent } from "@libp2p/interface";
import { BywayError } from "../core/errors.ts";

/*
 * One message on a stream:
 *   1 … 3 bytes  length, unsigned varint (multiformats/unsigned-varint: seven bits a byte, lowest first)
 *   length       the message
 * and nothing after it.
 */
const MAX_LENGTH_BYTES = 3;

/**
 * Reads the one message of a stream's other side. Never holds more than `maxBytes` and a length.
 * Rejects with ERR_PEER_ANSWER where it is longer, cut, or followed by something, and with the signal's reason.
 */
export function readFrame(stream: Stream, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  let held = Buffer.alloc(0);
  const refuse = (what: string): void => reject(new BywayError("ERR_PEER_ANSWER", `the message ${what}`));
  const onMessage = ({ data }: StreamMessageEvent): void => {
    if (held.length + data.byteLength > maxBytes + MAX_LENGTH_BYTES) {
      refuse("is longer than allowed");
      return;
    }
    held = Buffer.concat([held, data.subarray()]);
    const length = readLength(held);
    if (length === "missing") return;
    if (length === "wrong" || length.value > maxBytes) {
      refuse("is longer than allowed");
      return;
    }
    const end = length.bytes + length.value;
    if (held.length > end) refuse("is followed by something");
    else if (held.length === end) resolve(new Uint8Array(held.subarray(length.bytes)));
  };
  const onEnd = (): void => refuse("was cut");
  const onClose = ({ error }: StreamCloseEvent): void => {
    reject(new BywayError("ERR_PEER_ANSWER", "the stream was reset", { cause: error }));
  };
  const onAbort = (): void => reject(signal.reason);
  stream.addEventListener("message", onMessage);
  stream.addEventListener("end", onEnd);
  stream.addEventListener("close", onClose);
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  else if (stream.readableEnded) onEnd();
  return promise.finally(() => {
    stream.removeEventListener("message", onMessage);
    stream.removeEventListener("end", onEnd);
    stream.removeEventListener("close", onClose);
    signal.removeEventListener("abort", onAbort);
  });
}

/** Sends one message and ends this side of the stream; resolves when all is handed to the connection. */
export async function writeFrame(stream: Stream, message: Uint8Array, options: AbortOptions): Promise<void> {
  stream.send(Buffer.concat([lengthBytes(message.length), message]));
  await stream.close(options);
}

function lengthBytes(length: number): Uint8Array {
  const bytes: number[] = [];
  let left = length;
  while (left > 0x7f) {
    bytes.push((left & 0x7f) | 0x80);
    left >>>= 7;
  }
  return Uint8Array.from([...bytes, left]);
}

function readLength(held: Uint8Array): { value: number; bytes: number } | "missing" | "wrong" {
  let value = 0;
  for (let at = 0; at < MAX_LENGTH_BYTES; at += 1) {
    const byte = held[at];
    if (byte === undefined) return "missing";
    value |= (byte & 0x7f) << (7 * at);
    // The last byte of a length in its shortest form is not zero.
    if (byte < 0x80) return byte === 0 && at > 0 ? "wrong" : { value, bytes: at + 1 };
  }
  return "wrong";
}
