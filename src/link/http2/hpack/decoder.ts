import { LINK_LIMITS } from "../../limits.ts";
import { BlockReader, compressionError } from "./block-reader.ts";
import { DynamicTable, ENTRY_BYTES } from "./dynamic-table.ts";
import { STATIC_NAMES, STATIC_VALUES } from "./static-table.ts";

/** Bounds of one decoder. */
export interface HpackDecoderOptions {
  /** Bytes of the dynamic table (RFC 7541 §4.1), as we advertise them. Default `headerTableBytes`. */
  readonly tableBytes?: number | undefined;
  /** The longest header list as RFC 9113 §6.5.2 counts it. Default `headerListBytes`. */
  readonly listBytes?: number | undefined;
  /** Most fields of a list. Default `headerPairs`. */
  readonly pairs?: number | undefined;
}

/*
 * The first byte of a representation (RFC 7541 §6):
 *   1iiiiiii  a field of a table                    §6.1
 *   01iiiiii  a literal that joins the table        §6.2.1
 *   001sssss  a new size of the table               §6.3
 *   0001iiii  a literal that never joins a table    §6.2.3
 *   0000iiii  a literal that does not join it       §6.2.2
 * A literal with index 0 has a name of its own.
 */

/**
 * Decodes the header blocks of one direction of a connection, in their order (RFC 7541). Huffman strings and the dynamic
 * table are there, since a peer may use both before it has read our SETTINGS.
 */
export class HpackDecoder {
  readonly #reader = new BlockReader();
  readonly #table: DynamicTable;
  readonly #tableBytes: number;
  readonly #mostBytes: number;
  readonly #mostPairs: number;
  #fields: string[] = [];
  #pairs = 0;
  #listBytes = 0;

  constructor(options: HpackDecoderOptions = {}) {
    this.#tableBytes = options.tableBytes ?? LINK_LIMITS.headerTableBytes.value;
    this.#table = new DynamicTable(this.#tableBytes);
    this.#mostBytes = options.listBytes ?? LINK_LIMITS.headerListBytes.value;
    this.#mostPairs = options.pairs ?? LINK_LIMITS.headerPairs.value;
  }

  /** Size of the last list as RFC 9113 §6.5.2 counts it, beyond the bound too. */
  get listBytes(): number {
    return this.#listBytes;
  }

  /** What the dynamic table holds now, as RFC 7541 §4.1 counts it. */
  get tableBytes(): number {
    return this.#table.bytes;
  }

  /**
   * Names and values by turns, as they came: bytes as latin1, nothing checked (that is `fieldFault`). Undefined where the list
   * passes a bound: the table is right all the same, so only the stream need be refused.
   * Throws Http2Error COMPRESSION_ERROR (scope connection) for what breaks RFC 7541; the decoder is of no use afterwards.
   */
  decode(bytes: Uint8Array, start: number, end: number): string[] | undefined {
    const fields: string[] = [];
    this.#fields = fields;
    this.#pairs = this.#listBytes = 0;
    const reader = this.#reader;
    reader.begin(bytes, start, end);
    while (reader.hasMore) this.#read(reader.byte());
    reader.release();
    return this.#isTooLong ? undefined : fields;
  }

  get #isTooLong(): boolean {
    return this.#listBytes > this.#mostBytes || this.#pairs > this.#mostPairs;
  }

  #read(first: number): void {
    if (first >= 0x80) this.#emitIndexed(this.#reader.integer(first, 0x7f));
    else if (first >= 0x40) this.#readLiteral(this.#reader.integer(first, 0x3f), true);
    else if (first >= 0x20) this.#resize(this.#reader.integer(first, 0x1f));
    else this.#readLiteral(this.#reader.integer(first, 0x0f), false);
  }

  #emitIndexed(index: number): void {
    const name = this.#nameAt(index);
    const isStatic = index < STATIC_NAMES.length;
    this.#emit(name, isStatic ? (STATIC_VALUES[index] ?? "") : this.#table.value(index - STATIC_NAMES.length));
  }

  #readLiteral(index: number, joins: boolean): void {
    const name = index === 0 ? this.#reader.string() : this.#nameAt(index);
    const value = this.#reader.string();
    if (joins) this.#table.add(name, value);
    this.#emit(name, value);
  }

  /** The two tables have one row of indexes: the static one, then the dynamic one, newest first (§2.3.3). */
  #nameAt(index: number): string {
    const name = STATIC_NAMES[index];
    if (name !== undefined && index > 0) return name;
    const dynamic = index - STATIC_NAMES.length;
    if (dynamic < 0 || dynamic >= this.#table.length) throw compressionError(`no table has a field ${index}`);
    return this.#table.name(dynamic);
  }

  #resize(bytes: number): void {
    if (this.#pairs > 0) throw compressionError("the size of the table changes behind a field");
    if (bytes > this.#tableBytes) throw compressionError(`the table gets ${bytes} bytes of ${this.#tableBytes}`);
    this.#table.resize(bytes);
  }

  #emit(name: string, value: string): void {
    this.#pairs += 1;
    this.#listBytes += ENTRY_BYTES + name.length + value.length;
    // What is refused anyway is counted, and not kept: an index of one byte can stand for 4 KiB.
    if (!this.#isTooLong) this.#fields.push(name, value);
  }
}
