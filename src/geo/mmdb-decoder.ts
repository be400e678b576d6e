import { geoFault } from "./geo-file.ts";
import { GEO_LIMITS } from "./limits.ts";
import type { PagedFile } from "./paged-file.ts";

/** A value of a MaxMind DB. Numbers above 2^53 lose their last digits; `bytes` and 128-bit integers are left out as null. */
export type MmdbValue = string | number | boolean | null | readonly MmdbValue[] | MmdbMap;

/** A map of a MaxMind DB. */
export type MmdbMap = ReadonlyMap<string, MmdbValue>;

/*
 * Control byte (MaxMind DB format 2.0, "Data Field Format"): type in 3 bits, size in 5.
 *
 *   type 0        the type is the next byte plus 7
 *   type 1        pointer: 2 bits of length, 3 bits of value, then 1-4 bytes
 *   size 0 … 28   itself
 *   size 29       29 + the next byte
 *   size 30       285 + the next 2 bytes
 *   size 31       65,821 + the next 3 bytes
 */
const POINTER = 1;
const POINTER_BASES = [0, 2_048, 526_336, 0];
const SIZE_BASES = [29, 285, 65_821];

/**
 * Reads values of the section that begins at `base` of a MaxMind DB. One reader serves one value and what it holds: values,
 * depth and text are bounded, so a file whose pointers run in circles, or fan out, ends in ERR_GEO_DATA and not in a hang.
 */
export class MmdbDecoder {
  readonly #file: PagedFile;
  readonly #base: number;
  #valuesLeft: number = GEO_LIMITS.mmdbValues.value;
  #offset = 0;

  constructor(file: PagedFile, base: number) {
    this.#file = file;
    this.#base = base;
  }

  /** The map at `offset` from the start of the file. Throws ERR_GEO_DATA if there is something else, or nonsense. */
  map(offset: number): MmdbMap {
    this.#offset = offset;
    const value = this.#value(0);
    if (!isMap(value)) throw geoFault(this.#file.path, "holds no map where one belongs");
    return value;
  }

  #value(depth: number): MmdbValue {
    if (--this.#valuesLeft < 0) throw geoFault(this.#file.path, "holds a record of too many values");
    if (depth > GEO_LIMITS.mmdbDepth.value)
      throw geoFault(this.#file.path, "holds values that lie too deep in each other");
    const control = this.#take(1);
    const short = control >> 5;
    if (short === POINTER) return this.#pointed(control, depth);
    const type = short === 0 ? 7 + this.#take(1) : short;
    return this.#ofType(type, this.#size(control & 31), depth);
  }

  #pointed(control: number, depth: number): MmdbValue {
    const width = (control >> 3) & 3;
    const high = width === 3 ? 0 : (control & 7) * 2 ** (8 * (width + 1));
    const target = this.#base + (POINTER_BASES[width] ?? 0) + high + this.#take(width + 1);
    const back = this.#offset;
    this.#offset = target;
    const value = this.#value(depth + 1);
    this.#offset = back;
    return value;
  }

  #size(bits: number): number {
    if (bits < 29) return bits;
    return (SIZE_BASES[bits - 29] ?? 0) + this.#take(bits - 28);
  }

  #ofType(type: number, size: number, depth: number): MmdbValue {
    switch (type) {
      case 2:
        return this.#text(size);
      case 3:
        return this.#double(size);
      case 4:
      case 10:
        this.#offset += size;
        return null;
      case 5:
      case 6:
      case 9:
        return this.#uint(size);
      case 7:
        return this.#map(size, depth);
      case 8:
        return this.#uint(size) | 0;
      case 11:
        return this.#list(size, depth);
      case 14:
        return size !== 0;
      case 15:
        return this.#float(size);
      default:
        throw geoFault(this.#file.path, `holds a value of the unknown type ${type}`);
    }
  }

  #take(bytes: number): number {
    const value = this.#file.uint(this.#offset, bytes);
    this.#offset += bytes;
    return value;
  }

  #uint(size: number): number {
    if (size > 8) throw geoFault(this.#file.path, "holds a number of more than 8 bytes");
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + this.#take(1);
    return value;
  }

  #raw(size: number): Buffer {
    const bytes = this.#file.bytes(this.#offset, size);
    this.#offset += size;
    return bytes;
  }

  #text(size: number): string {
    if (size > GEO_LIMITS.mmdbTextBytes.value) throw geoFault(this.#file.path, "holds a text that is too long");
    const text = this.#file.text(this.#offset, size);
    this.#offset += size;
    return text;
  }

  #double(size: number): number {
    if (size !== 8) throw geoFault(this.#file.path, "holds a double that is not 8 bytes long");
    return this.#raw(8).readDoubleBE(0);
  }

  #float(size: number): number {
    if (size !== 4) throw geoFault(this.#file.path, "holds a float that is not 4 bytes long");
    return this.#raw(4).readFloatBE(0);
  }

  #map(size: number, depth: number): MmdbMap {
    const map = new Map<string, MmdbValue>();
    for (let i = 0; i < size; i++) {
      const key = this.#value(depth + 1);
      if (typeof key !== "string") throw geoFault(this.#file.path, "holds a map with a key that is no text");
      map.set(key, this.#value(depth + 1));
    }
    return map;
  }

  #list(size: number, depth: number): readonly MmdbValue[] {
    const list: MmdbValue[] = [];
    for (let i = 0; i < size; i++) list.push(this.#value(depth + 1));
    return list;
  }
}

/** Whether `value` is a map. */
export function isMap(value: MmdbValue | undefined): value is MmdbMap {
  return value instanceof Map;
}
