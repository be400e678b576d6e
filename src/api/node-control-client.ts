import type { Clock } from "../core/clock.ts";
import type { NodeStatus } from "../operation/node-status.ts";
import { askControl } from "./ask-control.ts";
import { API_LIMITS } from "./limits.ts";

/**
 * Asks the node that runs with a data directory. All methods throw what the node answers, ERR_CONTROL where none runs
 * (`running: false` in its data) or it does not answer, or the abort reason.
 */
export class NodeControlClient {
  readonly #clock: Clock;
  readonly #path: string;

  /** `path` as `controlPath(dataDirectory, "node")` gives it. */
  constructor(components: { readonly clock: Clock }, options: { readonly path: string }) {
    this.#clock = components.clock;
    this.#path = options.path;
  }

  /** Returns the node's status. */
  async status(signal?: AbortSignal): Promise<NodeStatus> {
    return ((await this.#ask("GET", "", signal)) as { node: NodeStatus }).node;
  }

  /** Returns the node's status after the change, as do the next two. */
  pause(signal?: AbortSignal): Promise<NodeStatus> {
    return this.#change("pause", signal);
  }

  resume(signal?: AbortSignal): Promise<NodeStatus> {
    return this.#change("resume", signal);
  }

  /** Settles as soon as the node drains, not when it has stopped. */
  drain(signal?: AbortSignal): Promise<NodeStatus> {
    return this.#change("drain", signal);
  }

  /** Settles when every list was read again, or has failed. */
  async reload(signal?: AbortSignal): Promise<NodeStatus["blocklists"]> {
    const answer = await this.#ask("POST", "/reload", signal, API_LIMITS.controlSlowMs.value);
    return (answer as { blocklists: NodeStatus["blocklists"] }).blocklists;
  }

  async #change(verb: string, signal?: AbortSignal): Promise<NodeStatus> {
    return ((await this.#ask("POST", `/${verb}`, signal)) as { node: NodeStatus }).node;
  }

  #ask(
    method: "GET" | "POST",
    page: string,
    signal?: AbortSignal,
    timeoutMs: number = API_LIMITS.controlRequestMs.value,
  ): Promise<unknown> {
    const question = { method, target: `/v1/node${page}`, timeoutMs };
    return askControl({ clock: this.#clock }, { path: this.#path, name: "node" }, question, signal);
  }
}
