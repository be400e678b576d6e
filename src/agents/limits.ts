import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  handshakeMs: [10_000, "ms", "time for a target's TLS handshake, as undici has it for connections of its own"],
} as const;

/** The bounds on what targets can make a program wait for. */
export const AGENTS_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
