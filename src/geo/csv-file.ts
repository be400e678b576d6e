import type { ParsedIp } from "../core/ip-address.ts";
import { type AddressKey, addressKey, isIpv6Key, readAddressKey } from "./address-key.ts";
import { type CsvColumns, csvRecord, guessColumns, headerColumns } from "./csv-columns.ts";
import { csvFields } from "./csv-line.ts";
import {
  type GeoFamily,
  type GeoFile,
  type GeoFileCheck,
  type GeoFileFacts,
  type GeoKind,
  geoFault,
} from "./geo-file.ts";
import type { GeoRecord } from "./geo-record.ts";
import { GEO_LIMITS } from "./limits.ts";
import type { PagedFile } from "./paged-file.ts";

// A few milliseconds of work.
const TURN_EVERY = 2_000;
const NEWLINE = 0x0a;
const COMMA = 0x2c;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
// "255.255.255.255," and no more.
const LONGEST_IPV4 = 16;

/** One line of the file: where it and the next one begin, and its text. */
interface Line {
  readonly start: number;
  readonly next: number;
  readonly text: string;
}

/** One range of addresses and what the file says of it. */
interface CsvRange {
  readonly first: AddressKey;
  readonly last: AddressKey;
  readonly fields: readonly string[];
}

/**
 * A CSV file of ranges, `first,last,…` in rising order, addresses in text or as decimal numbers: searched in place by halving,
 * so that it costs no memory however long it is. Where the lines do not rise, answers are wrong or missing, and `check` tells.
 */
export class CsvFile implements GeoFile {
  readonly facts: GeoFileFacts;
  readonly #file: PagedFile;
  readonly #columns: CsvColumns;
  /** Where the first range begins. */
  readonly #bodyStart: number;
  /** Whether decimal numbers are IPv6 addresses. */
  readonly #isIpv6: boolean;

  /**
   * Owns `file` from here on, unless it throws ERR_GEO_DATA: not a CSV file of ranges. `kind` settles what a file without a
   * header holds.
   */
  constructor(file: PagedFile, kind?: GeoKind) {
    this.#file = file;
    const head = this.#lineAt(0);
    const fields = csvFields(head.text.replace(/^\uFEFF/, ""));
    const named = fields && headerColumns(fields);
    const columns = named ?? (fields && guessColumns(fields, kind));
    if (columns === undefined) throw geoFault(file.path, "is neither an MMDB nor a CSV file of address ranges");
    this.#columns = columns;
    this.#bodyStart = named === undefined ? 0 : head.next;
    if (this.#bodyStart >= file.size) throw geoFault(file.path, "has a header and nothing else");
    const last = this.#lineAt(this.#lastLineStart());
    // Numbers of IPv4 end below 2^32; the last line of an IPv6 file is far above.
    this.#isIpv6 = /^"?\d{11,39}"?,/.test(last.text);
    const family = this.#family(this.#range(this.#lineAt(this.#bodyStart)), this.#range(last));
    this.facts = {
      path: file.path,
      format: "csv",
      family,
      bytes: file.size,
      dateMs: file.modifiedMs,
      title: undefined,
    };
  }

  lookup({ bytes }: ParsedIp): GeoRecord | undefined {
    if (this.facts.family === (bytes.length === 4 ? "ipv6" : "ipv4")) return undefined;
    const key = addressKey(bytes);
    let low = this.#bodyStart;
    let high = this.#file.size;
    let best: number | undefined;
    // The line sought begins at `best`, or in [low, high).
    while (low < high) {
      const middle = low + Math.floor((high - low) / 2);
      const start = middle === low ? low : this.#afterNewline(middle - 1);
      if (start < high && this.#firstKeyAt(start) <= key) {
        best = start;
        low = this.#afterNewline(start);
      } else {
        high = middle;
      }
    }
    if (best === undefined) return undefined;
    const range = this.#range(this.#lineAt(best));
    return range.first <= key && key <= range.last ? csvRecord(range.fields, this.#columns) : undefined;
  }

  /** Every range must be one and begin after the one before. Overlaps pass, as published files have some; the later counts. */
  async check(signal: AbortSignal): Promise<GeoFileCheck> {
    const fields = new Set<string>();
    let records = 0;
    let before: AddressKey = -1;
    for (let at = this.#bodyStart; at < this.#file.size; records++) {
      const line = this.#lineAt(at);
      const range = this.#range(line);
      const { first, last } = range;
      if (last < first || first <= before || isIpv6Key(first) !== isIpv6Key(last)) {
        throw geoFault(this.#file.path, `has ranges out of order, at byte ${at}`);
      }
      for (const field of Object.keys(csvRecord(range.fields, this.#columns) ?? {})) fields.add(field);
      before = first;
      at = line.next;
      if (records % TURN_EVERY === 0) await new Promise(setImmediate);
      signal.throwIfAborted();
    }
    return { records, fields };
  }

  close(): void {
    this.#file.close();
  }

  #family(first: CsvRange, last: CsvRange): GeoFamily {
    if (!isIpv6Key(last.first)) return "ipv4";
    return isIpv6Key(first.first) ? "ipv6" : "both";
  }

  #firstKeyAt(start: number): AddressKey {
    // Twenty lines are looked at for one address, so the common form is read without making a text of it.
    const key = this.#isIpv6 ? undefined : this.#ipv4KeyAt(start);
    if (key !== undefined) return key;
    const line = this.#lineAt(start);
    const read = readAddressKey(
      line.text.slice(0, Math.max(line.text.indexOf(","), 0)).replaceAll('"', ""),
      this.#isIpv6,
    );
    if (read === undefined) throw this.#noRange(line);
    return read;
  }

  /** The number at `start`, decimal or dotted; undefined for every other form. */
  #ipv4KeyAt(start: number): number | undefined {
    let total = 0;
    let part = 0;
    const end = Math.min(start + LONGEST_IPV4, this.#file.size);
    for (let at = start; at < end; at++) {
      const byte = this.#file.byte(at);
      if (byte >= ZERO && byte <= NINE) part = part * 10 + (byte - ZERO);
      else if (byte === COMMA) return total + part;
      else if (byte !== DOT) return undefined;
      else {
        total = (total + part) * 256;
        part = 0;
      }
    }
    return undefined;
  }

  #range(line: Line): CsvRange {
    const fields = csvFields(line.text);
    const read = (column: "start" | "end"): AddressKey | undefined => {
      const text = fields?.[this.#columns.indexOf(column)];
      return text === undefined ? undefined : readAddressKey(text, this.#isIpv6);
    };
    const first = read("start");
    const last = read("end");
    if (fields === undefined || first === undefined || last === undefined) throw this.#noRange(line);
    return { first, last, fields };
  }

  #noRange(line: Line): Error {
    return geoFault(this.#file.path, `has a line that is no range of addresses, at byte ${line.start}`);
  }

  /** Where the line after the one that holds `offset` begins. */
  #afterNewline(offset: number): number {
    const end = Math.min(this.#file.size, offset + GEO_LIMITS.csvLineBytes.value);
    for (let at = offset; at < end; at++) if (this.#file.byte(at) === NEWLINE) return at + 1;
    if (end === this.#file.size) return end;
    throw geoFault(this.#file.path, "has a line that is too long");
  }

  #lineAt(start: number): Line {
    const next = this.#afterNewline(start);
    return { start, next, text: this.#file.text(start, next - start).replace(/\r?\n$/, "") };
  }

  #lastLineStart(): number {
    const { size } = this.#file;
    const from = Math.max(this.#bodyStart, size - GEO_LIMITS.csvLineBytes.value);
    const newline = this.#file.bytes(from, size - 1 - from).lastIndexOf(NEWLINE);
    return newline === -1 ? this.#bodyStart : from + newline + 1;
  }
}
