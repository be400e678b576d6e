import type { Clock } from "../../src/core/clock.ts";
import type { Identity } from "../../src/identity/identity.ts";
import { signAdvertisement } from "../../src/peers/signed-advertisement.ts";
import type { Advertisement } from "../../src/wire/advertisement.ts";

/** A signed advertisement of a public exit in Germany, valid for two hours from now; `change` says what is otherwise. */
export function signedPeer(clock: Clock, identity: Identity, change: Partial<Advertisement> = {}): Uint8Array {
  const issuedAtSec = Math.floor(clock.nowMs() / 1000);
  const advertisement: Advertisement = {
    v: 1,
    peer: identity.peerId,
    seq: 1,
    issuedAtSec,
    expiresAtSec: issuedAtSec + 7_200,
    roles: ["exit", "relay"],
    endpoints: [{ host: "9.9.9.9", port: 4433 }],
    protocols: ["tcp"],
    country: "de",
    policy: { acceptedPorts: [] },
    software: "byway/0.1.0",
    ...change,
  };
  return signAdvertisement(advertisement, identity);
}
