import { formatHostPort, type HostPort } from "../../core/network-address.ts";
import type { Part } from "../../core/parts.ts";
import type { Dispatcher } from "../../dispatch/dispatcher.ts";
import { ProxyServer } from "../../ingress/proxy-server.ts";
import { UserLimits } from "../../ingress/user-limits.ts";
import type { Constraints } from "../../routing/constraints.ts";
import type { RecordKeeper } from "../../storage/record-keeper.ts";
import { askedConstraints } from "../asked-constraints.ts";
import type { ClientOptions, ListenerOptions } from "../client-options.ts";
import type { ClientBase } from "./client-base.ts";

/** The addresses of a client's proxy. */
export interface ClientListeners extends Part {
  /** Where they listen, that of `listen` first; from `start` on. */
  readonly addresses: readonly HostPort[];
  /** What opens their streams, and what applies where a request does not say, for each of them. */
  readonly openers: readonly { readonly dispatcher: Dispatcher; readonly defaults: Constraints }[];
  /** Throws ERR_LISTEN_* and ERR_CONFIG_EXPOSED. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** `dispatcherOf` makes what opens the streams of a listener. Throws ERR_PARAMETER_*. */
export function openListeners(
  base: ClientBase,
  components: { readonly records: RecordKeeper; readonly dispatcherOf: (listener: string) => Dispatcher },
  options: ClientOptions,
): ClientListeners {
  const { clock, budget, logger } = base;
  const { records, dispatcherOf } = components;
  const limits = new UserLimits({ clock, records, logger }, { limits: options.userLimits ?? [] });
  const listeners: readonly ListenerOptions[] = [
    ...(options.listen === undefined ? [] : [{ ...options, listen: options.listen }]),
    ...(options.listeners ?? []),
  ];
  const proxies = listeners.map(
    ({ listen, users = [], defaults: asked, lenient = false, askName = "never" }, index) => {
      const defaults = askedConstraints(asked);
      // Two that take any free port are two all the same.
      const dispatcher = dispatcherOf(`${formatHostPort(listen)}${listen.port === 0 ? ` (${index + 1})` : ""}`);
      const proxy = new ProxyServer(
        { opener: dispatcher, clock, budget, logger },
        { listen, users, defaults, lenient, askName, limits },
      );
      return { dispatcher, proxy, defaults };
    },
  );
  const addresses: HostPort[] = [];
  return {
    addresses,
    openers: proxies,
    async start() {
      for (const { proxy } of proxies) addresses.push(await proxy.start());
    },
    async stop() {
      await Promise.all(proxies.map(({ proxy }) => proxy.stop()));
    },
  };
}
