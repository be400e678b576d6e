import type { Clock } from "../core/clock.ts";
import { type BywayError, toBywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { HostPort } from "../core/network-address.ts";
import { plainText } from "../core/plain-text.ts";
import { LruMap } from "../rate/lru-map.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import type { StreamOpener } from "./stream-opener.ts";

/** What is known of a request whose user name is looked at. */
export interface Named {
  /** As it was sent. */
  readonly userName: string | undefined;
  /** Undefined where the protocol has not told it yet, or what it told is no target. */
  readonly target: () => HostPort | undefined;
}

/**
 * Tells of refused user names where people look: in the log at `info` and in the list of requests. SOCKS has no words for a reason,
 * and many programs show nothing of an HTTP answer. One mistake is told once a minute, so that a crawler cannot fill the log.
 */
export class Refusals {
  readonly #components: { readonly opener: StreamOpener; readonly clock: Clock; readonly logger: Logger };
  /** By message, when it was last told; the oldest first. */
  readonly #told = new LruMap<string, number>({ most: INGRESS_LIMITS.reportedMistakes.value });
  readonly #lines = new TokenBucket({
    burst: INGRESS_LIMITS.reportedMistakes.value,
    perSecond: INGRESS_LIMITS.reportedMistakes.value / (INGRESS_LIMITS.mistakeReportMs.value / 1_000),
  });

  constructor(components: { readonly opener: StreamOpener; readonly clock: Clock; readonly logger: Logger }) {
    this.#components = components;
  }

  /** Runs `read`, and tells of it when it refuses a user name. Throws what it throws. */
  async watch<T>(named: Named, read: () => T | Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (cause) {
      this.#tell(named, toBywayError(cause));
      throw cause;
    }
  }

  #tell({ userName = "", target }: Named, error: BywayError): void {
    const isMistake = error.code.startsWith("ERR_PARAMETER_");
    if (!isMistake && error.code !== "ERR_CREDENTIALS" && error.code !== "ERR_USER_NAME") return;
    const isNew = this.#isNew(`${error.code} ${error.message}`);
    // Strangers may guess passwords: their tries would push out of the list what others asked for.
    if (isNew || error.code !== "ERR_CREDENTIALS")
      this.#components.opener.noteRefused?.({ user: userName, target: target(), error });
    // Programs that wait for being asked are asked each time: that is no mistake.
    if (isNew && error.code !== "ERR_USER_NAME")
      this.#components.logger.info("a user name was refused", {
        code: error.code,
        reason: plainText(error.message),
        remedy: error.remedy,
      });
  }

  #isNew(mistake: string): boolean {
    const nowMs = this.#components.clock.monotonicMs();
    const reportedMs = this.#told.get(mistake);
    if (reportedMs !== undefined && nowMs - reportedMs < INGRESS_LIMITS.mistakeReportMs.value) return false;
    if (!this.#lines.tryTake(nowMs)) return false;
    this.#told.set(mistake, nowMs);
    return true;
  }
}
