import type { CircuitSpec } from "../circuit/circuit-spec.ts";
import type { Hop } from "../circuit/hop.ts";
import type { IsolationGroup } from "../circuit/isolation.ts";
import type { PathHints } from "../circuit/path-selector.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import { shortPeerId } from "../identity/peer-id.ts";
import type { OpenedStream } from "../ingress/stream-opener.ts";
import { acceptsTarget } from "../routing/accepts-target.ts";
import { askedSession } from "../routing/asked-session.ts";
import { type Constraints, constraintsKey } from "../routing/constraints.ts";
import type { Explanation } from "../routing/explanation.ts";
import type { SessionKey } from "../routing/held-session.ts";
import type { Preset } from "../routing/preset.ts";
import type { Session, SessionRules, SessionTable } from "../routing/session-table.ts";
import type { PathPlanner, PlanAsked } from "./path-planner.ts";

/** What one request asks of its circuit. */
export interface Asked {
  readonly user: string;
  readonly constraints: Constraints;
  readonly protocol: "tcp" | "udp";
  /** The port of its target; absent where there is none yet. */
  readonly port?: number;
}

/** What a request works with. */
export interface ProxyRequestComponents {
  readonly planner: PathPlanner;
  readonly sessions: SessionTable;
}

/** What the client assumes. */
export interface ProxyRequestOptions {
  /** The listener that the request came through; "" for the library. */
  readonly listener: string;
  /** Whether requests without a session share a circuit (`circuit`) or each take another (`request`). */
  readonly rotation: "request" | "circuit";
  /** What applies where the request names none. */
  readonly preset: Preset;
}

/**
 * One request's claim on a circuit: it tells the circuit room which circuits will do and which hops to build, and the
 * session table which exit the session has.
 */
export class ProxyRequest implements CircuitSpec {
  readonly group: IsolationGroup;
  readonly rotates: boolean;
  readonly #components: ProxyRequestComponents;
  readonly #asked: Asked;
  readonly #session: { readonly key: SessionKey; readonly rules: SessionRules } | undefined;
  /** Without what concerns the session alone. */
  readonly #constraints: Constraints;
  readonly #stickyAsn: boolean;
  /** The exit of the session whose connection was lost, which may have been no fault of the exit's. */
  #lost: string | undefined;
  #planned: string | undefined;
  /** The session as this request saw it last. */
  #found: Session | undefined;
  /** Why the session leaves its exit with this request. */
  #leaving: "failed" | "unfit" | undefined;

  constructor(components: ProxyRequestComponents, asked: Asked, options: ProxyRequestOptions) {
    const { name: session, rules, stickyAsn, constraints: rest } = askedSession(asked.constraints);
    const { user } = asked;
    const { listener } = options;
    const constraints = constraintsKey(rest);
    this.#components = components;
    this.#asked = asked;
    this.#constraints = rest;
    this.#stickyAsn = stickyAsn;
    this.#session = session === undefined ? undefined : { key: { user, session, listener, constraints }, rules };
    this.group = { user, session: session ?? "", listener, constraints };
    const isFixed = session !== undefined || rest.node !== undefined || (rest.preset ?? options.preset) === "private";
    this.rotates = options.rotation === "request" && !isFixed;
  }

  /** As the app wrote them, session and all. */
  get constraints(): Constraints {
    return this.#asked.constraints;
  }

  /** What its exit must carry. */
  get protocol(): "tcp" | "udp" {
    return this.#asked.protocol;
  }

  /** Hops for this request. Throws ERR_NO_NODE, ERR_SESSION_EXIT or ERR_SESSION_ENDED. */
  readonly choose = ({ kept, failed, exit, avoid }: PathHints): readonly Hop[] => {
    const wanted = { ...this.#wanted, keptHops: kept, failed };
    if (this.#session === undefined) {
      return this.#components.planner.hops({
        ...wanted,
        ...(exit === undefined ? {} : { exit }),
        ...(avoid === undefined ? {} : { avoidExits: avoid }),
      });
    }
    const held = this.#held();
    if (held?.exit === undefined) return this.#chooseNew(held, wanted);
    const isSecondChance = this.#lost === held.exit;
    if (isSecondChance) this.#lost = undefined;
    let why: BywayError | undefined;
    if (!failed.has(held.exit) || isSecondChance) {
      try {
        const others = new Set([...failed].filter((peer) => peer !== held.exit));
        return this.#components.planner.hops({ ...wanted, failed: others, exit: held.exit });
      } catch (error) {
        why = toBywayError(error);
        if (why.code !== "ERR_NO_NODE") throw error;
      }
    }
    if (this.#session.rules.strict) throw goneError({ ...held, exit: held.exit }, why);
    this.#leaving = why !== undefined && !failed.has(held.exit) ? "unfit" : "failed";
    return this.#chooseNew(held, { ...wanted, failed: new Set([...failed, held.exit]) });
  };

  /** What would be chosen now, and why; begins no session. Throws as `choose` does. */
  explain(): Explanation {
    const { planner, sessions } = this.#components;
    if (this.#session === undefined) return planner.explain(this.#wanted);
    const { key, rules } = this.#session;
    const held = sessions.peek(key, rules);
    if (held.exit === undefined) return planner.explain({ ...this.#wanted, ...this.#newExit(held) });
    try {
      return planner.explain({ ...this.#wanted, exit: held.exit });
    } catch (cause) {
      const error = toBywayError(cause);
      if (error.code !== "ERR_NO_NODE") throw error;
      if (rules.strict) throw goneError({ ...held, exit: held.exit }, error);
      return planner.explain({ ...this.#wanted, ...this.#newExit(held), failed: new Set([held.exit]) });
    }
  }

  /** Equal for requests that one answer of "no node fits" is true for; undefined where the request's session has an exit. */
  get refusalKey(): string | undefined {
    const { port = 0, protocol } = this.#asked;
    if (this.#session !== undefined) {
      const { key, rules } = this.#session;
      const { exit, asn } = this.#components.sessions.peek(key, rules);
      if (exit !== undefined || asn !== undefined) return undefined;
    }
    return `${protocol} ${port} ${this.group.constraints}`;
  }

  /** Equal for requests that the same nodes can serve: a session that has an exit is a request of its own kind. */
  get nodesKey(): string {
    const { port = 0, protocol } = this.#asked;
    const { user, session, listener, constraints } = this.group;
    const own = JSON.stringify([protocol, port, constraints, user, listener, session]);
    try {
      return this.refusalKey ?? own;
    } catch {
      // The session has ended, as choosing says.
      return own;
    }
  }

  /** Whether a circuit to `exit` will do. Throws ERR_SESSION_ENDED. */
  readonly fits = (exit: Hop): boolean => {
    if (this.isAccepted(exit) === false) return false;
    if (this.#session === undefined) return true;
    return exit.peerId === (this.#held()?.exit ?? this.#plannedExit());
  };

  /** Whether `exit` says that it accepts the request's port; undefined where nothing is known of it. */
  isAccepted(exit: Hop): boolean | undefined {
    const candidate = this.#components.planner.candidateOf(exit);
    const { port, protocol } = this.#asked;
    return candidate === undefined ? undefined : acceptsTarget(candidate, port, protocol);
  }

  /**
   * The request uses a circuit to `exit`: its session has that exit from now on. Tells a change, once. Throws ERR_SESSION_EXIT
   * for a strict request if another one gave the session another exit meanwhile.
   */
  hold(exit: Hop): OpenedStream["moved"] {
    if (this.#session === undefined) return undefined;
    const asn = this.#components.planner.candidateOf(exit)?.asn;
    const held = { peerId: exit.peerId, ...(asn === undefined ? {} : { asn }) };
    const { sessions } = this.#components;
    const { key, rules } = this.#session;
    const moved = sessions.hold(key, held, this.#leaving, this.#found);
    const first = rules.strict && this.#found !== undefined ? sessions.beganWith(key, this.#found) : undefined;
    if (first === undefined || first === exit.peerId) return moved;
    throw goneError({ exit: first, movedTo: exit.peerId }, undefined);
  }

  /** When its session ends, in Unix ms; undefined without one. */
  get endsAtMs(): number | undefined {
    return this.#session === undefined ? undefined : this.#components.sessions.endsAtMs(this.#session.key);
  }

  /** A circuit to `exit` failed. */
  noteFailure(exit: Hop, error: BywayError): void {
    if (error.code === "ERR_HOP_LOST") this.#lost ??= exit.peerId;
  }

  /** What a request fails with, whose session may not change its exit. */
  failure(error: BywayError): BywayError {
    const isExit = error.kind === "hop" && error.code !== "ERR_NO_NODE" && !error.code.startsWith("ERR_SESSION_");
    const found = this.#session?.rules.strict === true && isExit ? this.#found : undefined;
    return found?.exit === undefined ? error : goneError({ ...found, exit: found.exit }, error);
  }

  get #wanted(): { constraints: Constraints; protocol: "tcp" | "udp"; port?: number } {
    const { port, protocol } = this.#asked;
    return { constraints: this.#constraints, protocol, ...(port === undefined ? {} : { port }) };
  }

  #held(): Session | undefined {
    if (this.#session === undefined) return undefined;
    this.#found = this.#components.sessions.find(this.#session.key, this.#session.rules);
    return this.#found;
  }

  #chooseNew(
    held: Session | undefined,
    wanted: Parameters<PathPlanner["hops"]>[0] & { readonly failed: ReadonlySet<string> },
  ): readonly Hop[] {
    return this.#components.planner.hops({ ...wanted, ...(held === undefined ? {} : this.#newExit(held)) });
  }

  /** How the next exit of a session is chosen. */
  #newExit({ seed, previous, asn }: Session): Pick<PlanAsked, "sessionSeed" | "avoidExits" | "exitAsn"> {
    return {
      sessionSeed: seed,
      ...(previous === undefined ? {} : { avoidExits: [previous] }),
      ...(this.#stickyAsn && asn !== undefined ? { exitAsn: asn } : {}),
    };
  }

  /** Where a session that has no exit yet will leave. */
  #plannedExit(): string | undefined {
    this.#planned ??= this.#chooseNew(this.#held(), { ...this.#wanted, failed: new Set() }).at(-1)?.peerId;
    return this.#planned;
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
    {
      ...(cause === undefined ? {} : { cause }),
      data: { peerId: exit, ...(movedTo === undefined ? {} : { movedTo }) },
    },
  );
}
