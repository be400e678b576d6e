const SUBSCRIPTION = 1;
const MESSAGE = 2;
const CONTROL = 3;
const SKIPPED: Readonly<Record<number, number>> = { 1: 8, 5: 4 };
const VARINT_BYTES = 10;

/**
 * Counts what one gossip frame asks for while it arrives, before anybody decodes it (libp2p pubsub and gossipsub RPC):
 *
 *   field 1  subscription, bytes      each an entry
 *   field 2  message, bytes           a message
 *   field 3  control, bytes           each field in it an entry: IHAVE, IWANT, GRAFT, PRUNE, IDONTWANT
 */
export class GossipFrame {
  /** Subscriptions and control entries so far. */
  entries = 0;
  messages = 0;
  #isMalformed = false;
  #phase: "tag" | "length" | "number" = "tag";
  #field = 0;
  #value = 0;
  #valueBytes = 0;
  /** Bytes of a field that are passed over. */
  #skip = 0;
  /** Bytes of the control field that are still to come. */
  #control = 0;

  /** Reads the next bytes of the frame. */
  read(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && !this.#isMalformed) {
      const isControl = this.#control > 0;
      const step = this.#skip > 0 ? Math.min(this.#skip, bytes.length - at) : 1;
      if (isControl) this.#control -= step;
      if (this.#skip > 0) this.#skip -= step;
      else this.#readByte(bytes[at] ?? 0, isControl);
      // No field goes on after the end of the one that it is in.
      if (isControl && this.#control < this.#skip + Number(!this.#isBetweenFields)) this.#isMalformed = true;
      at += step;
    }
  }

  /** Whether the whole frame is empty, says nothing that is known, or cannot be decoded. */
  get isJunk(): boolean {
    const isWhole = this.#isBetweenFields && this.#skip === 0 && this.#control === 0;
    return this.#isMalformed || !isWhole || this.entries + this.messages === 0;
  }

  get #isBetweenFields(): boolean {
    return this.#phase === "tag" && this.#valueBytes === 0;
  }

  #readByte(byte: number, isControl: boolean): void {
    this.#value += (byte & 0x7f) * 128 ** this.#valueBytes;
    this.#valueBytes += 1;
    if (byte >= 0x80) {
      this.#isMalformed = this.#valueBytes >= VARINT_BYTES;
      return;
    }
    const value = this.#value;
    this.#value = 0;
    this.#valueBytes = 0;
    if (this.#phase === "tag") this.#readTag(value);
    else if (this.#phase === "length") this.#readField(value, isControl);
    else this.#phase = "tag";
  }

  #readTag(tag: number): void {
    const type = tag % 8;
    this.#field = Math.floor(tag / 8);
    this.#skip = SKIPPED[type] ?? 0;
    if (type === 0) this.#phase = "number";
    else if (type === 2) this.#phase = "length";
    else this.#isMalformed = this.#skip === 0;
  }

  #readField(length: number, isControl: boolean): void {
    this.#phase = "tag";
    if (!isControl && this.#field === CONTROL) {
      this.#control = length;
      return;
    }
    if (isControl || this.#field === SUBSCRIPTION) this.entries += 1;
    else if (this.#field === MESSAGE) this.messages += 1;
    this.#skip = length;
  }
}
