import type { Socket } from "node:net";
import type { WorkerContract } from "./messages.ts";
import type { WorkerService } from "./worker-service.ts";

/** Says which links are idle, and closes them. */
type IdleLinks = Pick<WorkerService<WorkerContract>, "idleSinceMs" | "giveWay">;

interface ServedLink {
  readonly socket: Socket;
  /** Since when it was idle when the node was last told; undefined where it was in use, "unknown" before. */
  told: number | undefined | "unknown";
}

/** The links of a worker, and what its node knows of their use. */
export class LinkUses {
  readonly #service: IdleLinks;
  readonly #links = new Map<number, ServedLink>();
  /** Links that the node takes for being in use. */
  readonly #inUse = new Set<number>();

  constructor(service: IdleLinks) {
    this.#service = service;
  }

  /** Whether the node takes any link for being in use, and so waits to hear when it no longer is. */
  get isAwaited(): boolean {
    return this.#inUse.size > 0;
  }

  add(link: number, socket: Socket): void {
    this.#links.set(link, { socket, told: "unknown" });
  }

  delete(link: number): void {
    this.#links.delete(link);
    this.#inUse.delete(link);
  }

  /** Closes a link if it is idle; false if it is in use. One that is not known is closed already. */
  giveWay(link: number): boolean {
    const served = this.#links.get(link);
    if (served === undefined || this.#service.giveWay(served.socket)) return true;
    this.#note(link, served, undefined);
    return false;
  }

  /** What has changed since the last call: each link with whether it is in use; those that are not by how long, the longest first. */
  changes(): readonly (readonly [link: number, isInUse: boolean])[] {
    const inUse: number[] = [];
    const idle: { readonly link: number; readonly sinceMs: number }[] = [];
    for (const [link, served] of this.#links) {
      const sinceMs = this.#service.idleSinceMs(served.socket);
      if (sinceMs === served.told) continue;
      this.#note(link, served, sinceMs);
      if (sinceMs === undefined) inUse.push(link);
      else idle.push({ link, sinceMs });
    }
    idle.sort((a, b) => a.sinceMs - b.sinceMs);
    return [...inUse.map((link) => [link, true] as const), ...idle.map(({ link }) => [link, false] as const)];
  }

  #note(link: number, served: ServedLink, sinceMs: number | undefined): void {
    served.told = sinceMs;
    if (sinceMs === undefined) this.#inUse.add(link);
    else this.#inUse.delete(link);
  }
}
