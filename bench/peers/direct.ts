import type { Peer } from "./peer.ts";

/** The load straight at the source: the most that source, load and machine can do. */
export const direct: Peer = {
  name: "no proxy",
  programs: {},
  start: async (_site, { source }) => [
    {
      name: "no proxy",
      hops: 0,
      rival: false,
      remark: "source and load alone: the ceiling of the measurement",
      vias: [`direct:${source.host}:${source.port}`],
      inside: [],
      target: source,
      pids: [],
    },
  ],
};
