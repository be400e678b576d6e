import type { Socket } from "node:net";
import type { HostPort } from "../../core/network-address.ts";
import type { Directory } from "../../discovery/directory.ts";
import type { LocateHop } from "../../link/locate-hop.ts";
import type { AcceptOverlay } from "../../link/public-port.ts";
import { shownHops } from "../shown-hops.ts";
import type { NodeBase } from "./node-base.ts";

/**
 * The way from a node's links to its directory, which is opened after them: connections of the overlay, and questions about
 * next hops. Before it is open connections are refused, and next hops are where the request shows them, as without a directory.
 */
export class DirectoryDoor {
  readonly #hasDirectory: boolean;
  readonly #shownHops: LocateHop;
  #directory: Directory | undefined;

  constructor({ clock, localNetwork }: NodeBase, { hasDirectory }: { readonly hasDirectory: boolean }) {
    this.#hasDirectory = hasDirectory;
    this.#shownHops = shownHops({ clock }, { localNetwork });
  }

  /** Lets connections and questions through to `directory` from now on. */
  open(directory: Directory): void {
    this.#directory = directory;
  }

  /** Takes connections of the overlay; undefined for a node without a directory, which has none. */
  get acceptOverlay(): AcceptOverlay | undefined {
    return this.#hasDirectory ? (socket, remote) => this.#accept(socket, remote) : undefined;
  }

  readonly locateHop: LocateHop = (asked, signal) =>
    this.#directory === undefined ? this.#shownHops(asked, signal) : this.#directory.locateHop(asked, signal);

  #accept(socket: Socket, remote: HostPort): void {
    if (this.#directory === undefined) socket.destroy();
    else this.#directory.accept(socket, remote);
  }
}
