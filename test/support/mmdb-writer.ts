import { parseIp } from "../../src/core/ip-address.ts";

/** A value to write. */
export type MmdbInput = string | number | boolean | readonly MmdbInput[] | { readonly [key: string]: MmdbInput };

/** What to write. */
export interface MmdbOptions {
  /** Values by network: `192.0.2.0/24`, `2001:db8::/32`. */
  readonly networks: Readonly<Record<string, MmdbInput>>;
  readonly ipVersion?: 4 | 6;
  readonly recordBits?: 24 | 28 | 32;
  readonly metadata?: Readonly<Record<string, MmdbInput>>;
  /** In place of the data section that `networks` would give; every network then points to `dataOffset` in it, 0 by default. */
  readonly data?: Uint8Array;
  readonly dataOffset?: number;
}

type Child = Node | { readonly value: number } | undefined;

interface Node {
  readonly children: [Child, Child];
}

/** The bytes of a MaxMind DB (format 2.0). Slow and simple: for files of some networks. */
export function writeMmdb(options: MmdbOptions): Buffer {
  const { networks, ipVersion = 6, recordBits = 24, data, dataOffset = 0 } = options;
  const root: Node = { children: [undefined, undefined] };
  const values: Buffer[] = [];
  let length = 0;
  for (const [network, value] of Object.entries(networks)) {
    const encoded = mmdbValue(value);
    insert(root, bitsOf(network, ipVersion), { value: data === undefined ? length : dataOffset });
    values.push(encoded);
    length += encoded.length;
  }
  const nodes: Node[] = [];
  const number = new Map<Node, number>();
  const visit = (node: Node): void => {
    number.set(node, nodes.length);
    nodes.push(node);
    for (const child of node.children) if (child !== undefined && "children" in child) visit(child);
  };
  visit(root);
  const record = (child: Child): number => {
    if (child === undefined) return nodes.length;
    return "children" in child ? (number.get(child) ?? 0) : nodes.length + 16 + child.value;
  };
  const tree = nodes.map(({ children: [left, right] }) => treeNode(record(left), record(right), recordBits));
  const metadata = {
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_780_000_000,
    database_type: "Test",
    description: { en: "a test" },
    ip_version: ipVersion,
    languages: ["en"],
    node_count: nodes.length,
    record_size: recordBits,
    ...options.metadata,
  };
  return Buffer.concat([
    ...tree,
    Buffer.alloc(16),
    data ?? Buffer.concat(values),
    Buffer.from("\xab\xcd\xefMaxMind.com", "latin1"),
    mmdbValue(metadata),
  ]);
}

/** One value of the data section. */
export function mmdbValue(value: MmdbInput): Buffer {
  if (typeof value === "string") return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === "boolean") return control(14, value ? 1 : 0);
  if (typeof value === "number") return Number.isInteger(value) ? integer(value) : double(value);
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(mmdbValue)]);
  const entries = Object.entries(value as { readonly [key: string]: MmdbInput });
  return Buffer.concat([control(7, entries.length), ...entries.flatMap(([k, v]) => [mmdbValue(k), mmdbValue(v)])]);
}

/** A pointer of 4 bytes to `offset` in the data section. */
export function mmdbPointer(offset: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = (1 << 5) | (3 << 3);
  bytes.writeUInt32BE(offset, 1);
  return bytes;
}

function control(type: number, size: number): Buffer {
  const [bits, extra] =
    size < 29
      ? [size, Buffer.alloc(0)]
      : size < 285
        ? [29, Buffer.of(size - 29)]
        : [30, Buffer.of((size - 285) >> 8, (size - 285) & 255)];
  return Buffer.concat([type > 7 ? Buffer.of(bits, type - 7) : Buffer.of((type << 5) | bits), extra]);
}

function integer(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = value === 0 ? Buffer.alloc(0) : Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
  return Buffer.concat([control(bytes.length > 4 ? 9 : 6, bytes.length), bytes]);
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return Buffer.concat([control(3, 8), bytes]);
}

function treeNode(left: number, right: number, recordBits: 24 | 28 | 32): Buffer {
  const node = Buffer.alloc(recordBits / 4);
  if (recordBits === 32) {
    node.writeUInt32BE(left, 0);
    node.writeUInt32BE(right, 4);
    return node;
  }
  node.writeUIntBE(left & 0xffffff, 0, 3);
  node.writeUIntBE(right & 0xffffff, recordBits === 28 ? 4 : 3, 3);
  if (recordBits === 28) node[3] = ((left >>> 24) << 4) | (right >>> 24);
  return node;
}

function insert(root: Node, bits: readonly number[], leaf: { readonly value: number }): void {
  let node = root;
  for (const bit of bits.slice(0, -1)) {
    const child = node.children[bit];
    const next: Node = child !== undefined && "children" in child ? child : { children: [child, child] };
    node.children[bit] = next;
    node = next;
  }
  node.children[bits.at(-1) ?? 0] = leaf;
}

function bitsOf(network: string, ipVersion: 4 | 6): readonly number[] {
  const [address = "", length = ""] = network.split("/");
  const bytes = parseIp(address)?.bytes ?? new Uint8Array();
  const isEmbedded = bytes.length === 4 && ipVersion === 6;
  const bits = [...bytes].flatMap((byte) => [...byte.toString(2).padStart(8, "0")].map(Number));
  return [...Array<number>(isEmbedded ? 96 : 0).fill(0), ...bits.slice(0, Number(length))];
}
