import type { CircuitRequest, PathSelector } from "../../src/circuit/circuit-request.ts";
import type { Hop } from "../../src/circuit/hop.ts";
import { BywayError } from "../../src/core/errors.ts";
import type { Identity } from "../../src/identity/identity.ts";
import { directTo } from "../../src/link/direct-way.ts";

/** The hop that `identity` serves; dialled wherever the test's dialler likes. */
export function hopOf(identity: Identity): Hop {
  return { peerId: identity.peerId, ways: [directTo({ host: "192.0.2.1", port: 443 })] };
}

/** Chooses `hops` and no others: once one of them has failed nobody is left. */
export function onlyHops(hops: readonly Hop[]): PathSelector {
  return ({ failed }) => {
    if (hops.some(({ peerId }) => failed.has(peerId))) throw new BywayError("ERR_NO_NODE", "nobody is left");
    return hops;
  };
}

/** A request of `user` for a circuit; `constraints` and `session` keep it apart from others. */
export function requestOf(user: string, choose: PathSelector, session = "", constraints = ""): CircuitRequest {
  return { group: { user, session, listener: "", constraints }, choose };
}
