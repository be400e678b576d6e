/** The ids of all protocols of one network. */
export interface ProtocolNames {
  /** What libp2p puts before `/id/1.0.0` and `/ping/1.0.0`. */
  readonly prefix: string;
  readonly directory: string;
  readonly kad: string;
  /** The name of a gossip topic on the wire. */
  topic(name: string): string;
}

/**
 * The protocol ids of the network `name`. The public network is `byway` and its ids begin with `/byway/`; those of any
 * other begin with `/byway/<name>/`, so that peers of two networks have no protocol in common (docs/protocol.md §7.1).
 */
export function protocolNames(name: string): ProtocolNames {
  const prefix = name === "byway" ? "byway" : `byway/${name}`;
  return {
    prefix,
    directory: `/${prefix}/directory/1`,
    kad: `/${prefix}/kad/1.0.0`,
    topic: (topic) => `/${prefix}/${topic}`,
  };
}
