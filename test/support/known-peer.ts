import type { KnownPeer } from "../../src/peers/known-peer.ts";
import type { Advertisement } from "../../src/wire/advertisement.ts";

/** A relay without endpoints whose advertisement nobody signed; `change` says what is otherwise. */
export function knownPeer(peer: string, change: Partial<Advertisement> = {}): KnownPeer {
  const advertisement: Advertisement = {
    v: 1,
    peer,
    seq: 1,
    issuedAtSec: 1,
    expiresAtSec: 2,
    roles: ["relay"],
    endpoints: [],
    protocols: [],
    policy: { acceptedPorts: [] },
    software: "x",
    ...change,
  };
  return { advertisement, envelope: new Uint8Array() };
}
