import { type Limit, tunable } from "../core/limits.ts";

/** The bounds on what targets can make a program wait for. */
export const AGENTS_LIMITS: Readonly<Record<"handshakeMs", Limit>> = {
  handshakeMs: tunable(10_000, "ms", "time for a target's TLS handshake, as undici has it for connections of its own"),
};
