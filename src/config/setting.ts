import type { HostPort } from "../core/network-address.ts";

/** A name and password that the local proxy asks for. */
export interface ProxyUser {
  readonly name: string;
  readonly password: string;
}

/** The TypeScript value behind each type name; `enum` is not here, as its values stand in its row. */
export interface ScalarTypes {
  /** Text for people: not empty, nothing invisible (`core/plain-text.ts`). */
  readonly text: string;
  /** A file or directory; a relative one counts from the working directory. */
  readonly path: string;
  readonly integer: number;
  readonly boolean: boolean;
  /** A name or address and a port to connect to. */
  readonly "host:port": HostPort;
  /** An own IP address and a port to listen on; port 0 takes a free one. */
  readonly "ip:port": HostPort;
  readonly ip: string;
  /** The address of a DNS server, with or without a port. */
  readonly "name-server": string;
  /** ISO 3166 alpha-2, kept in lower case. */
  readonly country: string;
  readonly "name:password": ProxyUser;
  /** A multiaddr that ends in a peer id, as text. */
  readonly multiaddr: string;
}

/** The name of a type; a `table` has columns, and is always one of a list. */
export type TypeName = keyof ScalarTypes | "enum" | "table";

/** What the documentation shows as a value, in the form that the file uses. */
export type ShownValue = string | number | boolean | readonly (string | number)[];

/** One key of a table. */
export interface Column {
  readonly type: Exclude<TypeName, "table">;
  readonly list: boolean;
  /** Whether every table must have it. */
  readonly required?: true;
  /** No two tables may have an equal value of it. */
  readonly unique?: true;
  readonly example: ShownValue;
  readonly values?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  /** Printed as `[scrubbed]`. */
  readonly secret?: true;
  readonly docs: string;
}

/** A group of settings, by the command that takes their flags. `data`: commands that need the data directory alone. `every`: all. */
export type SettingGroup = "node" | "up" | "env" | "data" | "network" | "geo" | "policy" | "log" | "every";

/** The options that settings set as they are: those of a node, of a client, or of a part of one. */
export type OptionGroup =
  | "node"
  | "operation"
  | "streamLimits"
  | "log"
  | "claims"
  | "price"
  | "client"
  | "listener"
  | "routing";

/** One row of the schema. */
export interface Setting {
  readonly type: TypeName;
  /** Whether the value is a list of `type`. */
  readonly list: boolean;
  /** What stands between the items of a list in a flag and in the environment, where that is not a comma. */
  readonly separator?: ";";
  /** In the form that the file uses; a row without one stays undefined until it is set. */
  readonly default?: ShownValue;
  /** What the documentation shows instead of `default` when that depends on the machine. */
  readonly defaultText?: string;
  /** What the example file shows where there is no default to show. */
  readonly example?: ShownValue;
  /** The values of an `enum`. */
  readonly values?: readonly string[];
  /** The least `integer`. */
  readonly min?: number;
  /** The greatest `integer`. */
  readonly max?: number;
  /** The keys of a `table`. */
  readonly columns?: Readonly<Record<string, Column>>;
  /** How many items the list has, neither more nor fewer. */
  readonly length?: number;
  /** How many items the list may have. */
  readonly maxLength?: number;
  /** Without the dashes; a row without one can be set in the file and the environment only. */
  readonly flag?: string;
  readonly environment: string;
  readonly groups: readonly SettingGroup[];
  /** Printed as `[scrubbed]`. */
  readonly secret?: boolean;
  /** The option that gets the value as it is (`optionsOf`). Absent if a command makes something else of the value. */
  readonly option?: `${OptionGroup}.${string}`;
  /** Sentences that say what it does. */
  readonly docs: string;
}
