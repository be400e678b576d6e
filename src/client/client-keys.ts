import { BywayError } from "../core/errors.ts";
import type { DirectorySettings } from "../discovery/open-directory.ts";
import { isPlainObject, kindOf } from "./asked-constraints.ts";
import type { ClientOptions, ListenerOptions } from "./client-options.ts";
import { knownKeys } from "./connect-arguments.ts";

type Names<T> = Readonly<Record<keyof T, true>>;

const LISTENER: Names<ListenerOptions> = { listen: true, users: true, defaults: true, lenient: true, askName: true };
const DIRECTORY: Names<DirectorySettings> = { network: true, bootstrap: true, storePath: true, geo: true };
const CLIENT: Names<ClientOptions> = {
  ...LISTENER,
  listeners: true,
  userLimits: true,
  peerFiles: true,
  directory: true,
  peers: true,
  hops: true,
  preset: true,
  weights: true,
  explorationShare: true,
  rotation: true,
  recordsPath: true,
  controlPath: true,
  localNetwork: true,
  sharedNetworks: true,
  allowClassical: true,
  spareCircuits: true,
  memoryBudgetBytes: true,
  budget: true,
  clock: true,
  random: true,
  logger: true,
};

/** Refuses a client's options that have a key which means nothing: ERR_USAGE_ARGUMENT, naming the nearest known one. */
export function checkClientKeys(options: unknown): void {
  check("the client's options", options, CLIENT);
  const { directory, listeners } = options as ClientOptions;
  if (directory !== undefined) check("the client's directory", directory, DIRECTORY);
  for (const listener of listeners ?? []) check("a listener of the client", listener, LISTENER);
}

function check(what: string, value: unknown, names: Readonly<Record<string, true>>): void {
  if (!isPlainObject(value))
    throw new BywayError("ERR_USAGE_ARGUMENT", `${what} must be an object, not ${kindOf(value)}`);
  knownKeys(what, value, Object.keys(names));
}
