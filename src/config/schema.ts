import type { ScalarTypes, Setting, TypeName } from "./setting.ts";

/**
 * The one schema: types, defaults, validation, flags, environment names, `docs/configuration.md` and
 * `byway.example.toml` all come from here. A key with a dot stands in the table before the dot.
 */
export const SCHEMA = {
  data: {
    type: "path",
    list: false,
    default: "~/.local/share/byway",
    defaultText: "$XDG_DATA_HOME/byway, or ~/.local/share/byway",
    example: "/var/lib/byway",
    flag: "data",
    environment: "BYWAY_DATA",
    commands: ["node", "up", "keys"],
    docs: "The directory of this peer's key and other state. It is made when missing, readable by its owner only.",
  },
  "log-level": {
    type: "enum",
    list: false,
    values: ["debug", "info", "warn", "error", "silent"],
    default: "info",
    flag: "log-level",
    environment: "BYWAY_LOG_LEVEL",
    commands: ["every"],
    docs: "The least urgent level that is logged on standard error.",
  },
  "local-network": {
    type: "boolean",
    list: false,
    default: false,
    flag: "local-network",
    environment: "BYWAY_LOCAL_NETWORK",
    commands: ["node", "up"],
    docs: "Accept nodes with loopback and private addresses: for a network on one machine or one's own LAN.",
  },
  "memory-budget": {
    type: "integer",
    list: false,
    min: 1,
    max: 1048576,
    example: 512,
    flag: "memory-budget",
    environment: "BYWAY_MEMORY_BUDGET",
    commands: ["node", "up"],
    docs: "MiB that may wait for slow readers and targets; beyond it, the streams that hold most are ended. Without it, a quarter of the memory, 1024 at most.",
  },
  "client.listen": {
    type: "ip:port",
    list: false,
    default: "127.0.0.1:1080",
    flag: "listen",
    environment: "BYWAY_CLIENT_LISTEN",
    commands: ["up", "env"],
    docs: "Where the local proxy answers SOCKS and HTTP. Anything but loopback needs client.users.",
  },
  "client.users": {
    type: "name:password",
    list: true,
    default: [],
    example: ["alice:correct horse"],
    environment: "BYWAY_CLIENT_USERS",
    commands: ["up", "env"],
    secret: true,
    docs: "Who may use the local proxy. There is no flag, since other users of a machine can read command lines.",
  },
  "client.peers": {
    type: "path",
    list: true,
    default: [],
    example: ["node-a.advertisement", "node-b.advertisement"],
    flag: "peers",
    environment: "BYWAY_CLIENT_PEERS",
    commands: ["up"],
    docs: "Files with advertisements of nodes, as `byway node --advertisement-file` writes them.",
  },
  "client.hops": {
    type: "integer",
    list: false,
    min: 1,
    max: 5,
    default: 1,
    flag: "hops",
    environment: "BYWAY_CLIENT_HOPS",
    commands: ["up"],
    docs: "How many nodes a circuit has where a request does not say. With one, that node sees both you and the target; with three, none does.",
  },
  "client.spare-circuits": {
    type: "integer",
    list: false,
    min: 0,
    max: 16,
    default: 4,
    flag: "spare-circuits",
    environment: "BYWAY_CLIENT_SPARE_CIRCUITS",
    commands: ["up"],
    docs: "The most unused circuits to keep ready for requests of one kind, so that nobody waits for a handshake. 0 builds none ahead.",
  },
  "client.shared-networks": {
    type: "boolean",
    list: false,
    default: false,
    flag: "shared-networks",
    environment: "BYWAY_CLIENT_SHARED_NETWORKS",
    commands: ["up"],
    docs: "Lets the hops of a circuit stand in one network (/16, IPv6 /32): for a network within one LAN.",
  },
  "client.allow-classical": {
    type: "boolean",
    list: false,
    default: false,
    flag: "allow-classical",
    environment: "BYWAY_CLIENT_ALLOW_CLASSICAL",
    commands: ["up"],
    docs: "Accept nodes without post-quantum key exchange. What is recorded today may then be read one day.",
  },
  "node.listen": {
    type: "ip:port",
    list: false,
    example: "192.0.2.10:4433",
    flag: "listen",
    environment: "BYWAY_NODE_LISTEN",
    commands: ["node"],
    docs: "Where the node accepts links from other peers. There is no default: nothing is opened to the world unasked.",
  },
  "node.advertise": {
    type: "ip:port",
    list: false,
    example: "198.51.100.7:4433",
    flag: "advertise",
    environment: "BYWAY_NODE_ADVERTISE",
    commands: ["node"],
    docs: "The address and port at which others reach the node, where a router or cloud maps them to `listen`.",
  },
  "node.roles": {
    type: "enum",
    list: true,
    values: ["relay", "exit"],
    default: ["relay", "exit"],
    flag: "roles",
    environment: "BYWAY_NODE_ROLES",
    commands: ["node"],
    docs: "What the node does: `relay` carries links to other nodes, `exit` connects to targets from its own address.",
  },
  "node.bind-egress": {
    type: "ip",
    list: true,
    default: [],
    example: ["192.0.2.10", "2001:db8::10"],
    flag: "bind-egress",
    environment: "BYWAY_NODE_BIND_EGRESS",
    commands: ["node"],
    docs: "The own addresses that connections to targets leave from, at most one of each family; empty lets the system choose.",
  },
  "node.allow-targets": {
    type: "host:port",
    list: true,
    default: [],
    example: ["127.0.0.1:8000", "intranet.example:443"],
    flag: "allow-target",
    environment: "BYWAY_NODE_ALLOW_TARGETS",
    commands: ["node"],
    docs: "Private targets that the exit opens to everybody all the same: exactly these hosts and ports.",
  },
  "node.family": {
    type: "text",
    list: true,
    default: [],
    example: ["my-nodes"],
    flag: "family",
    environment: "BYWAY_NODE_FAMILY",
    commands: ["node"],
    docs: "Peer ids of your other nodes, or a name that they share: no circuit goes through two of one family.",
  },
  "node.closed-ports": {
    type: "integer",
    list: true,
    min: 1,
    max: 65535,
    default: [25, 465, 587, 2525],
    flag: "closed-port",
    environment: "BYWAY_NODE_CLOSED_PORTS",
    commands: ["node"],
    docs: "Target ports that the exit refuses; the default keeps mail from being sent.",
  },
  "node.dns-servers": {
    type: "name-server",
    list: true,
    default: [],
    example: ["192.0.2.53", "127.0.0.1:5353"],
    flag: "dns-server",
    environment: "BYWAY_NODE_DNS_SERVERS",
    commands: ["node"],
    docs: "The name servers that the exit asks; empty takes those of the system.",
  },
  "node.advertisement-file": {
    type: "path",
    list: false,
    example: "/var/lib/byway/node.advertisement",
    flag: "advertisement-file",
    environment: "BYWAY_NODE_ADVERTISEMENT_FILE",
    commands: ["node"],
    docs: "Where the node writes its signed advertisement, again whenever it changes.",
  },
  "node.workers": {
    type: "integer",
    list: false,
    min: 1,
    max: 64,
    default: 1,
    flag: "workers",
    environment: "BYWAY_NODE_WORKERS",
    commands: ["node"],
    docs: "How many processes serve links. One suits a home line; a busy node with c cores takes c. Each has its part of the node's limits.",
  },
  "node.country": {
    type: "country",
    list: false,
    example: "de",
    flag: "country",
    environment: "BYWAY_NODE_COUNTRY",
    commands: ["node"],
    docs: "The country that the node claims to be in (ISO 3166 alpha-2).",
  },
  "node.region": {
    type: "text",
    list: false,
    example: "berlin",
    flag: "region",
    environment: "BYWAY_NODE_REGION",
    commands: ["node"],
    docs: "The region or state that the node claims to be in.",
  },
  "node.city": {
    type: "text",
    list: false,
    example: "berlin",
    flag: "city",
    environment: "BYWAY_NODE_CITY",
    commands: ["node"],
    docs: "The city that the node claims to be in.",
  },
  "node.asn": {
    type: "integer",
    list: false,
    min: 1,
    max: 4294967295,
    example: 64496,
    flag: "asn",
    environment: "BYWAY_NODE_ASN",
    commands: ["node"],
    docs: "The number of the autonomous system that the node claims to be in.",
  },
  "node.isp": {
    type: "text",
    list: false,
    example: "Example Net",
    flag: "isp",
    environment: "BYWAY_NODE_ISP",
    commands: ["node"],
    docs: "The provider that the node claims to be with.",
  },
  "node.network": {
    type: "enum",
    list: false,
    values: ["residential", "mobile", "hosting", "unknown"],
    example: "hosting",
    flag: "network",
    environment: "BYWAY_NODE_NETWORK",
    commands: ["node"],
    docs: "The kind of network that the node claims to be in.",
  },
} as const;

/** The name of a setting. */
export type SettingKey = keyof typeof SCHEMA;

type Scalar<R> = R extends { readonly type: "enum"; readonly values: readonly (infer V)[] }
  ? V
  : R extends { readonly type: infer T extends Exclude<TypeName, "enum"> }
    ? ScalarTypes[T]
    : never;

type Value<R> = R extends { readonly list: true } ? readonly Scalar<R>[] : Scalar<R>;

/** Every setting and its value; one without a default may be undefined. */
export type Settings = {
  readonly [K in SettingKey]: (typeof SCHEMA)[K] extends { readonly default: unknown }
    ? Value<(typeof SCHEMA)[K]>
    : Value<(typeof SCHEMA)[K]> | undefined;
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
