import type { Duplex } from "node:stream";
import { abortStream } from "../core/abort-stream.ts";
import type { Clock } from "../core/clock.ts";
import type { HostPort } from "../core/network-address.ts";
import { splice } from "../core/splice.ts";
import type { IncomingStream } from "../link/incoming-stream.ts";
import { parseAuthority } from "../wire/authority.ts";
import { CapsuleReader } from "../wire/capsule.ts";
import { parseConnectUdpPath } from "../wire/connect-udp-path.ts";
import { decodeUdpPayload, encodeUdpCapsule } from "../wire/udp-payload.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import type { UdpFlow } from "./udp-flow.ts";

/** The guarded ways out that an exit offers. */
export interface WaysOut {
  connect(target: HostPort, signal: AbortSignal): Promise<Duplex>;
  openUdp(target: HostPort, signal: AbortSignal): Promise<UdpFlow>;
}

/** The exit role: joins requests on links to targets. */
export class ExitService {
  readonly #clock: Clock;
  readonly #waysOut: WaysOut;

  constructor(components: { clock: Clock; waysOut: WaysOut }) {
    this.#clock = components.clock;
    this.#waysOut = components.waysOut;
  }

  /** Serves `CONNECT host:port` (RFC 9113 §8.5): answers 200 once the target is connected, then carries bytes. */
  async connectTarget(incoming: IncomingStream): Promise<void> {
    const socket = await this.#waysOut.connect(parseAuthority(incoming.authority), incoming.signal);
    await splice({ clock: this.#clock }, incoming.accept(), socket);
  }

  /** Serves extended CONNECT `connect-udp` (RFC 9298): datagrams as capsules, either way. */
  async connectUdp(incoming: IncomingStream): Promise<void> {
    const target = parseConnectUdpPath(String(incoming.headers[":path"] ?? ""));
    const flow = await this.#waysOut.openUdp(target, incoming.signal);
    joinDatagrams(incoming.accept({ "capsule-protocol": "?1" }), flow);
    await flow.closed;
  }
}

function joinDatagrams(stream: Duplex, flow: UdpFlow): void {
  const reader = new CapsuleReader();
  stream.on("data", (chunk: Buffer) => {
    try {
      for (const capsule of reader.push(chunk)) {
        const payload = decodeUdpPayload(capsule);
        if (payload !== undefined) flow.send(payload);
      }
    } catch {
      abortStream(stream);
    }
  });
  stream.on("end", () => stream.end());
  // The client may have gone while the flow was opening.
  if (stream.destroyed) flow.close();
  else stream.on("close", () => flow.close());
  flow.onDatagram = (payload) => {
    if (stream.writable && stream.writableLength < EGRESS_LIMITS.maxUdpQueueBytes.value) {
      stream.write(encodeUdpCapsule(payload));
    }
  };
  void flow.closed.then(() => stream.end());
}
