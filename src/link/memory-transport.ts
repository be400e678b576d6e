import type { Duplex } from "node:stream";
import { abortReason } from "../core/abort.ts";
import { BywayError } from "../core/errors.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { MemoryPipe } from "./memory-pipe.ts";
import type { Transport, TransportListener } from "./transport.ts";

/** Reaches a hop inside this process, without the operating system; for simulation and tests. */
export class MemoryTransport implements Transport {
  readonly #listeners = new Map<string, (stream: Duplex) => void>();
  #nextPort = 1;

  async dial(endpoint: HostPort, signal?: AbortSignal): Promise<Duplex> {
    if (signal?.aborted === true) throw abortReason(signal);
    const onConnection = this.#listeners.get(formatHostPort(endpoint));
    if (onConnection === undefined) {
      throw new BywayError("ERR_HOP_UNREACHABLE", `cannot connect to ${formatHostPort(endpoint)} (nobody listens)`);
    }
    const [near, far] = MemoryPipe.pair();
    onConnection(far);
    return near;
  }

  async listen(endpoint: HostPort, onConnection: (stream: Duplex) => void): Promise<TransportListener> {
    const address = { host: endpoint.host, port: endpoint.port === 0 ? this.#nextPort++ : endpoint.port };
    const key = formatHostPort(address);
    if (this.#listeners.has(key)) throw new BywayError("ERR_LISTEN_IN_USE", `cannot listen on ${key} (in use)`);
    this.#listeners.set(key, onConnection);
    return {
      address,
      close: async () => {
        this.#listeners.delete(key);
      },
    };
  }
}
