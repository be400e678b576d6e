import type { Circuit } from "../circuit/circuit.ts";
import type { CircuitRequest, PathHints } from "../circuit/circuit-request.ts";
import type { Hop } from "../circuit/hop.ts";
import type { IsolationGroup } from "../circuit/isolation.ts";
import type { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import type { OpenedStream, StreamRequest } from "../ingress/stream-opener.ts";
import { acceptsTarget } from "../routing/accepts-target.ts";
import { askedSession } from "../routing/asked-session.ts";
import { type Constraints, constraintsKey } from "../routing/constraints.ts";
import type { Explanation } from "../routing/explanation.ts";
import type { PlanRequest } from "../routing/plan-request.ts";
import type { Preset } from "../routing/preset.ts";
import type { SessionTable } from "../routing/session-table.ts";
import type { OwnExperience } from "../trust/own-experience.ts";
import { failedPeer } from "./circuit-outcomes.ts";
import { judgeRefusal } from "./judge-refusal.ts";
import { DISPATCH_LIMITS } from "./limits.ts";
import type { LoggedRequest } from "./logged-request.ts";
import type { PathPlanner } from "./path-planner.ts";
import { SessionClaim } from "./session-claim.ts";

/** The components of a request. */
export interface ProxyRequestComponents {
  readonly planner: Pick<PathPlanner, "hops" | "explain" | "candidateOf">;
  readonly sessions: SessionTable;
  readonly experience: Pick<OwnExperience, "expectedMs">;
}

/** The rules of the listener that requests come through. */
export interface ProxyRequestOptions {
  /** "" for the library. */
  readonly listener: string;
  /** Whether requests without a session share a circuit (`circuit`) or each take another (`request`). */
  readonly rotation: "request" | "circuit";
  /** The preset of requests that name none. */
  readonly preset: Preset;
}

/** One request of an app, from asked to answered: what it asks, the session that it belongs to, and its entry in the log. */
export class ProxyRequest implements CircuitRequest {
  /** Port 0 if there is no target yet. */
  readonly target: HostPort;
  readonly protocol: "tcp" | "udp";
  /** As the app wrote them, with those of the session. */
  readonly constraints: Constraints;
  /** The app's first bytes, which go out with the request. */
  readonly early: Uint8Array | undefined;
  /** Whether the app gets its stream before the exit has answered. */
  readonly isOptimistic: boolean;
  /** An exit, by peer id, that has declined this request already, and its answer. */
  readonly declined: StreamRequest["declined"];
  readonly entry: LoggedRequest;
  readonly signal: AbortSignal;
  readonly group: IsolationGroup;
  readonly rotates: boolean;
  readonly #components: ProxyRequestComponents;
  readonly #session: SessionClaim | undefined;
  /** Its plan: the constraints without those of the session. */
  readonly #wanted: PlanRequest;
  /** The exit of a session that has none yet. */
  #planned: string | undefined;

  constructor(
    components: ProxyRequestComponents,
    asked: StreamRequest,
    options: ProxyRequestOptions,
    carried: { readonly protocol: "tcp" | "udp"; readonly entry: LoggedRequest; readonly signal: AbortSignal },
  ) {
    const { user, target } = asked;
    const { listener } = options;
    const { name: session, rules, stickyAsn, constraints } = askedSession(asked.constraints);
    const key = constraintsKey(constraints);
    this.#components = components;
    this.target = target;
    this.protocol = carried.protocol;
    this.constraints = asked.constraints;
    this.early = asked.early;
    this.isOptimistic = asked.optimistic ?? false;
    this.declined = asked.declined;
    this.entry = carried.entry;
    this.signal = carried.signal;
    this.#wanted = { constraints, protocol: this.protocol, port: target.port === 0 ? undefined : target.port };
    this.#session =
      session === undefined
        ? undefined
        : new SessionClaim(components.sessions, {
            key: { user, session, listener, constraints: key },
            rules,
            stickyAsn,
          });
    this.group = { user, session: session ?? "", listener, constraints: key };
    const isFixed =
      session !== undefined || constraints.node !== undefined || (constraints.preset ?? options.preset) === "private";
    this.rotates = options.rotation === "request" && !isFixed;
  }

  /** Its name in the log. */
  get id(): string {
    return this.entry.id;
  }

  /** Whether bytes of the app's go out with it, which must not reach a target twice. */
  get sendsBytes(): boolean {
    return (this.early?.length ?? 0) > 0;
  }

  /** Plans the hops of a circuit. Throws ERR_NO_NODE, ERR_SESSION_EXIT or ERR_SESSION_ENDED. */
  choose({ kept, failed, exit, avoid }: PathHints): readonly Hop[] {
    const { planner } = this.#components;
    const plan = (more: Partial<PlanRequest>): readonly Hop[] => planner.hops({ ...this.#wanted, ...more }, kept);
    return this.#session === undefined ? plan({ failed, exit, avoidExits: avoid }) : this.#session.choose(failed, plan);
  }

  /** The plan that `choose` would make now, and why; begins no session. Throws as `choose` does. */
  explain(): Explanation {
    const { planner } = this.#components;
    const plan = (more: Partial<PlanRequest>): Explanation => planner.explain({ ...this.#wanted, ...more });
    return this.#session === undefined ? plan({}) : this.#session.explain(plan);
  }

  /** Whether it can go out by a circuit to `exit`. Throws ERR_SESSION_ENDED. */
  fits(exit: Hop): boolean {
    if (this.#isAccepted(exit) === false) return false;
    if (this.#session === undefined) return true;
    return exit.peerId === (this.#session.find().exit ?? this.#plannedExit(this.#session));
  }

  /** Equal for requests that get "no node fits" for the same reason; undefined if the request's session has an exit. */
  get refusalKey(): string | undefined {
    if (this.#session?.isBound === true) return undefined;
    return `${this.protocol} ${this.target.port} ${this.group.constraints}`;
  }

  /** Equal for requests that the same nodes can serve. Requests of a session that has an exit have their own key. */
  get nodesKey(): string {
    const { user, session, listener, constraints } = this.group;
    const own = JSON.stringify([this.protocol, this.target.port, constraints, user, listener, session]);
    try {
      return this.refusalKey ?? own;
    } catch {
      // The session has ended, as choosing says.
      return own;
    }
  }

  /** The time within which an answer over `circuit` is to be expected, in ms. */
  hedgeMs({ hops }: Circuit): number | undefined {
    const exit = hops.at(-1);
    if (exit === undefined) return undefined;
    return this.#components.experience.expectedMs(exit.peerId) ?? DISPATCH_LIMITS.unknownAnswerMs.value;
  }

  /** The answer of the exit of `circuit`, held against what this client knows. */
  judged(circuit: Circuit, error: BywayError): BywayError {
    const exit = circuit.hops.at(-1);
    if (exit === undefined) return error;
    return judgeRefusal(error, this, { peerId: exit.peerId, isAccepted: this.#isAccepted(exit) === true });
  }

  /** A try on `circuit` failed. */
  noteFailure(circuit: Circuit, error: BywayError): void {
    const exit = circuit.hops.at(-1);
    // An aborted try has not failed.
    if (error.code === "ERR_ABORTED" || exit === undefined) return;
    this.entry.attempted(failedPeer(circuit, error), error);
    this.#session?.noteFailure(exit.peerId, error);
  }

  /** A stream was opened at `exit`: its session has that exit from now on. Returns the change. Throws ERR_SESSION_EXIT. */
  hold(exit: Hop): OpenedStream["moved"] {
    if (this.#session === undefined) return undefined;
    return this.#session.hold({ peerId: exit.peerId, asn: this.#components.planner.candidateOf(exit)?.asn });
  }

  /** When its session ends, in Unix ms; undefined without one. */
  get endsAtMs(): number | undefined {
    return this.#session?.endsAtMs;
  }

  /** The error that the app gets for `error`. */
  failure(error: BywayError): BywayError {
    return this.#session?.failure(error) ?? error;
  }

  /** Whether `exit` says that it accepts the request's port; undefined where nothing is known of it. */
  #isAccepted(exit: Hop): boolean | undefined {
    const candidate = this.#components.planner.candidateOf(exit);
    return candidate === undefined ? undefined : acceptsTarget(candidate, this.#wanted.port, this.protocol);
  }

  #plannedExit(session: SessionClaim): string | undefined {
    const { planner } = this.#components;
    this.#planned ??= session.chooseFirst((more) => planner.hops({ ...this.#wanted, ...more }).at(-1)?.peerId);
    return this.#planned;
  }
}
