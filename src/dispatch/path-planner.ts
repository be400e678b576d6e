import type { Hop } from "../circuit/hop.ts";
import { toBywayError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { shuffled } from "../core/shuffled.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import type { RouteHop, RouteSummary } from "../ingress/stream-opener.ts";
import { isWitnessed } from "../peers/is-witnessed.ts";
import type { Candidate } from "../routing/candidate.ts";
import type { CandidateIndex } from "../routing/candidate-index.ts";
import type { Constraints } from "../routing/constraints.ts";
import { drawGuard } from "../routing/draw-guard.ts";
import type { Explanation } from "../routing/explanation.ts";
import type { GuardSet } from "../routing/guard-set.ts";
import { hopsOf } from "../routing/hops-of.ts";
import { planCircuit } from "../routing/plan.ts";
import type { Plan, PlanOptions, PlanRequest } from "../routing/plan-request.ts";
import type { PeerQuery } from "../wire/peer-query.ts";
import type { CandidateSource } from "./candidate-source.ts";

/** The components of a planner. */
export interface PathPlannerComponents {
  readonly peers: Pick<CandidateSource, "usable" | "known" | "expect" | "isListed" | "offer">;
  readonly guards: Pick<GuardSet, "guards">;
  readonly random: Random;
}

/** Plans the hops that a request needs: from nodes that answer, else from nodes that are only known. */
export class PathPlanner {
  readonly #components: PathPlannerComponents;
  readonly #options: PlanOptions;
  readonly #candidates = new WeakMap<Hop, Candidate>();
  /** Cached: each stream on a circuit needs it. */
  readonly #summaries = new WeakMap<readonly Hop[], RouteSummary>();
  /** By the exit of the plan. */
  readonly #explanations = new WeakMap<Hop, Explanation>();

  constructor(components: PathPlannerComponents, options: PlanOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** The hops of a new circuit, first to exit; it begins with `keptHops`. Throws ERR_NO_NODE and ERR_PARAMETER_VALUE. */
  hops(asked: PlanRequest, keptHops: readonly Hop[] = []): readonly Hop[] {
    const kept = keptHops.map((hop) => this.#candidates.get(hop) ?? asCandidate(hop));
    const { hops, explanation } = this.#plan({ ...asked, kept, explain: true }, true);
    const planned = hops.map((candidate, index) => keptHops[index] ?? this.#asHop(candidate));
    const exit = planned.at(-1);
    if (exit !== undefined && explanation !== undefined) this.#explanations.set(exit, explanation);
    return planned;
  }

  /** The plan that `hops` would make now, and why; changes nothing. Throws as `hops` does. */
  explain(asked: PlanRequest): Explanation {
    const { explanation } = this.#plan({ ...asked, explain: true }, false);
    if (explanation === undefined) throw new TypeError("a plan was not explained");
    return explanation;
  }

  /** The first hops that answer, to ask others through; has relays checked, and draws them, where there are none yet. */
  firstHops(): readonly Hop[] {
    this.#components.peers.expect(RELAY);
    const index = this.#components.peers.usable();
    return this.#guards(index, true).flatMap((peerId) => {
      const candidate = index.get(peerId);
      return candidate === undefined ? [] : [this.#asHop(candidate)];
    });
  }

  /**
   * A relay between a first hop and `node`, so that the node does not see the first hop of this client. Undefined if all relays
   * are first hops. A relay in `used` is taken only if there is no other one.
   */
  relayBefore(node: string, used: ReadonlySet<string>): Hop | undefined {
    const index = this.#components.peers.usable();
    const first = new Set(this.#guards(index, false));
    const relays = [...index.all].filter(
      (candidate) =>
        candidate.roles.includes("relay") &&
        candidate.peerId !== node &&
        !first.has(candidate.peerId) &&
        isWitnessed(candidate, index.all),
    );
    const drawn = shuffled(relays, this.#components.random);
    const relay = drawn.find(({ peerId }) => !used.has(peerId)) ?? drawn[0];
    return relay && this.#asHop(relay);
  }

  /**
   * `relay`, and a node behind it, as a request that asks for nothing would get it, without those in `except`; undefined where
   * there is none. Draws by the same rules as circuits do, so a crowd is drawn as seldom.
   */
  behind(relay: string, except: ReadonlySet<string>): readonly [Hop, Hop] | undefined {
    const index = this.#components.peers.usable();
    const kept = index.get(relay);
    if (kept === undefined) return undefined;
    try {
      const request = { constraints: { hops: 2 }, protocol: "tcp", kept: [kept], failed: except } as const;
      const node = planCircuit(request, index, this.#components.random, this.#options).hops.at(-1);
      return node && [this.#asHop(kept), this.#asHop(node)];
    } catch (error) {
      if (toBywayError(error).code === "ERR_NO_NODE") return undefined;
      throw error;
    }
  }

  /** How many hops a circuit of these constraints has. */
  hopsOf(constraints: Constraints): number {
    return hopsOf(constraints, this.#options);
  }

  /** The candidate that a hop was chosen as. */
  candidateOf(hop: Hop): Candidate | undefined {
    return this.#candidates.get(hop);
  }

  /** Why a circuit leaves through `exit`. */
  explanationOf(exit: Hop): Explanation | undefined {
    return this.#explanations.get(exit);
  }

  /** The route through the hops of a circuit, for users. */
  summary(hops: readonly Hop[]): RouteSummary {
    const known = this.#summaries.get(hops);
    if (known !== undefined) return known;
    const route = hops.map((hop) => this.#routeHop(hop));
    const summary = { hops: route, exit: route.at(-1) ?? { peerId: "" } };
    this.#summaries.set(hops, summary);
    return summary;
  }

  #routeHop(hop: Hop): RouteHop {
    const { country, asn } = this.#candidates.get(hop) ?? {};
    return {
      peerId: hop.peerId,
      ...(country === undefined ? {} : { country }),
      ...(asn === undefined ? {} : { asn }),
    };
  }

  #plan(request: PlanRequest, mayDrawGuards: boolean): Plan {
    const { peers } = this.#components;
    const query = queryOf(request);
    peers.expect(query, this.hopsOf(request.constraints) > 1);
    try {
      return this.#planIn(peers.usable(), request, mayDrawGuards);
    } catch (error) {
      if (toBywayError(error).code !== "ERR_NO_NODE") throw error;
      const known = peers.known(query);
      if (known === undefined) throw error;
      return this.#planIn(known, request, mayDrawGuards);
    }
  }

  #planIn(index: CandidateIndex, request: PlanRequest, mayDrawGuards: boolean): Plan {
    const { random } = this.#components;
    const needsGuard = this.hopsOf(request.constraints) > 1 && (request.kept ?? []).length === 0;
    if (!needsGuard) return planCircuit(request, index, random, this.#options);
    this.#components.peers.expect(RELAY);
    const guards = this.#guards(index, mayDrawGuards);
    const { failed } = request;
    // An attacker who makes all guards fail must not drive the client through the whole network: try them again.
    const others = new Set([...(failed ?? [])].filter((peer) => !guards.includes(peer)));
    const isAllFailed = failed !== undefined && guards.every((guard) => failed.has(guard));
    return planCircuit(
      { ...request, guards, ...(isAllFailed ? { failed: others } : {}) },
      index,
      random,
      this.#options,
    );
  }

  #guards(index: CandidateIndex, mayDraw: boolean): readonly string[] {
    const { guards, random, peers } = this.#components;
    const chosen = guards.guards({
      isListed: (peerId) => peers.isListed(peerId),
      draw: (except, taken) =>
        mayDraw
          ? drawGuard(index, random, { except, taken: taken.flatMap((peerId) => index.get(peerId) ?? []) })
          : undefined,
    });
    peers.offer(chosen);
    if (chosen.length > 0) peers.expect({ peers: [...chosen].sort() });
    return chosen;
  }

  #asHop(candidate: Candidate): Hop {
    const { peerId, ways, shown, country } = candidate;
    const hop: Hop = {
      peerId: parsePeerId(peerId),
      ways,
      ...(shown === undefined ? {} : { shown }),
      ...(country === undefined ? {} : { country }),
    };
    this.#candidates.set(hop, candidate);
    return hop;
  }
}

/** Relays are asked for too, or all known nodes might be exits that do not relay. */
const RELAY: PeerQuery = { roles: ["relay"] };

/** The candidate of a hop of which nothing more is known. */
function asCandidate(hop: Hop): Candidate {
  return { ...hop, roles: [], protocols: [], acceptedPorts: [], networkKind: "unknown" };
}

/** The query of the directory for the exits that fit. */
export function queryOf({
  constraints,
  exit,
  protocol,
}: Pick<PlanRequest, "constraints" | "exit" | "protocol">): PeerQuery {
  const { countries, regions, cities, asns, isps, networks, node = exit } = constraints;
  const lists = { countries, regions, cities, asns, isps, networks };
  const asked = Object.entries(lists).flatMap(([key, list]) =>
    list === undefined || list.length === 0 ? [] : [[key, [...new Set<string | number>(list)].sort()] as const],
  );
  return {
    roles: ["exit"],
    ...(protocol === "udp" || constraints.protocol === "udp" ? { protocols: ["udp"] } : {}),
    ...Object.fromEntries(asked),
    ...(node === undefined ? {} : { peers: [node] }),
  };
}
