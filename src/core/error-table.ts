/** Where an error happened. Decides the default outward answer of every code of that kind. */
export type ErrorKind = "usage" | "config" | "local" | "hop" | "target" | "policy" | "payment" | "internal";

/** What the catcher may do: never try again, try the same again, or try through another node. */
export type RetryHint = "never" | "same" | "other-node";

/**
 * How one error is told to the outside.
 *
 * `http` is a status (RFC 9110), `socks` a reply (RFC 1928 §6), `token` a `Proxy-Status` error type
 * (RFC 9209 §2.3), `exit` a sysexits(3) code and `remedy` what the reader can do about it.
 */
export interface ErrorRow {
  readonly kind: ErrorKind;
  readonly http: number;
  readonly socks: number;
  readonly token: string;
  readonly exit: number;
  readonly retry: RetryHint;
  readonly remedy: string;
}

const KINDS = {
  usage: { http: 400, socks: 1, token: "http_request_error", exit: 64, retry: "never" },
  config: { http: 500, socks: 1, token: "proxy_configuration_error", exit: 78, retry: "never" },
  local: { http: 503, socks: 1, token: "proxy_internal_error", exit: 69, retry: "same" },
  hop: { http: 502, socks: 1, token: "destination_unavailable", exit: 69, retry: "other-node" },
  target: { http: 502, socks: 4, token: "destination_unavailable", exit: 69, retry: "never" },
  policy: { http: 403, socks: 2, token: "http_request_denied", exit: 77, retry: "other-node" },
  payment: { http: 402, socks: 2, token: "http_request_denied", exit: 77, retry: "never" },
  internal: { http: 500, socks: 1, token: "proxy_internal_error", exit: 70, retry: "never" },
} as const satisfies Record<ErrorKind, Omit<ErrorRow, "kind" | "remedy">>;

function row(kind: ErrorKind, remedy: string, override: Partial<Omit<ErrorRow, "kind" | "remedy">> = {}): ErrorRow {
  return { kind, ...KINDS[kind], ...override, remedy };
}

/** Every error code. */
export type ErrorCode =
  | "ERR_USAGE_ARGUMENT"
  | "ERR_PARAMETER_UNKNOWN"
  | "ERR_PARAMETER_VALUE"
  | "ERR_PARAMETER_CONFLICT"
  | "ERR_CREDENTIALS"
  | "ERR_USER_NAME"
  | "ERR_REQUEST_MALFORMED"
  | "ERR_REQUEST_TOO_LARGE"
  | "ERR_REQUEST_TIMEOUT"
  | "ERR_REQUEST_TARGET"
  | "ERR_REQUEST_LOOP"
  | "ERR_PAGE_UNKNOWN"
  | "ERR_SOCKS_COMMAND"
  | "ERR_SOCKS_ADDRESS_TYPE"
  | "ERR_CONFIG_FILE"
  | "ERR_CONFIG_UNKNOWN_KEY"
  | "ERR_CONFIG_VALUE"
  | "ERR_CONFIG_EXPOSED"
  | "ERR_LISTEN_IN_USE"
  | "ERR_LISTEN_ADDRESS"
  | "ERR_LISTEN_PERMISSION"
  | "ERR_LOOPBACK"
  | "ERR_DATA_DIRECTORY"
  | "ERR_TEMPORARY_DIRECTORY"
  | "ERR_KEY_FILE"
  | "ERR_PEER_FILE"
  | "ERR_OUTPUT"
  | "ERR_CONTROL"
  | "ERR_REQUEST_UNKNOWN"
  | "ERR_CONTROL_REQUEST"
  | "ERR_BLOCKLIST"
  | "ERR_LOG_FLAW"
  | "ERR_LOCAL_LIMIT"
  | "ERR_WORKER"
  | "ERR_STOPPED"
  | "ERR_ABORTED"
  | "ERR_CLOCK_OFF"
  | "ERR_NO_NODE"
  | "ERR_SESSION_EXIT"
  | "ERR_SESSION_ENDED"
  | "ERR_ADVERTISEMENT_MALFORMED"
  | "ERR_ADVERTISEMENT_SIGNATURE"
  | "ERR_ADVERTISEMENT_EXPIRED"
  | "ERR_ADVERTISEMENT_FUTURE"
  | "ERR_ADVERTISEMENT_PRIVATE"
  | "ERR_ADVERTISEMENT_OLD"
  | "ERR_ADVERTISEMENT_EQUIVOCATION"
  | "ERR_ADVERTISEMENT_QUOTA"
  | "ERR_DIRECTORY_MESSAGE"
  | "ERR_NETWORK_FILE"
  | "ERR_NETWORK_UNREACHABLE"
  | "ERR_PEER_UNREACHABLE"
  | "ERR_PEER_ANSWER"
  | "ERR_PEER_UNKNOWN"
  | "ERR_STORE"
  | "ERR_DESCRIPTORS"
  | "ERR_GEO_DATA"
  | "ERR_HOP_UNREACHABLE"
  | "ERR_HOP_TIMEOUT"
  | "ERR_HOP_TLS"
  | "ERR_HOP_CLASSICAL"
  | "ERR_HOP_IDENTITY"
  | "ERR_HOP_PROTOCOL"
  | "ERR_HOP_LOST"
  | "ERR_HOP_UNKNOWN"
  | "ERR_HOP_ROLE"
  | "ERR_HOP_LIMIT"
  | "ERR_TARGET_NAME"
  | "ERR_TARGET_NAME_TIMEOUT"
  | "ERR_TARGET_REFUSED"
  | "ERR_TARGET_TIMEOUT"
  | "ERR_TARGET_UNREACHABLE"
  | "ERR_TARGET_NETWORK"
  | "ERR_TARGET_RESET"
  | "ERR_TARGET_PROTOCOL"
  | "ERR_TARGET_PROHIBITED"
  | "ERR_POLICY_PORT"
  | "ERR_POLICY_TARGET"
  | "ERR_POLICY_LISTED"
  | "ERR_POLICY_PROTOCOL"
  | "ERR_NODE_LIMIT"
  | "ERR_NODE_CLOSED"
  | "ERR_NODE_LOG"
  | "ERR_STREAM_LIMIT"
  | "ERR_STREAM_STALLED"
  | "ERR_USER_LIMIT"
  | "ERR_PAYMENT_REQUIRED"
  | "ERR_INTERNAL";

/** The one table: every error code of Byway and the answer it becomes. `docs/errors.md` shows the same rows. */
export const ERROR_TABLE: Readonly<Record<ErrorCode, ErrorRow>> = {
  ERR_USAGE_ARGUMENT: row("usage", "See `byway --help` or `byway <command> --help`."),
  ERR_PARAMETER_UNKNOWN: row(
    "usage",
    "Correct the parameter's name: the message gives the nearest known one. In a user name, write _ instead of a hyphen within a value.",
  ),
  ERR_PARAMETER_VALUE: row(
    "usage",
    "Use a value of the form that the message shows. A lenient listener ignores parameters that only other networks have.",
  ),
  ERR_PARAMETER_CONFLICT: row("usage", "Remove one of the parameters that contradict each other."),
  ERR_CREDENTIALS: row("usage", "Send the user name and password of this proxy.", { http: 407 }),
  ERR_USER_NAME: row(
    "usage",
    "Send any user name and password: country-de and x, or auto and x if any exit will do. `--ask-name never` turns this question off.",
    { http: 407 },
  ),
  ERR_REQUEST_MALFORMED: row("usage", "Check that the program speaks HTTP or SOCKS to this port."),
  ERR_REQUEST_TOO_LARGE: row("usage", "Send smaller headers.", { http: 431 }),
  ERR_REQUEST_TIMEOUT: row("usage", "Send the whole request faster.", { http: 408 }),
  ERR_REQUEST_TARGET: row("usage", "Write the target as host:port, with an IPv6 address in brackets.", { socks: 8 }),
  ERR_REQUEST_LOOP: row("usage", "Do not point the proxy at itself.", { http: 502, token: "proxy_loop_detected" }),
  ERR_PAGE_UNKNOWN: row("usage", "Open / for an explanation, or /proxy.pac for a browser's proxy settings.", {
    http: 404,
  }),
  ERR_SOCKS_COMMAND: row("usage", "Use CONNECT or UDP ASSOCIATE. BIND is not supported.", { socks: 7 }),
  ERR_SOCKS_ADDRESS_TYPE: row("usage", "Use an IPv4 address, an IPv6 address or a name.", { socks: 8 }),

  ERR_CONFIG_FILE: row(
    "config",
    "Correct or move the file that the message names, or name another file with --config.",
  ),
  ERR_CONFIG_UNKNOWN_KEY: row("config", "Correct the key: the message gives the nearest known one."),
  ERR_CONFIG_VALUE: row("config", "Use a value of the type that the message names."),
  ERR_CONFIG_EXPOSED: row(
    "config",
    "Listen on a loopback address, or set users (client.users, or the listener's own).",
  ),

  ERR_LISTEN_IN_USE: row(
    "local",
    "Stop the other program, or choose another port with --listen, --notice-listen or --metrics.",
    { exit: 69 },
  ),
  ERR_LISTEN_ADDRESS: row("local", "Listen on an address that this machine has.", { exit: 69 }),
  ERR_LISTEN_PERMISSION: row("local", "Choose a port above 1023, or give Byway the right to bind lower ports.", {
    exit: 77,
  }),
  ERR_LOOPBACK: row(
    "local",
    "Bring the loopback interface up (on Linux, as root: ip link set lo up), and let the firewall pass what this machine sends to itself.",
    { exit: 69 },
  ),
  ERR_DATA_DIRECTORY: row("local", "Name a directory that this user can write to, on a disk with free space.", {
    exit: 77,
  }),
  ERR_TEMPORARY_DIRECTORY: row(
    "local",
    "Set TMPDIR (on Windows, TEMP) to a directory that exists, on a disk with free space, and that this user can write to.",
    { exit: 77 },
  ),
  ERR_KEY_FILE: row("local", "Restore the key file from a backup, or move it away: Byway then makes a new identity.", {
    exit: 78,
    retry: "never",
  }),
  ERR_PEER_FILE: row("local", "Name a file that `byway node --advertisement-file` wrote.", { exit: 69 }),
  ERR_OUTPUT: row("local", "Free some space where the output goes, or write it elsewhere."),
  ERR_CONTROL: row("local", "Start `byway up` or `byway node` with the same --data, or stop the process that uses it."),
  ERR_REQUEST_UNKNOWN: row("usage", "List the recent requests with `byway requests`.", { http: 404, exit: 69 }),
  ERR_CONTROL_REQUEST: row(
    "usage",
    "Use the same version of Byway for the command and for the client or node that runs.",
  ),
  ERR_BLOCKLIST: row("config", "Name a readable hosts, domain or CIDR list, or correct its address."),
  ERR_LOG_FLAW: row(
    "local",
    "Do not hand out this log: it was changed or damaged at the place that the message names.",
    {
      exit: 65,
      retry: "never",
    },
  ),
  ERR_LOCAL_LIMIT: row("local", "Close some connections, or allow this program more file descriptors.", {
    http: 503,
    token: "connection_limit_reached",
  }),
  ERR_WORKER: row(
    "local",
    "Read the log lines before this one, or lower node.workers. With 1, the node starts no worker process.",
  ),
  ERR_STOPPED: row("local", "Start Byway again.", { exit: 75 }),
  ERR_ABORTED: row("local", "Nothing to do: the program that made the request aborted it.", { retry: "never" }),

  ERR_CLOCK_OFF: row("local", "Set this machine's clock, and keep it right with NTP.", { http: 503 }),
  ERR_NO_NODE: row(
    "hop",
    "Relax the constraint that the message names. If no node is known at all, check --bootstrap.",
    {
      http: 503,
    },
  ),
  ERR_SESSION_EXIT: row("hop", "Use another session name, or remove `strict`.", { retry: "never" }),
  ERR_SESSION_ENDED: row("hop", "Use another session name or a longer sesstime, or remove `strict`.", {
    retry: "never",
  }),
  ERR_ADVERTISEMENT_MALFORMED: row(
    "hop",
    "Ask the node's operator to update: the advertisement does not follow protocol version 1.",
  ),
  ERR_ADVERTISEMENT_SIGNATURE: row("hop", "Discard this advertisement: it was altered, or signed with another key."),
  ERR_ADVERTISEMENT_EXPIRED: row(
    "hop",
    "Get a fresh advertisement. If that does not help, check this machine's clock.",
  ),
  ERR_ADVERTISEMENT_FUTURE: row("hop", "Check the clocks of this machine and of the node."),
  ERR_ADVERTISEMENT_PRIVATE: row("hop", "Add --local-network if these nodes are on your own machine or LAN."),
  ERR_ADVERTISEMENT_OLD: row("hop", "Nothing to do: a newer advertisement of that node is known."),
  ERR_ADVERTISEMENT_EQUIVOCATION: row(
    "hop",
    "Use another node: this one signed two different advertisements with the same number. Its operator needs a new key.",
  ),
  ERR_ADVERTISEMENT_QUOTA: row(
    "hop",
    "Nothing to do: the store already holds the most nodes that it keeps of one network.",
  ),
  ERR_DIRECTORY_MESSAGE: row("hop", "Ask another peer. If all of them send this, update Byway."),
  ERR_NETWORK_FILE: row("config", "Correct the file. docs/network.md shows an example."),
  ERR_NETWORK_UNREACHABLE: row(
    "local",
    "Check this machine's connection, and the addresses in --bootstrap or the network file.",
    {
      exit: 75,
    },
  ),
  ERR_PEER_UNREACHABLE: row("hop", "Try another peer."),
  ERR_PEER_ANSWER: row("hop", "Try another peer."),
  ERR_PEER_UNKNOWN: row("usage", "List the known peers with `byway peers`.", { exit: 69 }),
  ERR_DESCRIPTORS: row("local", "Allow more open files (LimitNOFILE= in a systemd unit, ulimit -n in a shell).", {
    exit: 69,
  }),
  ERR_STORE: row("local", "Check that Byway can write to the data directory and that its disk has free space."),
  ERR_GEO_DATA: row("config", "Name a readable .mmdb or .csv file of address data."),
  ERR_HOP_UNREACHABLE: row("hop", "Try another node."),
  ERR_HOP_TIMEOUT: row("hop", "Try another node.", { http: 504, socks: 6, token: "connection_timeout" }),
  ERR_HOP_TLS: row("hop", "Try another node: this one does not use TLS as Byway requires.", {
    token: "tls_protocol_error",
  }),
  ERR_HOP_CLASSICAL: row("hop", "Ask the node's operator to update, or set allow-classical to accept it as it is.", {
    token: "tls_protocol_error",
  }),
  ERR_HOP_IDENTITY: row("hop", "Do not use this address: another machine answers there, or the node changed its key.", {
    token: "tls_certificate_error",
  }),
  ERR_HOP_PROTOCOL: row("hop", "Try another node: this one broke the protocol.", { token: "http_protocol_error" }),
  ERR_HOP_LOST: row("hop", "Try again: the next try uses another circuit.", { token: "connection_terminated" }),
  ERR_HOP_UNKNOWN: row(
    "hop",
    "Use another relay. A relay without a directory needs the next hop's advertisement from the client.",
    {
      http: 421,
      token: "destination_not_found",
    },
  ),
  ERR_HOP_ROLE: row("hop", "Choose a node that advertises the role.", {
    http: 403,
    socks: 2,
    token: "http_request_denied",
  }),
  ERR_HOP_LIMIT: row("hop", "Wait, or use another node.", { http: 429, token: "connection_limit_reached" }),

  ERR_TARGET_NAME: row(
    "target",
    "If the name does not exist, check its spelling. If the exit's name server failed, try again or use another node. On your own node, check that its DNS servers answer.",
    { token: "dns_error" },
  ),
  ERR_TARGET_NAME_TIMEOUT: row("target", "Try again, or use another node.", {
    http: 504,
    token: "dns_timeout",
    retry: "other-node",
  }),
  ERR_TARGET_REFUSED: row("target", "Check the port: nothing listens there.", {
    socks: 5,
    token: "connection_refused",
  }),
  ERR_TARGET_TIMEOUT: row("target", "The target did not answer. Try later, or use another node.", {
    http: 504,
    socks: 6,
    token: "connection_timeout",
    retry: "other-node",
  }),
  ERR_TARGET_UNREACHABLE: row("target", "This exit has no route to the target. Use another node.", {
    token: "destination_ip_unroutable",
    retry: "other-node",
  }),
  ERR_TARGET_NETWORK: row(
    "target",
    "The exit has no route for IPv4 or IPv6, whichever the target has. Use another node.",
    {
      socks: 3,
      token: "destination_ip_unroutable",
      retry: "other-node",
    },
  ),
  ERR_TARGET_RESET: row("target", "The target closed the connection. Try again.", {
    socks: 1,
    token: "connection_terminated",
    retry: "same",
  }),
  ERR_TARGET_PROTOCOL: row(
    "target",
    "Byway cannot pass this answer on. Ask the target's owner, or use SOCKS or CONNECT: Byway does not read what they carry.",
    { socks: 1, token: "http_protocol_error" },
  ),

  ERR_TARGET_PROHIBITED: row(
    "policy",
    "An exit connects to public addresses only. Its operator can open one private target with --allow-target.",
    { token: "destination_ip_prohibited", retry: "never" },
  ),
  ERR_POLICY_PORT: row("policy", "Choose another exit or another port: this exit's policy does not accept this port."),
  ERR_POLICY_TARGET: row("policy", "Choose another exit: this one's policy refuses the target."),
  ERR_POLICY_LISTED: row("policy", "Choose another exit: the target is on a blocklist of this one."),
  ERR_POLICY_PROTOCOL: row(
    "policy",
    "Choose an exit that accepts this protocol. Most refuse BitTorrent. Some refuse HTTP/2 without TLS, and malformed requests.",
    { retry: "never" },
  ),
  ERR_NODE_LIMIT: row("policy", "Wait as long as Retry-After says, or choose another exit.", {
    http: 429,
    socks: 1,
    token: "connection_limit_reached",
    exit: 75,
  }),
  ERR_NODE_CLOSED: row("policy", "Choose another exit: the operator has closed this one for now.", {
    http: 503,
    socks: 1,
    token: "destination_unavailable",
    exit: 75,
  }),
  ERR_NODE_LOG: row(
    "policy",
    "Choose another exit. The operator of this one must free disk space for the accountability log, or repair the disk.",
    {
      http: 503,
      socks: 1,
      token: "proxy_internal_error",
      exit: 75,
    },
  ),
  ERR_STREAM_LIMIT: row("policy", "Wait, or use another node.", {
    http: 429,
    socks: 1,
    token: "connection_limit_reached",
  }),
  ERR_STREAM_STALLED: row("policy", "Read arriving data faster. If many streams wait at once, raise memory-budget.", {
    http: 502,
    socks: 1,
    token: "connection_terminated",
    retry: "same",
  }),
  ERR_USER_LIMIT: row("policy", "Wait as long as Retry-After says, or raise the user's limits (client.limits).", {
    http: 429,
    token: "connection_limit_reached",
    exit: 75,
    retry: "same",
  }),

  ERR_PAYMENT_REQUIRED: row("payment", "Fund the wallet, or choose a node that asks for no payment."),

  ERR_INTERNAL: row("internal", "This is a bug in Byway. Please report it, with the message."),
};

/** The row of a code. */
export function errorRow(code: ErrorCode): ErrorRow {
  return ERROR_TABLE[code];
}
