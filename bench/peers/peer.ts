import type { HostPort } from "../../src/index.ts";
import type { LoadProgram, LoadWay } from "../load-program.ts";
import type { Site } from "../site.ts";

/** One row of the table: a way from the load to the source that can be measured again and again. */
export interface Contender extends LoadWay {
  readonly name: string;
  /** How many proxies with an encrypted leg each a byte passes; 0 is no proxy. */
  readonly hops: 0 | 1 | 3;
  /** Whether it does what Byway does, as far as to be one of the peers that Byway is held against. */
  readonly rival: boolean;
  readonly remark: string;
  /** Client and hops, without source and load. */
  readonly pids: readonly number[];
}

/** What a peer needs to start: the common source, and the program to start another where that is out of reach. */
export interface World {
  readonly source: HostPort;
  readonly load: LoadProgram;
}

/** A program that Byway is measured against. */
export interface Peer {
  readonly name: string;
  /** Programs that must be installed, and the Debian package of each. */
  readonly programs: Readonly<Record<string, string>>;
  /** Why it cannot run here at all, though all is installed; undefined if it can. */
  readonly obstacle?: () => string | undefined;
  /** Starts it, ready to carry. What it leaves behind belongs to `site`. Throws with the reason if it does not start. */
  start(site: Site, world: World): Promise<readonly Contender[]>;
}
