import { type ControlComponents, controlAnswer } from "../api/control-pages.ts";
import { ControlServer } from "../api/control-server.ts";
import type { PickQuery } from "../api/pick-query.ts";
import { CircuitBuilder } from "../circuit/circuit-builder.ts";
import { CircuitPool } from "../circuit/circuit-pool.ts";
import { systemClock } from "../core/clock.ts";
import { DescriptorWatch } from "../core/descriptors.ts";
import { BywayError } from "../core/errors.ts";
import { silentLogger } from "../core/logger.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { systemRandom } from "../core/random.ts";
import { runtimeDoubt } from "../core/tried-runtime.ts";
import { openDirectory } from "../discovery/open-directory.ts";
import { CandidateSource } from "../dispatch/candidate-source.ts";
import { checkFar } from "../dispatch/check-far.ts";
import { CircuitOutcomes } from "../dispatch/circuit-outcomes.ts";
import { Dispatcher } from "../dispatch/dispatcher.ts";
import { examineRelay } from "../dispatch/examine-relay.ts";
import { ExitPaces } from "../dispatch/exit-paces.ts";
import { PathPlanner } from "../dispatch/path-planner.ts";
import { RefusalMemory } from "../dispatch/refusal-memory.ts";
import { RequestLog } from "../dispatch/request-log.ts";
import { SearchMemory } from "../dispatch/search-memory.ts";
import { ByteBudget } from "../flow/byte-budget.ts";
import { generateIdentity } from "../identity/identity.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import { ProxyServer } from "../ingress/proxy-server.ts";
import { UserLimits } from "../ingress/user-limits.ts";
import { checkPeer } from "../link/check-peer.ts";
import { TcpTransport } from "../link/tcp-transport.ts";
import { openPeers } from "../peers/open-peers.ts";
import { PeerFiles } from "../peers/peer-files.ts";
import { checkConstraints, mergeConstraints } from "../routing/constraint-keys.ts";
import type { Constraints } from "../routing/constraints.ts";
import type { Explanation } from "../routing/explanation.ts";
import { GuardSet } from "../routing/guard-set.ts";
import { SessionTable } from "../routing/session-table.ts";
import { RecordFile } from "../storage/record-file.ts";
import { MemoryRecords } from "../storage/record-keeper.ts";
import { SettledClock } from "../storage/settled-clock.ts";
import { Observer } from "../trust/observer.ts";
import { OwnExperience } from "../trust/own-experience.ts";
import { askedConstraints } from "./asked-constraints.ts";
import { checkClientKeys } from "./client-keys.ts";
import type { ClientOptions, ListenerOptions } from "./client-options.ts";
import { askedOptions, askedPort, askedTarget, type ConnectOptions } from "./connect-arguments.ts";
import { type OpenedSocket, openSocket, stopped as stoppedError } from "./open-socket.ts";

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

/** Makes and starts a client. Throws ERR_USAGE_ARGUMENT and ERR_PARAMETER_* for options that it cannot read, ERR_PEER_FILE, ERR_ADVERTISEMENT_*, ERR_LISTEN_*, ERR_CONFIG_EXPOSED, ERR_STORE or ERR_CONTROL. */
export async function createClient(options: ClientOptions = {}): Promise<BywayClient> {
  checkClientKeys(options);
  const { clock = systemClock, random = systemRandom, logger = silentLogger } = options;
  const doubt = runtimeDoubt(process.versions.node);
  if (doubt !== undefined) logger.warn(doubt);
  const { allowClassical = false, localNetwork = false, sharedNetworks = false } = options;
  const defaults = askedConstraints(options.defaults);
  const budget = options.budget ?? new ByteBudget({ clock, logger }, { bytes: options.memoryBudgetBytes });
  const dialler = new TcpTransport({ clock });
  // Ended in the opposite order, by whatever it is that fails on the way, or by `stop`.
  await using made = new AsyncDisposableStack();
  let pages: ControlComponents | undefined;
  const control =
    options.controlPath === undefined
      ? undefined
      : new ControlServer(
          {
            logger,
            answer: (method, target) => {
              if (pages === undefined) throw new BywayError("ERR_CONTROL", "the client is starting or stopping");
              return controlAnswer(pages, method, target);
            },
          },
          { path: options.controlPath },
        );
  made.defer(() => control?.stop());
  // First of all, so that two clients never write to one directory.
  await control?.start();
  const descriptors = new DescriptorWatch({ clock, logger });
  made.defer(() => descriptors.stop());
  descriptors.start();
  const kept = openPeers({ clock, random, logger }, { ...options.directory, localNetwork });
  made.defer(() => kept.stop());
  const { book } = kept;
  const recordFile =
    options.recordsPath === undefined ? undefined : new RecordFile({ clock, logger }, { path: options.recordsPath });
  made.defer(() => recordFile?.stop());
  const records = recordFile ?? new MemoryRecords();
  const files = new PeerFiles({ clock, logger, book }, options.peerFiles ?? []);
  made.defer(() => files.stop());
  // A moment of a wrong clock must not cost guards that were kept for weeks, or what was learned of nodes.
  const settled = new SettledClock({ clock, records });
  made.defer(() => settled.stop());
  const experience = new OwnExperience({ clock: settled, records, onChanged: (peer) => peers.noteTrust(peer) });
  const guards = new GuardSet({ clock: settled, random, records });
  const sessions = new SessionTable({ clock, settled, records });
  const peers: CandidateSource = new CandidateSource(
    { clock, book, trust: experience, more: options.peers },
    { sharedNetworks },
  );
  const searches = new SearchMemory({ clock });
  const refusals = new RefusalMemory({ clock, version: () => peers.version });
  const directory =
    options.directory === undefined
      ? undefined
      : await openDirectory(
          {
            clock,
            random,
            logger,
            ...kept,
            // A new one each time, so that nobody knows the client again.
            identity: generateIdentity(),
            check: (known, way, signal, onConnected) => {
              if (way.isFar) return checkFar({ clock, random, builder, planner }, known, signal, onConnected);
              const { peer, endpoints } = known.advertisement;
              const target = { peerId: parsePeerId(peer), endpoints, allowClassical, ...way, onConnected };
              return checkPeer({ clock, budget, dialler }, target, signal);
            },
            canCheckFar: () => planner.firstHops().length > 0,
            onUsable: (peer, usable) => {
              if (peers.noteUsable(peer, usable)) searches.noteNode(peer);
            },
          },
          { ...options.directory, localNetwork, checksFar: (options.hops ?? 1) > 1 },
        );
  made.defer(() => directory?.stop());
  if (directory !== undefined) peers.follow(directory);
  const stopping = new AbortController();
  const check = (node: string): Promise<boolean | undefined> => peers.doubt(node, true);
  const observer = new Observer({
    clock,
    // What one hop shows of another is no evidence; what this client's own check finds is.
    check,
    examine: (relay) => examineRelay({ clock, random, builder, planner, check }, relay, stopping.signal),
  });
  for (const view of [guards, peers, experience]) observer.subscribe(view.learn);
  const builder: CircuitBuilder = new CircuitBuilder(
    {
      clock,
      random,
      budget,
      dialler,
      observer,
    },
    { allowClassical },
  );
  const paces = new ExitPaces({ clock, random });
  const pool = new CircuitPool(
    { builder, observer, paces, clock, logger },
    options.spareCircuits === undefined ? {} : { spareCircuits: options.spareCircuits },
  );
  made.defer(() => pool.stop());
  const outcomes = new CircuitOutcomes({ pool, observer, paces, clock });
  const { preset, weights, explorationShare } = options;
  const planner: PathPlanner = new PathPlanner(
    { peers, guards, random },
    {
      defaultHops: options.hops ?? 1,
      ...(preset === undefined ? {} : { preset }),
      ...(weights === undefined ? {} : { weights }),
      ...(explorationShare === undefined ? {} : { explorationShare }),
    },
  );
  const log = new RequestLog({ clock, random });
  const routerOf = (listener: string): Dispatcher =>
    new Dispatcher(
      { pool, outcomes, peers, searches, refusals, planner, sessions, experience, log, clock },
      { listener, rotation: options.rotation ?? "request", preset: preset ?? "balanced" },
    );
  const own = routerOf("");
  const limits = new UserLimits({ clock, records, logger }, { limits: options.userLimits ?? [] });
  const listeners: readonly ListenerOptions[] = [
    ...(options.listen === undefined ? [] : [{ ...options, listen: options.listen, defaults }]),
    ...(options.listeners ?? []),
  ];
  const proxies = listeners.map(
    ({ listen, users = [], defaults: asked, lenient = false, askName = "never" }, index) => {
      const own = askedConstraints(asked);
      // Two that take any free port are two all the same.
      const opener = routerOf(`${formatHostPort(listen)}${listen.port === 0 ? ` (${index + 1})` : ""}`);
      const proxy = new ProxyServer(
        { opener, clock, budget, logger },
        { listen, users, defaults: own, lenient, askName, limits },
      );
      return { opener, proxy, defaults: own };
    },
  );
  made.defer(async () => {
    await Promise.all(proxies.map(({ proxy }) => proxy.stop()));
  });
  const withDefaults = (constraints: Constraints): Constraints => {
    const merged = mergeConstraints(defaults, constraints);
    checkConstraints(merged);
    return merged;
  };
  const explainBy = (
    router: Dispatcher,
    { user = "", protocol = "tcp", constraints, ...rest }: PickQuery,
  ): Explanation => router.explain({ ...rest, user, protocol, constraints: withDefaults(constraints) });
  pages = {
    log,
    pick: (query: PickQuery) => explainBy(proxies[0]?.opener ?? own, query),
    searches: () => ({ ...searches.counts, spared: searches.counts.spared + refusals.repeated }),
  };
  made.defer(() => {
    pages = undefined;
  });
  // What ends from here on says nothing of the nodes.
  made.defer(() => experience.stop());
  made.defer(() => stopping.abort(stoppedError()));
  await files.start();
  const addresses: HostPort[] = [];
  for (const { proxy } of proxies) addresses.push(await proxy.start());
  await directory?.start();
  for (const { opener, defaults: asked } of proxies) {
    // A session has an exit of its own once somebody names it.
    if (asked.session === undefined) void opener.expect(asked, stopping.signal);
  }
  const owned = made.move();
  let stopped: Promise<void> | undefined;
  return {
    address: addresses[0],
    addresses,
    get usableNodes() {
      return directory?.state().usable ?? 0;
    },
    connect: async (target, constraints, options) => {
      const asked = { target: askedTarget(target), constraints: withDefaults(askedConstraints(constraints)), user: "" };
      return openSocket({ router: own, clock, stopping: stopping.signal }, asked, askedOptions(options));
    },
    explain(constraints, port) {
      if (stopping.signal.aborted) throw stoppedError();
      const asked = { constraints: askedConstraints(constraints) };
      return explainBy(own, port === undefined ? asked : { ...asked, port: askedPort(port, "the port") });
    },
    stop() {
      stopped ??= owned.disposeAsync();
      return stopped;
    },
  };
}
