import { BywayError, toBywayError } from "../core/errors.ts";
import { shortPeerId } from "../identity/peer-id.ts";
import type { OpenedStream } from "../ingress/stream-opener.ts";
import type { SessionKey } from "../routing/held-session.ts";
import type { PlanRequest } from "../routing/plan-request.ts";
import type { Session, SessionRules, SessionTable } from "../routing/session-table.ts";

/** The session of a request, as the request asks for it. */
export interface SessionClaimOptions {
  readonly key: SessionKey;
  readonly rules: SessionRules;
  /** Whether a session that has to move stays in its AS. */
  readonly stickyAsn: boolean;
}

/** Plans with these constraints beside those of the request. */
type Plan<T> = (more: Partial<PlanRequest>) => T;

/**
 * One request's claim on its session: the exit that the request must have, and the exit that the session has afterwards.
 *
 *     exit ─► choose: that exit; else another one, unless strict ─► hold: the session has the exit of the opened stream
 */
export class SessionClaim {
  readonly #sessions: SessionTable;
  readonly #options: SessionClaimOptions;
  /** The exit of the session whose connection was lost, perhaps by no fault of the exit. */
  #lost: string | undefined;
  /** The session as this request saw it last. */
  #found: Session | undefined;
  /** Why the session leaves its exit with this request. */
  #leaving: "failed" | "unfit" | undefined;

  constructor(sessions: SessionTable, options: SessionClaimOptions) {
    this.#sessions = sessions;
    this.#options = options;
  }

  /** Whether an exit or an AS is known that the request must have. Throws ERR_SESSION_ENDED. */
  get isBound(): boolean {
    const { exit, asn } = this.#peek();
    return exit !== undefined || asn !== undefined;
  }

  /** When the session ends, in Unix ms. */
  get endsAtMs(): number | undefined {
    return this.#sessions.endsAtMs(this.#options.key);
  }

  /** The session, begun if there is none. Throws ERR_SESSION_ENDED. */
  find(): Session {
    this.#found = this.#sessions.find(this.#options.key, this.#options.rules);
    return this.#found;
  }

  /** Plans a circuit without the peers in `failed`. Throws ERR_SESSION_EXIT, ERR_SESSION_ENDED and what `plan` throws. */
  choose<T>(failed: ReadonlySet<string>, plan: Plan<T>): T {
    const held = this.find();
    const { exit } = held;
    if (exit === undefined) return plan({ ...this.#newExit(held), failed });
    const isSecondChance = this.#lost === exit;
    if (isSecondChance) this.#lost = undefined;
    let why: BywayError | undefined;
    if (!failed.has(exit) || isSecondChance) {
      try {
        return plan({ failed: new Set([...failed].filter((peer) => peer !== exit)), exit });
      } catch (error) {
        why = toBywayError(error);
        if (why.code !== "ERR_NO_NODE") throw error;
      }
    }
    if (this.#options.rules.strict) throw goneError({ ...held, exit }, why);
    this.#leaving = why !== undefined && !failed.has(exit) ? "unfit" : "failed";
    return plan({ ...this.#newExit(held), failed: new Set([...failed, exit]) });
  }

  /** Plans the circuit of a session that has no exit yet. Throws ERR_SESSION_ENDED and what `plan` throws. */
  chooseFirst<T>(plan: Plan<T>): T {
    return plan({ ...this.#newExit(this.find()), failed: new Set() });
  }

  /** Plans what `choose` would plan now; begins no session. Throws as `choose` does. */
  explain<T>(plan: Plan<T>): T {
    const held = this.#peek();
    const { exit } = held;
    if (exit === undefined) return plan(this.#newExit(held));
    try {
      return plan({ exit });
    } catch (cause) {
      const error = toBywayError(cause);
      if (error.code !== "ERR_NO_NODE") throw error;
      if (this.#options.rules.strict) throw goneError({ ...held, exit }, error);
      return plan({ ...this.#newExit(held), failed: new Set([exit]) });
    }
  }

  /**
   * A stream was opened at `exit`: the session has that exit from now on. Returns what changed, once. Throws ERR_SESSION_EXIT
   * for a strict request if another request gave the session another exit meanwhile.
   */
  hold(exit: { readonly peerId: string; readonly asn?: number | undefined }): OpenedStream["moved"] {
    const { key, rules } = this.#options;
    const moved = this.#sessions.hold(key, exit, this.#leaving, this.#found);
    const first = rules.strict && this.#found !== undefined ? this.#sessions.beganWith(key, this.#found) : undefined;
    if (first === undefined || first === exit.peerId) return moved;
    throw goneError({ exit: first, movedTo: exit.peerId }, undefined);
  }

  /** A circuit to `exit` failed. */
  noteFailure(exit: string, error: BywayError): void {
    if (error.code === "ERR_HOP_LOST") this.#lost ??= exit;
  }

  /** The error that the app gets for `error`: of a strict session whose exit failed, that the session has lost it. */
  failure(error: BywayError): BywayError {
    const isExit = error.kind === "hop" && error.code !== "ERR_NO_NODE" && !error.code.startsWith("ERR_SESSION_");
    const found = this.#options.rules.strict && isExit ? this.#found : undefined;
    return found?.exit === undefined ? error : goneError({ ...found, exit: found.exit }, error);
  }

  #peek(): Session {
    return this.#sessions.peek(this.#options.key, this.#options.rules);
  }

  /** The constraints on the next exit of the session. */
  #newExit({ seed, previous, asn }: Session): Partial<PlanRequest> {
    return {
      sessionSeed: seed,
      avoidExits: previous === undefined ? undefined : [previous],
      exitAsn: this.#options.stickyAsn ? asn : undefined,
    };
  }
}

function goneError(
  { exit, movedTo }: { readonly exit: string; readonly movedTo?: string },
  cause: BywayError | undefined,
): BywayError {
  const why = cause === undefined ? "" : `: ${cause.message}`;
  const now = movedTo === undefined ? "" : `; another request has moved the session to ${shortPeerId(movedTo)}`;
  return new BywayError(
    "ERR_SESSION_EXIT",
    `the session's exit ${shortPeerId(exit)} can no longer be used${why}${now}`,
    { cause, data: { peerId: exit, ...(movedTo === undefined ? {} : { movedTo }) } },
  );
}
