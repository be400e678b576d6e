import { BywayError } from "../core/errors.ts";

/** Ports for handing in mail: what open proxies are abused for first. */
export const MAIL_PORTS: readonly number[] = [25, 465, 587, 2525];

/** What a port policy is made from. */
export interface PortPolicyOptions {
  /** Ports that no stream may go to, 1-65535; default `MAIL_PORTS`. */
  readonly closedPorts?: readonly number[];
}

/** Which ports of targets an exit serves; the same for TCP and UDP. */
export class PortPolicy {
  readonly #closed: ReadonlySet<number>;

  constructor(options: PortPolicyOptions = {}) {
    this.#closed = new Set(options.closedPorts ?? MAIL_PORTS);
  }

  /** The closed ports in ascending order, as an advertisement would show them. */
  get closedPorts(): readonly number[] {
    return [...this.#closed].sort((a, b) => a - b);
  }

  /** Throws ERR_POLICY_PORT when `port` is closed. */
  check(port: number): void {
    if (this.#closed.has(port)) throw new BywayError("ERR_POLICY_PORT", `port ${port} is closed at this exit`);
  }
}
