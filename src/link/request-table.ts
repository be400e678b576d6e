import { BywayError } from "../core/errors.ts";
import { parseHopAuthority } from "../wire/hop-authority.ts";
import type { IncomingStream } from "./incoming-stream.ts";

/** Serves a request. `peerId` is the peer that the authority of a CONNECT to a hop names, "" for every other request. */
export type ServeRequest = (incoming: IncomingStream, peerId: string) => Promise<void> | void;

/** The requests that a row is for (docs/protocol.md §2.4). */
export type RequestKind =
  /** CONNECT without a protocol (RFC 9113 §8.5). Its authority names a target, or the next hop. */
  | { readonly method: "CONNECT"; readonly to: "target" | "hop" }
  /** Extended CONNECT (RFC 8441). */
  | { readonly method: "CONNECT"; readonly protocol: string }
  | {
      readonly method: "GET" | "POST";
      readonly path: string;
      /** Whether the path may have a query. Default false. */
      readonly takesQuery?: boolean;
    };

/** One row of the table: requests of one kind, and what serves them. */
export type RequestRow = RequestKind & {
  readonly serve: ServeRequest;
  /** Served also while the node refuses new requests. Default false. */
  readonly isAlwaysServed?: boolean;
};

const UNKNOWN = "this hop serves CONNECT and what is below /.well-known/byway only";

/** Requests that need a role: a node without the role has no row for them. */
const ROLES: ReadonlyMap<string, string> = new Map([
  ["target", "exit"],
  ["hop", "relay"],
  ["CONNECT connect-udp", "exit"],
]);

/** What a node serves: method and path, or method and protocol, lead to one row each. */
export class RequestTable {
  readonly #rows = new Map<string, RequestRow>();

  /** No two rows may be of one kind. */
  constructor(rows: readonly RequestRow[]) {
    for (const row of rows) {
      const key = keyOf(row);
      if (this.#rows.has(key)) throw new BywayError("ERR_INTERNAL", `two rows serve ${key}`);
      this.#rows.set(key, row);
    }
  }

  /**
   * Serves a request; `refusal` is why the node serves nothing new at the moment. Throws `refusal`, ERR_HOP_ROLE if the node
   * lacks the role for the request, ERR_REQUEST_TARGET for an authority that is none, ERR_REQUEST_MALFORMED for a request
   * that no node serves, and what the service throws.
   */
  serve(incoming: IncomingStream, refusal?: BywayError): Promise<void> | void {
    const { ":method": method, ":protocol": protocol, ":path": path = "" } = incoming.headers;
    if (refusal !== undefined) {
      const row = this.#rows.get(`${method} ${path}`);
      if (row?.isAlwaysServed !== true) throw refusal;
      return row.serve(incoming, "");
    }
    if (method !== "CONNECT") return this.#pathRow(`${method} ${path}`).serve(incoming, "");
    if (protocol !== undefined) return this.#row(`CONNECT ${protocol}`).serve(incoming, "");
    const peerId = parseHopAuthority(incoming.authority);
    return peerId === undefined ? this.#row("target").serve(incoming, "") : this.#row("hop").serve(incoming, peerId);
  }

  #pathRow(asked: string): RequestRow {
    const query = asked.indexOf("?");
    if (query === -1) return this.#row(asked);
    const row = this.#row(asked.slice(0, query));
    if ("takesQuery" in row && row.takesQuery === true) return row;
    throw new BywayError("ERR_REQUEST_MALFORMED", UNKNOWN);
  }

  #row(key: string): RequestRow {
    const row = this.#rows.get(key);
    if (row !== undefined) return row;
    const role = ROLES.get(key);
    if (role !== undefined) throw new BywayError("ERR_HOP_ROLE", `this node does not have the role ${role}`);
    throw new BywayError("ERR_REQUEST_MALFORMED", UNKNOWN);
  }
}

/** Keys of CONNECT without a protocol have no blank, so that no other request leads to them. */
function keyOf(row: RequestRow): string {
  if ("to" in row) return row.to;
  return "protocol" in row ? `CONNECT ${row.protocol}` : `${row.method} ${row.path}`;
}
