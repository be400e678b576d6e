import type { PickQuery } from "../api/pick-query.ts";
import { DescriptorWatch } from "../core/descriptors.ts";
import type { HostPort } from "../core/network-address.ts";
import { startParts } from "../core/parts.ts";
import { runtimeDoubt } from "../core/tried-runtime.ts";
import { Dispatcher } from "../dispatch/dispatcher.ts";
import { RefusalMemory } from "../dispatch/refusal-memory.ts";
import { RequestLog } from "../dispatch/request-log.ts";
import { SearchMemory } from "../dispatch/search-memory.ts";
import { checkConstraints, mergeConstraints } from "../routing/constraint-keys.ts";
import type { Constraints } from "../routing/constraints.ts";
import type { Explanation } from "../routing/explanation.ts";
import { askedConstraints } from "./asked-constraints.ts";
import { checkClientKeys } from "./client-keys.ts";
import type { ClientOptions } from "./client-options.ts";
import { askedOptions, askedPort, askedTarget, type ConnectOptions } from "./connect-arguments.ts";
import { type OpenedSocket, openSocket, stopped as stoppedError } from "./open-socket.ts";
import { openCircuits } from "./parts/circuits.ts";
import { clientBase } from "./parts/client-base.ts";
import { openClientDirectory } from "./parts/client-directory.ts";
import { openControl } from "./parts/control.ts";
import { openKept } from "./parts/kept.ts";
import { openListeners } from "./parts/listeners.ts";

/** A running client. */
export interface BywayClient {
  /** Where the local proxy listens: at `listen`, else at the first of `listeners`. */
  readonly address: HostPort | undefined;
  /** Every address of the proxy, that of `listen` first. */
  readonly addresses: readonly HostPort[];
  /** How many nodes have answered a check lately; 0 without a directory. */
  readonly usableNodes: number;
  /**
   * Opens a stream to `target` through a circuit that fits `constraints`, which may be text: `country=de, hops=3` or, as in a
   * user name, `country-de-hops-3`. The caller owns the stream, which programs take for a `net.Socket`.
   *
   * Rejects with ERR_USAGE_ARGUMENT, ERR_REQUEST_TARGET or ERR_PARAMETER_* for what it cannot read, ERR_ABORTED after an
   * abort, ERR_STOPPED after `stop`, and with the errors of opening (docs/errors.md).
   */
  connect(
    target: HostPort,
    constraints?: Constraints | string,
    options?: ConnectOptions | AbortSignal,
  ): Promise<OpenedSocket>;
  /** What would be chosen now for a stream to `port`, and why. Throws ERR_NO_NODE, ERR_STOPPED and, of strict sessions, ERR_SESSION_*, beside what `connect` throws of its arguments. */
  explain(constraints?: Constraints | string, port?: number): Explanation;
  /** Ends the proxy, all circuits and streams. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Makes and starts a client. Its parts start in the order in which they stand here, and stop in the opposite one.
 * Throws ERR_USAGE_ARGUMENT and ERR_PARAMETER_* for options that it cannot read, ERR_PEER_FILE, ERR_ADVERTISEMENT_*, ERR_LISTEN_*, ERR_CONFIG_EXPOSED, ERR_STORE or ERR_CONTROL.
 */
export async function createClient(options: ClientOptions = {}): Promise<BywayClient> {
  checkClientKeys(options);
  const base = clientBase(options);
  const { clock, random, logger } = base;
  const doubt = runtimeDoubt(process.versions.node);
  if (doubt !== undefined) logger.warn(doubt);
  const defaults = askedConstraints(options.defaults);
  return startParts(async (parts) => {
    const control = parts.add("control", await openControl(base, options.controlPath));
    parts.add("descriptors", new DescriptorWatch({ clock, logger }));
    const kept = openKept(parts, base, options);
    const { experience, sessions, records } = kept;
    const stopping = new AbortController();
    const log = new RequestLog({ clock, random });
    const circuits = openCircuits(base, { ...kept, log }, options, stopping.signal);
    const searches = new SearchMemory({ clock });
    const directory = await openClientDirectory(base, { peers: kept.peers, circuits, searches }, options);
    parts.add("directory", { stop: () => directory?.stop() });
    parts.add("circuits", circuits);

    const { candidates: peers, planner, pool, outcomes } = circuits;
    const refusals = new RefusalMemory({ clock, version: () => peers.version });
    const dispatcherOf = (listener: string): Dispatcher =>
      new Dispatcher(
        { pool, outcomes, peers, searches, refusals, planner, sessions, experience, log, clock },
        { listener, rotation: options.rotation ?? "request", preset: options.preset ?? "balanced" },
      );
    const own = dispatcherOf("");
    const listeners = parts.add("listeners", openListeners(base, { records, dispatcherOf }, options));
    parts.add("joining", { start: () => directory?.start() });

    const withDefaults = (constraints: Constraints): Constraints => {
      const merged = mergeConstraints(defaults, constraints);
      checkConstraints(merged);
      return merged;
    };
    const explainBy = (
      dispatcher: Dispatcher,
      { user = "", protocol = "tcp", constraints, ...rest }: PickQuery,
    ): Explanation => dispatcher.explain({ ...rest, user, protocol, constraints: withDefaults(constraints) });
    parts.add("pages", {
      start: () =>
        control.serve({
          log,
          pick: (query) => explainBy(listeners.openers[0]?.dispatcher ?? own, query),
          searches: () => ({ ...searches.counts, spared: searches.counts.spared + refusals.repeated }),
        }),
      stop: () => control.serve(undefined),
    });
    // What ends from here on says nothing of the nodes.
    parts.add("experience", { stop: () => experience.stop() });
    parts.add("spare circuits", {
      start() {
        for (const { dispatcher, defaults: asked } of listeners.openers) {
          // A session has an exit of its own once somebody names it.
          if (asked.session === undefined) void dispatcher.expect(asked, stopping.signal);
        }
      },
      stop: () => stopping.abort(stoppedError()),
    });

    return {
      get address() {
        return listeners.addresses[0];
      },
      addresses: listeners.addresses,
      get usableNodes() {
        return directory?.state().usable ?? 0;
      },
      connect: async (target, constraints, options) => {
        const asked = {
          target: askedTarget(target),
          constraints: withDefaults(askedConstraints(constraints)),
          user: "",
        };
        return openSocket({ dispatcher: own, clock, stopping: stopping.signal }, asked, askedOptions(options));
      },
      explain(constraints, port) {
        if (stopping.signal.aborted) throw stoppedError();
        const asked = { constraints: askedConstraints(constraints) };
        return explainBy(own, port === undefined ? asked : { ...asked, port: askedPort(port, "the port") });
      },
      stop: () => parts.stop(),
    };
  });
}
