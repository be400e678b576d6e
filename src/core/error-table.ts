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
  | "ERR_DATA_DIRECTORY"
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
    "Correct the parameter's name; the message names the nearest known one. Within a value of a user name write _, not a hyphen.",
  ),
  ERR_PARAMETER_VALUE: row("usage", "Give the parameter a value of the form that the message shows."),
  ERR_PARAMETER_CONFLICT: row("usage", "Drop one of the parameters that contradict each other."),
  ERR_CREDENTIALS: row("usage", "Send the user name and password of this proxy.", { http: 407 }),
  ERR_USER_NAME: row(
    "usage",
    "Send any user name and password: country-de and x, or auto and x for no wish. With `--ask-name never` none is asked for.",
    { http: 407 },
  ),
  ERR_REQUEST_MALFORMED: row(
    "usage",
    "The program that sent this is at fault; check that it speaks HTTP or SOCKS to this port.",
  ),
  ERR_REQUEST_TOO_LARGE: row("usage", "Send smaller headers.", { http: 431 }),
  ERR_REQUEST_TIMEOUT: row("usage", "Send the whole request sooner.", { http: 408 }),
  ERR_REQUEST_TARGET: row("usage", "Give the target as host:port, an IPv6 address in brackets.", { socks: 8 }),
  ERR_REQUEST_LOOP: row("usage", "Do not point the proxy at itself.", { http: 502, token: "proxy_loop_detected" }),
  ERR_PAGE_UNKNOWN: row("usage", "Open / for an explanation or /proxy.pac for a browser's configuration.", {
    http: 404,
  }),
  ERR_SOCKS_COMMAND: row("usage", "Use CONNECT or UDP ASSOCIATE; BIND is not served.", { socks: 7 }),
  ERR_SOCKS_ADDRESS_TYPE: row("usage", "Use an IPv4 address, an IPv6 address or a name.", { socks: 8 }),

  ERR_CONFIG_FILE: row("config", "Mend or move the file that the message names, or name another with --config."),
  ERR_CONFIG_UNKNOWN_KEY: row("config", "Correct the key; the message names the nearest known one."),
  ERR_CONFIG_VALUE: row("config", "Give the key a value of the type that the message names."),
  ERR_CONFIG_EXPOSED: row(
    "config",
    "Listen on a loopback address, or give the listener users (client.users, or its own).",
  ),

  ERR_LISTEN_IN_USE: row(
    "local",
    "Stop the other program, or choose another port (--listen, --notice-listen, --metrics).",
    { exit: 69 },
  ),
  ERR_LISTEN_ADDRESS: row("local", "Listen on an address that this machine has.", { exit: 69 }),
  ERR_LISTEN_PERMISSION: row("local", "Choose a port above 1023, or run with the right to bind it.", { exit: 77 }),
  ERR_DATA_DIRECTORY: row("local", "Name a place where this user can write and the disk has room.", { exit: 77 }),
  ERR_KEY_FILE: row("local", "Restore the key file from a backup, or move it aside to make a new identity.", {
    exit: 78,
    retry: "never",
  }),
  ERR_PEER_FILE: row("local", "Name a file that `byway node --advertisement-file` wrote.", { exit: 69 }),
  ERR_OUTPUT: row("local", "Make room where the output goes, or send it elsewhere."),
  ERR_CONTROL: row(
    "local",
    "Start `byway up` or `byway node` with the same data directory, or stop the one that holds it.",
  ),
  ERR_REQUEST_UNKNOWN: row("usage", "List the recent requests with `byway requests`.", { http: 404, exit: 69 }),
  ERR_CONTROL_REQUEST: row("usage", "Run the command and the client in the same version of Byway."),
  ERR_BLOCKLIST: row("config", "Name a hosts, domain or CIDR list that can be read, or mend the address of the list."),
  ERR_LOG_FLAW: row("local", "Do not hand the log out as it is: it was changed or damaged where the message says.", {
    exit: 65,
    retry: "never",
  }),
  ERR_LOCAL_LIMIT: row("local", "Close some connections, or give this program more file descriptors.", {
    http: 503,
    token: "connection_limit_reached",
  }),
  ERR_WORKER: row("local", "Look at the log before this, or run with fewer workers (node.workers); 1 needs none."),
  ERR_STOPPED: row("local", "Start Byway again.", { exit: 75 }),
  ERR_ABORTED: row("local", "Nothing: the caller took the request back.", { retry: "never" }),

  ERR_CLOCK_OFF: row("local", "Set the clock of this machine, and have it set by NTP.", { http: 503 }),
  ERR_NO_NODE: row("hop", "Relax the constraint that the message names; with no nodes at all, check --bootstrap.", {
    http: 503,
  }),
  ERR_SESSION_EXIT: row("hop", "Use another session name, or leave `strict` out.", { retry: "never" }),
  ERR_SESSION_ENDED: row("hop", "Use another session name, a longer sesstime, or leave `strict` out.", {
    retry: "never",
  }),
  ERR_ADVERTISEMENT_MALFORMED: row(
    "hop",
    "Ask the node's operator to update; the advertisement is not of protocol version 1.",
  ),
  ERR_ADVERTISEMENT_SIGNATURE: row("hop", "Discard this advertisement: it was altered or signed by another key."),
  ERR_ADVERTISEMENT_EXPIRED: row(
    "hop",
    "Fetch a fresh advertisement; if that does not help, check this machine's clock.",
  ),
  ERR_ADVERTISEMENT_FUTURE: row("hop", "Check the clocks of this machine and of the node."),
  ERR_ADVERTISEMENT_PRIVATE: row("hop", "Use --local-network if these nodes are a network on your own machine."),
  ERR_ADVERTISEMENT_OLD: row("hop", "Nothing: a newer advertisement of that node is known."),
  ERR_ADVERTISEMENT_EQUIVOCATION: row(
    "hop",
    "Use another node: this one signed two different advertisements with one number. Its operator needs a new key.",
  ),
  ERR_ADVERTISEMENT_QUOTA: row("hop", "Nothing: as many nodes of that network are known as one may have."),
  ERR_DIRECTORY_MESSAGE: row("hop", "Ask another peer; if all send this, one of you runs an old version."),
  ERR_NETWORK_FILE: row("config", "Mend the file; docs/configuration.md shows one."),
  ERR_NETWORK_UNREACHABLE: row("local", "Check the connection and the addresses in --bootstrap or the network file.", {
    exit: 75,
  }),
  ERR_PEER_UNREACHABLE: row("hop", "Try another peer."),
  ERR_PEER_ANSWER: row("hop", "Try another peer."),
  ERR_PEER_UNKNOWN: row("usage", "List the peers that are known with `byway peers`.", { exit: 69 }),
  ERR_DESCRIPTORS: row("local", "Allow more open files (LimitNOFILE= in a systemd unit, ulimit -n in a shell).", {
    exit: 69,
  }),
  ERR_STORE: row("local", "Check that the data directory can be written and has room."),
  ERR_GEO_DATA: row("config", "Name an .mmdb or .csv file of address data that can be read."),
  ERR_HOP_UNREACHABLE: row("hop", "Try another node."),
  ERR_HOP_TIMEOUT: row("hop", "Try another node.", { http: 504, socks: 6, token: "connection_timeout" }),
  ERR_HOP_TLS: row("hop", "Try another node; this one does not speak Byway's TLS profile.", {
    token: "tls_protocol_error",
  }),
  ERR_HOP_CLASSICAL: row("hop", "Ask the node's operator to update; to accept it all the same set allow-classical.", {
    token: "tls_protocol_error",
  }),
  ERR_HOP_IDENTITY: row("hop", "Do not use this address: somebody else answers there, or the node changed its key.", {
    token: "tls_certificate_error",
  }),
  ERR_HOP_PROTOCOL: row("hop", "Try another node; this one broke the protocol.", { token: "http_protocol_error" }),
  ERR_HOP_LOST: row("hop", "Try again; another circuit will be built.", { token: "connection_terminated" }),
  ERR_HOP_UNKNOWN: row(
    "hop",
    "Ask another relay; one without a directory must be shown the next hop's advertisement.",
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
    "If the name does not exist, check its spelling. If the exit's name server failed, try again or through another node; on your own node, see whether its DNS servers answer.",
    { token: "dns_error" },
  ),
  ERR_TARGET_NAME_TIMEOUT: row("target", "Try again, or through another node.", {
    http: 504,
    token: "dns_timeout",
    retry: "other-node",
  }),
  ERR_TARGET_REFUSED: row("target", "Check the port; nothing listens there.", {
    socks: 5,
    token: "connection_refused",
  }),
  ERR_TARGET_TIMEOUT: row("target", "The target did not answer; try later or through another node.", {
    http: 504,
    socks: 6,
    token: "connection_timeout",
    retry: "other-node",
  }),
  ERR_TARGET_UNREACHABLE: row("target", "No way to the target from this exit; try another node.", {
    token: "destination_ip_unroutable",
    retry: "other-node",
  }),
  ERR_TARGET_NETWORK: row("target", "The exit has no route of that address family; try another node.", {
    socks: 3,
    token: "destination_ip_unroutable",
    retry: "other-node",
  }),
  ERR_TARGET_RESET: row("target", "The target closed the connection; try again.", {
    socks: 1,
    token: "connection_terminated",
    retry: "same",
  }),
  ERR_TARGET_PROTOCOL: row(
    "target",
    "The target's answer was not HTTP that a proxy may pass on; ask the target's owner.",
    { socks: 1, token: "http_protocol_error" },
  ),

  ERR_TARGET_PROHIBITED: row(
    "policy",
    "Only public addresses can be reached; an operator opens a private one with --allow-target.",
    { token: "destination_ip_prohibited", retry: "never" },
  ),
  ERR_POLICY_PORT: row("policy", "Choose a node whose policy accepts the port."),
  ERR_POLICY_TARGET: row("policy", "Choose another exit: the operator of this one does not serve the target."),
  ERR_POLICY_LISTED: row("policy", "Choose another exit: a blocklist of this one names the target."),
  ERR_POLICY_PROTOCOL: row(
    "policy",
    "Choose an exit that opens this protocol; most refuse BitTorrent, some HTTP/2 without TLS and malformed requests.",
    { retry: "never" },
  ),
  ERR_NODE_LIMIT: row("policy", "Wait as long as Retry-After says, or use another node.", {
    http: 429,
    socks: 1,
    token: "connection_limit_reached",
    exit: 75,
  }),
  ERR_NODE_CLOSED: row("policy", "Use another node: the operator has closed this one for now.", {
    http: 503,
    socks: 1,
    token: "destination_unavailable",
    exit: 75,
  }),
  ERR_NODE_LOG: row(
    "policy",
    "Use another node; its operator makes room for the accountability log, or mends its disk.",
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
  ERR_STREAM_STALLED: row("policy", "Read what arrives sooner; where many streams wait at once, raise memory-budget.", {
    http: 502,
    socks: 1,
    token: "connection_terminated",
    retry: "same",
  }),
  ERR_USER_LIMIT: row("policy", "Wait as long as Retry-After says, or have the user's limits raised.", {
    http: 429,
    token: "connection_limit_reached",
    exit: 75,
    retry: "same",
  }),

  ERR_PAYMENT_REQUIRED: row("payment", "Fund the wallet, or choose a node that is free."),

  ERR_INTERNAL: row("internal", "This is a bug in Byway; please report it with the message."),
};

/** The row of a code. */
export function errorRow(code: ErrorCode): ErrorRow {
  return ERROR_TABLE[code];
}
