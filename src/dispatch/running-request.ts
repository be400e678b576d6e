import type { Circuit } from "../circuit/circuit.ts";
import type { BywayError } from "../core/errors.ts";
import type { StreamRequest } from "../ingress/stream-opener.ts";
import type { OwnExperience } from "../trust/own-experience.ts";
import { failedPeer } from "./failed-peer.ts";
import { judgeRefusal } from "./judge-refusal.ts";
import { DISPATCH_LIMITS } from "./limits.ts";
import type { OpenRequest } from "./logged-request.ts";
import { ProxyRequest, type ProxyRequestComponents, type ProxyRequestOptions } from "./proxy-request.ts";
import type { CircuitAttempt, RaceRequest } from "./race-request.ts";

/** What a request that is served works with. */
export interface RunningRequestComponents extends ProxyRequestComponents {
  readonly experience: Pick<OwnExperience, "expectedMs">;
}

/** A request that is served now: its claim on a circuit, how it may be tried, and its entry in the log. */
export class RunningRequest extends ProxyRequest implements RaceRequest {
  readonly entry: OpenRequest;
  readonly signal: AbortSignal;
  readonly sendsBytes: boolean;
  readonly answersLater: boolean;
  readonly declined: StreamRequest["declined"];
  readonly #experience: RunningRequestComponents["experience"];
  readonly #request: StreamRequest;

  constructor(
    components: RunningRequestComponents,
    request: StreamRequest,
    {
      protocol,
      entry,
      signal,
    }: { readonly protocol: "tcp" | "udp"; readonly entry: OpenRequest; readonly signal: AbortSignal },
    options: ProxyRequestOptions,
  ) {
    const { user, constraints, target } = request;
    super(components, { user, constraints, protocol, port: target.port }, options);
    this.entry = entry;
    this.signal = signal;
    this.sendsBytes = (request.early?.length ?? 0) > 0;
    this.answersLater = request.optimistic ?? false;
    this.declined = request.declined;
    this.#experience = components.experience;
    this.#request = request;
  }

  readonly onHopFailed = (peerId: string, error: BywayError): void => this.entry.attempted(peerId, error);

  hedgeMs({ hops }: Circuit): number | undefined {
    const exit = hops.at(-1);
    if (exit === undefined) return undefined;
    return this.#experience.expectedMs(exit.peerId) ?? DISPATCH_LIMITS.unknownAnswerMs.value;
  }

  onAttempt({ circuit, error }: CircuitAttempt): void {
    const exit = circuit.hops.at(-1);
    // That another circuit was quicker is no failure.
    if (error === undefined || error.code === "ERR_ABORTED" || exit === undefined) return;
    this.entry.attempted(failedPeer(circuit, error), error);
    this.noteFailure(exit, error);
  }

  /** What the exit of `circuit` said, held against what this client knows. */
  judged(circuit: Circuit, error: BywayError): BywayError {
    const exit = circuit.hops.at(-1);
    if (exit === undefined) return error;
    return judgeRefusal(error, {
      exit: exit.peerId,
      target: this.#request.target,
      isAccepted: this.isAccepted(exit) === true,
      sendsBytes: this.sendsBytes,
    });
  }
}
