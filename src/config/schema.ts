import { CLIENT_SCHEMA } from "./client-schema.ts";
import { NODE_SCHEMA } from "./node-schema.ts";
import { OPERATOR_SCHEMA } from "./operator-schema.ts";
import type { ScalarTypes, Setting } from "./setting.ts";

/** The settings that belong to no part. */
const GENERAL_SCHEMA = {
  data: {
    type: "path",
    list: false,
    default: "~/.local/share/byway",
    defaultText: "$XDG_DATA_HOME/byway, or ~/.local/share/byway",
    example: "/var/lib/byway",
    flag: "data",
    environment: "BYWAY_DATA",
    groups: ["node", "up", "data", "network", "geo", "policy", "log"],
    docs: "The directory of this peer's key and other state. If it is missing, Byway makes it, readable by its owner only.",
  },
  "log-level": {
    type: "enum",
    list: false,
    values: ["debug", "info", "warn", "error", "silent"],
    default: "info",
    flag: "log-level",
    environment: "BYWAY_LOG_LEVEL",
    groups: ["every"],
    docs: "The least urgent level of messages to write to standard error.",
  },
  "network-file": {
    type: "path",
    list: false,
    defaultText: "network.toml in the data directory, where there is one",
    example: "/etc/byway/network.toml",
    flag: "network-file",
    environment: "BYWAY_NETWORK_FILE",
    groups: ["node", "up", "network"],
    docs: "The network file: the network's name, its bootstrap addresses and its kind.",
  },
  bootstrap: {
    type: "multiaddr",
    list: true,
    default: [],
    example: ["/ip4/192.0.2.1/tcp/4433/p2p/12D3KooWQK1wnefoLrcVHbbnf5tLzbopUd3K3bFAoJpA7YJgL5pV"],
    flag: "bootstrap",
    environment: "BYWAY_BOOTSTRAP",
    groups: ["node", "up"],
    docs: "Addresses of peers through which to join, in addition to those of the network file. Any node of the network will do.",
  },
  "local-network": {
    type: "boolean",
    list: false,
    default: false,
    flag: "local-network",
    environment: "BYWAY_LOCAL_NETWORK",
    groups: ["node", "up"],
    docs: "Accept nodes with loopback and private addresses. For a network on one machine or in your own LAN.",
  },
  "memory-budget": {
    type: "integer",
    list: false,
    min: 1,
    max: 1048576,
    example: 512,
    flag: "memory-budget",
    environment: "BYWAY_MEMORY_BUDGET",
    groups: ["node", "up"],
    docs: "How many MiB may wait for slow readers and targets. Beyond it, the streams that hold most are ended. By default a quarter of the memory, at most 1024.",
  },
  "geo-data": {
    type: "path",
    list: false,
    example: "/usr/share/GeoIP",
    flag: "geo-data",
    environment: "BYWAY_GEO_DATA",
    groups: ["node", "up", "network", "geo"],
    docs: "A directory or file of address data (.mmdb, .csv, hosting.txt), instead of the geo directory in the data directory. It takes precedence over the data that npm installs.",
  },
} as const;

/** The type of the one schema: every row as it is written. */
export type Schema = typeof GENERAL_SCHEMA & typeof CLIENT_SCHEMA & typeof NODE_SCHEMA & typeof OPERATOR_SCHEMA;

/**
 * The one schema: types, defaults, validation, flags, environment names, `docs/configuration.md` and
 * `byway.example.toml` all come from here. A key with a dot stands in the table before the dot.
 */
const SCHEMA: Schema = { ...GENERAL_SCHEMA, ...CLIENT_SCHEMA, ...NODE_SCHEMA, ...OPERATOR_SCHEMA };

/** The name of a setting. */
export type SettingKey = keyof Schema;

/** A table: its required keys, and the others, which may be absent. */
type Table<C> = {
  readonly [K in keyof C as C[K] extends { readonly required: true } ? K : never]: Value<C[K]>;
} & {
  readonly [K in keyof C as C[K] extends { readonly required: true } ? never : K]?: Value<C[K]>;
};

type Scalar<R> = R extends { readonly type: "enum"; readonly values: readonly (infer V)[] }
  ? V
  : R extends { readonly type: "table"; readonly columns: infer C }
    ? Table<C>
    : R extends { readonly type: infer T extends keyof ScalarTypes }
      ? ScalarTypes[T]
      : never;

type Value<R> = R extends { readonly list: true } ? readonly Scalar<R>[] : Scalar<R>;

/** Every setting and its value; one without a default may be undefined. */
export type Settings = {
  readonly [K in SettingKey]: Schema[K] extends { readonly default: unknown }
    ? Value<Schema[K]>
    : Value<Schema[K]> | undefined;
};

const ROWS: Readonly<Record<SettingKey, Setting>> = SCHEMA;

/** The keys in the order of the schema. */
export const SETTING_KEYS: readonly SettingKey[] = Object.keys(ROWS) as SettingKey[];

/** The row of a key. */
export function settingRow(key: SettingKey): Setting {
  return ROWS[key];
}

/** Whether `text` names a setting. */
export function isSettingKey(text: string): text is SettingKey {
  return Object.hasOwn(ROWS, text);
}
