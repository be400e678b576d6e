import type { ParsedIp } from "../core/ip-address.ts";
import { type GeoFamily, type GeoFile, type GeoFileCheck, type GeoFileFacts, geoFault } from "./geo-file.ts";
import type { GeoRecord } from "./geo-record.ts";
import { GEO_LIMITS } from "./limits.ts";
import { MmdbDecoder, type MmdbMap } from "./mmdb-decoder.ts";
import { mmdbRecord } from "./mmdb-record.ts";
import type { PagedFile } from "./paged-file.ts";

const MARKER: Uint8Array = Buffer.from("\xab\xcd\xefMaxMind.com", "latin1");
const SEPARATOR_BYTES = 16;
// IPv4 addresses stand at ::/96 of a tree of IPv6 addresses.
const IPV4_DEPTH = 96;
// A few milliseconds of work.
const TURN_EVERY = 256;

interface Tree {
  readonly nodes: number;
  /** Bits of each of the two records of a node. */
  readonly recordBits: 24 | 28 | 32;
  readonly nodeBytes: number;
  readonly isIpv6: boolean;
  /** Where the data section begins in the file. */
  readonly dataStart: number;
  /** Where it ends: at the marker of the metadata. */
  readonly dataEnd: number;
}

/**
 * A MaxMind DB (format 2.0) that is read in place: opening it costs its last 128 KiB, a look-up some pages.
 * The file is hostile until proven otherwise: offsets are checked, and what one look-up reads is bounded.
 */
export class MmdbFile implements GeoFile {
  readonly facts: GeoFileFacts;
  readonly #file: PagedFile;
  readonly #tree: Tree;
  readonly #ipv4Start: number;
  /** Records by their place in the file, since many addresses share one. */
  readonly #records = new Map<number, GeoRecord | undefined>();

  /** Owns `file` from here on, unless it throws ERR_GEO_DATA: not a MaxMind DB, or one that contradicts itself. */
  constructor(file: PagedFile) {
    this.#file = file;
    const { metadata, markerOffset } = readMetadata(file);
    this.#tree = readTree(file, metadata, markerOffset);
    this.#ipv4Start = this.#tree.isIpv6 ? this.#descend(new Uint8Array(16), IPV4_DEPTH, 0) : 0;
    const type = metadata.get("database_type");
    const epoch = metadata.get("build_epoch");
    this.facts = {
      path: file.path,
      format: "mmdb",
      family: this.#family(),
      bytes: file.size,
      dateMs: typeof epoch === "number" && epoch > 0 && epoch < 2 ** 40 ? epoch * 1000 : file.modifiedMs,
      title: typeof type === "string" ? type.replaceAll(/[^ -~]/g, "").slice(0, 64) : undefined,
    };
  }

  /** Whether the end of `file` says that it is a MaxMind DB. */
  static recognises(file: PagedFile): boolean {
    return findMarker(file) !== undefined;
  }

  lookup({ bytes }: ParsedIp): GeoRecord | undefined {
    const isIpv4 = bytes.length === 4;
    if (!isIpv4 && !this.#tree.isIpv6) return undefined;
    return this.#leafRecord(this.#descend(bytes, bytes.length * 8, isIpv4 ? this.#ipv4Start : 0));
  }

  /** The record that a value of the tree stands for; undefined for the value that stands for none. */
  #leafRecord(found: number): GeoRecord | undefined {
    const { nodes, dataStart, dataEnd } = this.#tree;
    if (found === nodes) return undefined;
    if (found < nodes) throw geoFault(this.#file.path, "has a tree deeper than an address");
    const offset = dataStart + (found - nodes - SEPARATOR_BYTES);
    if (offset < dataStart || offset >= dataEnd) throw geoFault(this.#file.path, "points to a place outside itself");
    return this.#record(offset);
  }

  /**
   * Looks up addresses all over both families, and then walks the tree from its lowest address, so that a file that has a few
   * networks only is seen as well.
   */
  async check(signal: AbortSignal): Promise<GeoFileCheck> {
    const fields = new Set<string>();
    let records = 0;
    const count = (record: GeoRecord | undefined): void => {
      if (record === undefined) return;
      records++;
      for (const field of Object.keys(record)) fields.add(field);
    };
    const most = GEO_LIMITS.checkedAddresses.value;
    for (let i = 0; i < most; i++) {
      for (const bytes of spreadAddresses(i)) count(this.lookup({ bytes, zone: undefined }));
      if (i % TURN_EVERY === 0) await new Promise(setImmediate);
      signal.throwIfAborted();
    }
    for (const value of this.#firstLeaves(most)) count(this.#leafRecord(value));
    return { records, fields };
  }

  close(): void {
    this.#records.clear();
    this.#file.close();
  }

  #record(offset: number): GeoRecord | undefined {
    if (this.#records.has(offset)) return this.#records.get(offset);
    const record = mmdbRecord(new MmdbDecoder(this.#file, this.#tree.dataStart).map(offset));
    if (this.#records.size >= GEO_LIMITS.mmdbCachedRecords.value) this.#records.clear();
    this.#records.set(offset, record);
    return record;
  }

  /** Walks `bits` bits of `address` down from `node`: the node or record value that is reached. */
  #descend(address: Uint8Array, bits: number, start: number): number {
    const { nodes } = this.#tree;
    let node = start;
    for (let depth = 0; depth < bits && node < nodes; depth++) {
      const isRight = (((address[depth >> 3] ?? 0) >> (7 - (depth & 7))) & 1) === 1;
      node = this.#child(node, isRight);
    }
    return node;
  }

  #child(node: number, isRight: boolean): number {
    const { recordBits, nodeBytes } = this.#tree;
    const at = node * nodeBytes;
    if (recordBits !== 28) return this.#file.uint(at + (isRight ? nodeBytes / 2 : 0), nodeBytes / 2);
    // The middle byte holds the highest four bits of both.
    const middle = this.#file.byte(at + 3);
    return isRight
      ? (middle & 0x0f) * 2 ** 24 + this.#file.uint(at + 4, 3)
      : (middle >> 4) * 2 ** 24 + this.#file.uint(at, 3);
  }

  /** The first values at the ends of the tree that stand for a record; at most `most` of them. */
  *#firstLeaves(most: number): Generator<number> {
    const { nodes, isIpv6 } = this.#tree;
    const open: { readonly node: number; readonly depth: number }[] = [{ node: 0, depth: 0 }];
    // A tree may share branches, or run in circles.
    let visitsLeft = most * 16;
    for (let next = open.pop(); next !== undefined && visitsLeft > 0; next = open.pop(), visitsLeft--) {
      const { node, depth } = next;
      if (node > nodes) yield node;
      else if (node < nodes && depth < (isIpv6 ? 128 : 32)) {
        for (const isRight of [true, false]) open.push({ node: this.#child(node, isRight), depth: depth + 1 });
      }
    }
  }

  #family(): GeoFamily {
    if (!this.#tree.isIpv6) return "ipv4";
    return this.#ipv4Start < this.#tree.nodes ? "both" : "ipv6";
  }
}

/** The `index`th of addresses that lie all over IPv4 and the part of IPv6 that is in use (2000::/3). */
function spreadAddresses(index: number): readonly Uint8Array[] {
  // Steps of the golden ratio leave no large gap, however many there are.
  const spread = Math.imul(index, 0x9e3779b1) >>> 0;
  const ipv4 = new Uint8Array(4);
  new DataView(ipv4.buffer).setUint32(0, spread);
  const ipv6 = new Uint8Array(16);
  new DataView(ipv6.buffer).setUint32(0, 0x20000000 + (spread >>> 3));
  return [ipv4, ipv6];
}

function findMarker(file: PagedFile): number | undefined {
  const length = Math.min(file.size, GEO_LIMITS.mmdbMetadataBytes.value + MARKER.length);
  const at = file.bytes(file.size - length, length).lastIndexOf(MARKER);
  return at === -1 ? undefined : file.size - length + at;
}

function readMetadata(file: PagedFile): { readonly metadata: MmdbMap; readonly markerOffset: number } {
  const markerOffset = findMarker(file);
  if (markerOffset === undefined) throw geoFault(file.path, "is no MaxMind DB");
  const start = markerOffset + MARKER.length;
  return { metadata: new MmdbDecoder(file, start).map(start), markerOffset };
}

function readTree(file: PagedFile, metadata: MmdbMap, markerOffset: number): Tree {
  const number = (key: string): number => {
    const value = metadata.get(key);
    if (typeof value !== "number") throw geoFault(file.path, `does not say its ${key}`);
    return value;
  };
  if (number("binary_format_major_version") !== 2) throw geoFault(file.path, "is of another format than version 2");
  const recordBits = number("record_size");
  if (recordBits !== 24 && recordBits !== 28 && recordBits !== 32) {
    throw geoFault(file.path, `has tree records of ${recordBits} bits`);
  }
  const ipVersion = number("ip_version");
  if (ipVersion !== 4 && ipVersion !== 6) throw geoFault(file.path, `is of IP version ${ipVersion}`);
  const nodes = number("node_count");
  const nodeBytes = recordBits / 4;
  const dataStart = nodes * nodeBytes + SEPARATOR_BYTES;
  if (nodes < 1 || dataStart > markerOffset) throw geoFault(file.path, "has a tree larger than itself");
  return { nodes, recordBits, nodeBytes, isIpv6: ipVersion === 6, dataStart, dataEnd: markerOffset };
}
