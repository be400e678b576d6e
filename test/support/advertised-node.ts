import { generateIdentity, type Identity } from "../../src/identity/identity.ts";
import type { KnownPeer } from "../../src/peers/known-peer.ts";
import { signAdvertisement } from "../../src/peers/signed-advertisement.ts";
import type { Advertisement } from "../../src/wire/advertisement.ts";

/** What is particular about an advertised node. */
export interface NodeTraits extends Partial<Omit<Advertisement, "peer">> {
  readonly identity?: Identity;
  readonly atMs?: number;
}

/** A node with a signed advertisement of `atMs` (FakeClock's start by default), as a relay and exit at 127.0.0.1:1. */
export function advertisedNode(traits: NodeTraits = {}): KnownPeer {
  const { identity = generateIdentity(), atMs = 1_800_000_000_000, ...more } = traits;
  const issuedAtSec = Math.floor(atMs / 1000);
  const advertisement: Advertisement = {
    v: 1,
    peer: identity.peerId,
    seq: atMs,
    issuedAtSec,
    expiresAtSec: issuedAtSec + 7_200,
    roles: ["relay", "exit"],
    endpoints: [{ host: "127.0.0.1", port: 1 }],
    protocols: ["tcp", "udp"],
    policy: { acceptedPorts: [] },
    software: "byway/0.1.0",
    ...more,
  };
  return { advertisement, envelope: signAdvertisement(advertisement, identity) };
}
