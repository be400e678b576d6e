import type { StageTiming } from "../circuit/circuit.ts";
import type { Clock } from "../core/clock.ts";
import type { BywayError } from "../core/errors.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import type { RouteSummary } from "../ingress/stream-opener.ts";
import type { Explanation } from "../routing/explanation.ts";
import { boundedExplanation, boundedText, funnelOf } from "./bounded-explanation.ts";
import { DISPATCH_LIMITS } from "./limits.ts";
import type { FailedAttempt, RequestRecord } from "./request-record.ts";

/** The part of a record that is known when the request begins; `constraints` as `printConstraints` writes them. */
export type BegunRequest = Pick<RequestRecord, "user" | "listener" | "protocol" | "constraints"> & {
  /** Undefined if the request was refused before it named one. */
  readonly target?: HostPort | undefined;
};

/**
 * One request of the log. It holds bounded copies, and nothing of the stream once that has ended.
 *
 *     opening ─routed─► open ─ended─► done
 *        └────ended(error)┴─────────► failed
 */
export class LoggedRequest {
  readonly id: string;
  readonly #clock: Clock;
  readonly #begun: Pick<RequestRecord, "startedAtMs" | "user" | "listener" | "target" | "protocol" | "constraints">;
  readonly #startMs: number;
  readonly #attempts: FailedAttempt[] = [];
  #retries = 0;
  #routed: Pick<RequestRecord, "routedMs" | "route" | "explanation"> = {};
  #timings: readonly StageTiming[] = [];
  #moved: RequestRecord["moved"];
  #bytes: (() => { readonly sent: number; readonly received: number }) | undefined;
  #final: Pick<RequestRecord, "ms" | "sentBytes" | "receivedBytes" | "error"> | undefined;

  constructor(components: { clock: Clock }, id: string, fields: BegunRequest) {
    this.id = id;
    this.#clock = components.clock;
    this.#startMs = this.#clock.monotonicMs();
    this.#begun = {
      startedAtMs: this.#clock.nowMs(),
      user: boundedText(fields.user),
      listener: boundedText(fields.listener),
      // The port stays to be seen.
      target:
        fields.target === undefined
          ? ""
          : formatHostPort({ host: boundedText(fields.target.host), port: fields.target.port }),
      protocol: fields.protocol,
      constraints: boundedText(fields.constraints),
    };
  }

  /** It has a route; called again if it takes another one. */
  routed(route: RouteSummary, timings: readonly StageTiming[], explanation?: Explanation): void {
    if (this.#final !== undefined) return;
    this.#timings = timings.slice(0, DISPATCH_LIMITS.loggedStages.value);
    this.#routed = {
      routedMs: this.#elapsedMs(),
      route,
      ...(explanation === undefined ? {} : { explanation: boundedExplanation(explanation) }),
    };
  }

  /** A node failed, and another one is tried or none is left. */
  attempted(peerId: string | undefined, error: BywayError): void {
    this.#retries += 1;
    if (this.#attempts.length === DISPATCH_LIMITS.loggedAttempts.value) return;
    this.#attempts.push({
      ms: this.#elapsedMs(),
      ...(peerId === undefined ? {} : { peerId }),
      code: error.code,
      message: boundedText(error.message),
    });
  }

  /** Its session changed its exit. */
  moved(from: string, reason: string): void {
    this.#moved = { from: boundedText(from), reason: boundedText(reason) };
  }

  /** `bytes` counts its bytes from now on; it is called when a record is made, and once at the end. */
  counting(bytes: () => { readonly sent: number; readonly received: number }): void {
    if (this.#final === undefined) this.#bytes = bytes;
  }

  /** It is over; a second call does nothing. */
  ended(error?: BywayError): void {
    if (this.#final !== undefined) return;
    this.#final = {
      ms: this.#elapsedMs(),
      ...this.#passed(),
      ...(error === undefined ? {} : { error: reported(error) }),
    };
    this.#bytes = undefined;
  }

  /** All that is known now. */
  record(): RequestRecord {
    const { id } = this;
    return {
      id,
      ...this.#begun,
      state: this.#state(),
      ms: this.#elapsedMs(),
      ...this.#passed(),
      ...this.#routed,
      timings: this.#timings,
      attempts: [...this.#attempts],
      retries: this.#retries,
      ...(this.#moved === undefined ? {} : { moved: this.#moved }),
      ...this.#final,
    };
  }

  #state(): RequestRecord["state"] {
    if (this.#final !== undefined) return this.#final.error === undefined ? "done" : "failed";
    return this.#routed.route === undefined ? "opening" : "open";
  }

  #elapsedMs(): number {
    return this.#clock.monotonicMs() - this.#startMs;
  }

  #passed(): Pick<RequestRecord, "sentBytes" | "receivedBytes"> {
    const { sent, received } = this.#bytes?.() ?? { sent: 0, received: 0 };
    return { sentBytes: sent, receivedBytes: received };
  }
}

function reported({ code, message, data }: BywayError): NonNullable<RequestRecord["error"]> {
  const funnel = funnelOf(data);
  return { code, message: boundedText(message), ...(funnel === undefined ? {} : { funnel }) };
}
