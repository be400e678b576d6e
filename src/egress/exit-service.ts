import type { Duplex } from "node:stream";
import type { ByteBudget } from "../core/byte-budget.ts";
import type { Clock } from "../core/clock.ts";
import type { HostPort } from "../core/network-address.ts";
import { splice } from "../core/splice.ts";
import { CapsuleDatagrams } from "../link/capsule-datagrams.ts";
import type { IncomingStream } from "../link/incoming-stream.ts";
import { parseAuthority } from "../wire/authority.ts";
import { parseConnectUdpPath } from "../wire/connect-udp-path.ts";
import type { UdpFlow } from "./udp-flow.ts";

/** The guarded ways out that an exit offers. */
export interface WaysOut {
  connect(target: HostPort, signal: AbortSignal): Promise<Duplex>;
  openUdp(target: HostPort, signal: AbortSignal): Promise<UdpFlow>;
}

/** The exit role: joins requests on links to targets. */
export class ExitService {
  readonly #clock: Clock;
  readonly #budget: ByteBudget;
  readonly #waysOut: WaysOut;

  constructor(components: { clock: Clock; budget: ByteBudget; waysOut: WaysOut }) {
    this.#clock = components.clock;
    this.#budget = components.budget;
    this.#waysOut = components.waysOut;
  }

  /** Serves `CONNECT host:port` (RFC 9113 §8.5): answers 200 once the target is connected, then carries bytes. */
  async connectTarget(incoming: IncomingStream): Promise<void> {
    const socket = await this.#waysOut.connect(parseAuthority(incoming.authority), incoming.signal);
    await splice({ clock: this.#clock, budget: this.#budget }, incoming.accept(), socket);
  }

  /** Serves extended CONNECT `connect-udp` (RFC 9298): datagrams as capsules, either way. */
  async connectUdp(incoming: IncomingStream): Promise<void> {
    const target = parseConnectUdpPath(String(incoming.headers[":path"] ?? ""));
    const flow = await this.#waysOut.openUdp(target, incoming.signal);
    const stream = incoming.accept({ "capsule-protocol": "?1" });
    joinDatagrams(new CapsuleDatagrams({ clock: this.#clock }, stream), flow);
    await flow.closed;
  }
}

function joinDatagrams(datagrams: CapsuleDatagrams, flow: UdpFlow): void {
  datagrams.onDatagram = (payload) => flow.send(payload);
  flow.onDatagram = (payload) => datagrams.send(payload);
  void datagrams.closed.then(() => flow.close());
  void flow.closed.then(() => datagrams.close());
}
