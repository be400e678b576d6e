import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import { Meter } from "../flow/meter.ts";
import { splice } from "../flow/splice.ts";
import { CapsuleDatagrams } from "../link/capsule-datagrams.ts";
import type { IncomingStream } from "../link/incoming-stream.ts";
import type { LinkSession } from "../link/link-session.ts";
import type { RequestRow } from "../link/request-table.ts";
import { normaliseHost, parseAuthority } from "../wire/authority.ts";
import { parseConnectUdpPath } from "../wire/connect-udp-path.ts";
import type { StreamEnd, StreamEntry, StreamLog } from "./accountability/stream-log.ts";
import { FirstDatagrams, type FlowSide } from "./first-datagrams.ts";
import type { TargetPolicy } from "./policy/policy-decision.ts";
import { StreamFirstBytes } from "./stream-first-bytes.ts";
import type { StreamLimits } from "./stream-limits.ts";
import type { UdpFlow } from "./udp-flow.ts";

/** The guarded ways out that an exit offers. */
export interface WaysOut {
  connect(target: HostPort, signal: AbortSignal, link: LinkSession): Promise<Duplex>;
  openUdp(target: HostPort, signal: AbortSignal, link: LinkSession): Promise<UdpFlow>;
}

/** What the exit is made of. */
export interface ExitComponents {
  readonly clock: Clock;
  readonly budget: ByteBudget;
  readonly waysOut: WaysOut;
  readonly limits: Pick<StreamLimits, "admit">;
  readonly log: StreamLog;
  /** Throws while the exit is closed, for example if a list is missing. */
  readonly checkOpen?: (() => void) | undefined;
  /** Judges the first bytes of a client. */
  readonly policy: TargetPolicy;
  /** Whether the operator opened the target to all clients; then no policy applies. */
  readonly opens: (host: string, port: number) => boolean;
}

/** The exit role: connects requests on links to targets, within the operator's limits, and logs each. */
export class ExitService {
  readonly #components: ExitComponents;
  #opened = 0;

  constructor(components: ExitComponents) {
    this.#components = components;
  }

  /** Its rows for the table of requests. */
  get requests(): readonly RequestRow[] {
    return [
      { method: "CONNECT", to: "target", serve: (incoming) => this.connectTarget(incoming) },
      { method: "CONNECT", protocol: "connect-udp", serve: (incoming) => this.connectUdp(incoming) },
    ];
  }

  /** Streams to targets that were opened since the start. */
  get opened(): number {
    return this.#opened;
  }

  /**
   * Serves `CONNECT host:port` (RFC 9113 §8.5): answers 200 once the target is connected, then carries bytes.
   * Throws what `checkOpen` and `WaysOut.connect` throw, ERR_NODE_LIMIT and ERR_NODE_LOG.
   */
  connectTarget(incoming: IncomingStream): Promise<void> {
    return this.#serve(incoming, "tcp", parseAuthority(incoming.authority), async (target, entry) => {
      const { clock, budget, waysOut } = this.#components;
      const socket = await waysOut.connect(target, incoming.signal, incoming.link);
      const address = addressOf(socket);
      this.#reached(entry, address, portOf(socket));
      const firstBytes = this.#firstBytes(target, address);
      const meter = new Meter(incoming.link.meter);
      const error = await splice(
        { clock, budget, meter, pace: incoming.link.pace, firstBytes },
        incoming.accept(),
        socket,
      );
      return endOf(meter, error);
    });
  }

  /** Serves extended CONNECT `connect-udp` (RFC 9298): datagrams as capsules, either way. Throws as `connectTarget` does. */
  connectUdp(incoming: IncomingStream): Promise<void> {
    const asked = parseConnectUdpPath(String(incoming.headers[":path"] ?? ""));
    return this.#serve(incoming, "udp", asked, async (target, entry) => {
      const { clock, budget, waysOut, policy, opens } = this.#components;
      const flow = await waysOut.openUdp(target, incoming.signal, incoming.link);
      this.#reached(entry, flow.address, flow.fromPort);
      const datagrams = new CapsuleDatagrams({ clock, budget }, incoming.accept({ "capsule-protocol": "?1" }));
      const first = opens(target.host, target.port) ? undefined : new FirstDatagrams(policy);
      return carryDatagrams(datagrams, flow, incoming.link, first);
    });
  }

  #firstBytes({ host, port }: HostPort, address: string): StreamFirstBytes | undefined {
    const { policy, opens } = this.#components;
    if (opens(host, port)) return undefined;
    const name = isIP(host) === 0 ? { name: host } : {};
    return new StreamFirstBytes(policy, { protocol: "tcp", ...name, addresses: [address], port });
  }

  #reached(entry: StreamEntry, address: string, fromPort: number | undefined): void {
    this.#opened += 1;
    entry.opened(address, fromPort);
  }

  /** Serves one stream, from the limits to the record of its end. `carry` settles when the stream is over. */
  async #serve(
    { link }: IncomingStream,
    protocol: "tcp" | "udp",
    asked: HostPort,
    carry: (target: HostPort, entry: StreamEntry) => Promise<StreamEnd>,
  ): Promise<void> {
    const target = { host: normaliseHost(asked.host), port: asked.port };
    this.#components.checkOpen?.();
    using _place = this.#components.limits.admit({ link, target });
    const entry = this.#components.log.begin({ link, protocol, target });
    try {
      entry.ended(await carry(target, entry));
    } catch (error) {
      entry.ended({ bytesUp: 0, bytesDown: 0, end: toBywayError(error).code });
      throw error;
    }
  }
}

function addressOf(socket: Duplex): string {
  return "remoteAddress" in socket && typeof socket.remoteAddress === "string" ? socket.remoteAddress : "";
}

function portOf(socket: Duplex): number | undefined {
  return "localPort" in socket && typeof socket.localPort === "number" ? socket.localPort : undefined;
}

function endOf({ up, down }: Meter, error: Error | undefined): StreamEnd {
  const end = error === undefined ? "ok" : error instanceof BywayError ? error.code : "ERR_TARGET_RESET";
  return { bytesUp: up.bytes, bytesDown: down.bytes, end };
}

async function carryDatagrams(
  datagrams: CapsuleDatagrams,
  flow: UdpFlow,
  link: LinkSession,
  first: FirstDatagrams | undefined,
): Promise<StreamEnd> {
  const meter = new Meter(link.meter);
  const { pace } = link;
  let refusal: BywayError | undefined;
  const isPassed = (from: FlowSide, payload: Uint8Array): boolean => {
    try {
      first?.look(from, payload);
    } catch (error) {
      refusal ??= toBywayError(error);
      flow.close();
      return false;
    }
    return pace?.spendOrDrop(payload.length) ?? true;
  };
  datagrams.onDatagram = (payload) => {
    if (isPassed("client", payload) && flow.send(payload)) meter.up.add(payload.length);
  };
  flow.onDatagram = (payload) => {
    if (isPassed("target", payload) && datagrams.send(payload)) meter.down.add(payload.length);
  };
  void datagrams.closed.then(() => flow.close());
  const error = await flow.closed;
  datagrams.close();
  return endOf(meter, refusal ?? error);
}
