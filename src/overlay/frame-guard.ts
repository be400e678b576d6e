import { BywayError } from "../core/errors.ts";
import type { ConnectionMeter, Metered } from "./connection-meter.ts";
import { GossipFrame } from "./gossip-frame.ts";

/** What a guard needs of a libp2p stream or connection: all of them have it, though their interfaces do not say so. */
interface Guarded {
  onData(data: Chunk): void;
  abort(error: Error): void;
}
type Chunk = Uint8Array | { subarray(): Uint8Array };

const LENGTH_BYTES = 3;
/** No line that is looked for is longer. */
const LINE_BYTES = 160;
/** Lines in the choice of a protocol: a greeting, and a few that are not spoken here. */
const LINES = 8;
/** Control entries and subscriptions of one gossip frame; an honest one has three for each of eight topics. */
const ENTRIES = 64;

/** What is read on a stream or connection, and what it may cost. */
export interface FrameGuardOptions {
  /** The longest frame. */
  readonly maxBytes: number;
  /** Lines after which nothing is looked at any more. */
  readonly freeAfter: ReadonlySet<string>;
  /** Lines after which gossip frames come. After any other one message comes, and no more. */
  readonly gossipAfter?: ReadonlySet<string>;
  /** Counts for the whole connection; nothing is counted without it. */
  readonly meter?: Pick<ConnectionMeter, "take">;
}

/**
 * Watches the framing of what arrives. Whatever libp2p reads, from the choice of a protocol on, is a row of lengths
 * (unsigned varints) and that many bytes, until a line names a protocol whose bytes are free.
 *
 * libp2p's own reader takes a length that does not end for one that is not complete, and tries again after every byte:
 * 140 KB/s of 0xff keep a core busy. Here such a length ends the stream at its fourth byte. Small frames cost as much as
 * large ones: all are counted, and of gossip also what they ask for.
 *
 *   lines ──a protocol──► one message
 *     ├──one of freeAfter──► free
 *     └──one of gossipAfter──► gossip
 */
export class FrameGuard {
  readonly #options: FrameGuardOptions;
  #state: "lines" | "ended" | "gossip" | "free" = "lines";
  #lines = 0;
  #length = 0;
  #lengthBytes = 0;
  /** Bytes of the frame that are still to come. */
  #left = 0;
  #line: number[] = [];
  #gossip = new GossipFrame();

  constructor(options: FrameGuardOptions) {
    this.#options = options;
  }

  /** Whether `chunk` may follow what came before. */
  allows(chunk: Uint8Array): boolean {
    let at = 0;
    while (this.#state !== "free" && at < chunk.length) {
      const end = Math.min(chunk.length, at + Math.max(1, this.#left));
      const isAllowed = this.#left > 0 ? this.#read(chunk.subarray(at, end)) : this.#readLength(chunk[at] ?? 0);
      if (!isAllowed) return false;
      at = end;
    }
    return true;
  }

  #readLength(byte: number): boolean {
    this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes;
    this.#lengthBytes += 1;
    if (byte >= 0x80) return this.#lengthBytes < LENGTH_BYTES;
    if (this.#length > this.#options.maxBytes) return false;
    this.#left = this.#length;
    this.#length = 0;
    this.#lengthBytes = 0;
    return this.#left > 0 || this.#endFrame();
  }

  #read(bytes: Uint8Array): boolean {
    if (this.#state === "gossip") {
      this.#gossip.read(bytes);
      if (!this.#take("gossipBytes", bytes.length)) return false;
    } else if (this.#line.length + bytes.length <= LINE_BYTES) this.#line.push(...bytes);
    this.#left -= bytes.length;
    return this.#left > 0 || this.#endFrame();
  }

  #endFrame(): boolean {
    if (this.#state === "gossip") return this.#endGossip();
    const text = Buffer.from(this.#line).toString("latin1");
    this.#line = [];
    if (!this.#take("frames", 1) || this.#state === "ended") return false;
    if (!/^(\/.*|na)\n$/s.test(text)) this.#state = "ended";
    else if (this.#options.freeAfter.has(text.trimEnd())) this.#state = "free";
    else if (this.#options.gossipAfter?.has(text.trimEnd()) === true) this.#state = "gossip";
    this.#lines += 1;
    return this.#lines <= LINES;
  }

  #endGossip(): boolean {
    const { entries, messages, isJunk } = this.#gossip;
    this.#gossip = new GossipFrame();
    if (messages > 0 && !this.#take("gossipMessages", messages)) return false;
    // An honest peer passes on each message in a frame of its own.
    const count = messages > 0 ? entries : 1 + entries;
    return this.#take("gossip", count) && ((!isJunk && entries <= ENTRIES) || this.#take("junk", 1));
  }

  #take(what: Metered, count: number): boolean {
    return this.#options.meter?.take(what, count) ?? true;
  }
}

/** Puts a guard before everything that arrives on a stream or connection of libp2p's. */
export function guardFrames(target: object, guard: FrameGuard): void {
  const stream = target as Guarded;
  const take = stream.onData.bind(stream);
  stream.onData = (data) => {
    if (guard.allows(data.subarray())) take(data);
    else stream.abort(new BywayError("ERR_DIRECTORY_MESSAGE", "what arrived is not framed"));
  };
}
