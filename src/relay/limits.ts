import { fixed, type Limit, tunable } from "../core/limits.ts";

/** Bounds of the relay room. */
export const RELAY_LIMITS: Readonly<
  Record<
    | "advertisementHeaderBytes"
    | "endpointsTried"
    | "dialMs"
    | "carried"
    | "proofMs"
    | "proofLastsMs"
    | "provenHops"
    | "pendingProofs",
    Limit
  >
> = {
  advertisementHeaderBytes: fixed(2_048, "bytes", "A signed advertisement of 1 KiB in base64url, with its envelope."),
  endpointsTried: tunable(3, "count", "A node has one address of each family; more only helps a scanner."),
  dialMs: tunable(5_000, "ms", "A TCP connection that takes longer makes a bad hop."),
  carried: tunable(8_192, "count", "Onward connections open at once; each holds a socket and two windows."),
  proofMs: tunable(8_000, "ms", "A TCP connection and a TLS handshake with the next hop."),
  proofLastsMs: tunable(3_600_000, "ms", "A node that moves away is noticed by the client's own handshake meanwhile."),
  provenHops: tunable(16_384, "count", "About 2 MiB; the oldest proof goes first."),
  pendingProofs: tunable(256, "count", "Each holds a socket to a server that a stranger named."),
};
