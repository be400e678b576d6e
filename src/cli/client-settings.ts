import { join } from "node:path";
import type { ClientOptions, ListenerOptions } from "../client/client-options.ts";
import type { Mistakes } from "../config/mistakes.ts";
import { type HasOptions, type OptionsOf, optionsOf } from "../config/options-of.ts";
import type { Settings } from "../config/schema.ts";
import { BywayError } from "../core/errors.ts";
import { isLoopback } from "../core/is-loopback.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { BYTES_PER_MIB } from "../core/units.ts";
import { checkConstraints, mergeConstraints, parseConstraints } from "../routing/constraint-keys.ts";
import type { Constraints } from "../routing/constraints.ts";
import type { ScoreParts } from "../routing/explanation.ts";

/** The file in a data directory that keeps what a client of a network has learned. */
export function recordsFile(dataDirectory: string, network: string): string {
  return join(dataDirectory, `client-${network}.sqlite`);
}

/**
 * The options that settings of a client set as they are, those of routing and listeners aside. A setting that names an option
 * which no client has does not compile here.
 */
export function plainClientOptions(
  values: Settings,
): HasOptions<ClientOptions, "client" | "listener" | "routing", OptionsOf<"client">> {
  return optionsOf(values, "client");
}

/** How requests are routed, by the settings alone. */
export function routingOptions(values: Settings): Pick<
  ClientOptions,
  "preset" | "weights" | "explorationShare" | "rotation"
> & {
  readonly hops: number;
  readonly sharedNetworks: boolean;
} {
  const weights = weightsOf(values["client.weights"]);
  return { ...optionsOf(values, "routing"), weights, explorationShare: values["client.exploration"] / 100 };
}

/** Whether `up` would take the settings: notes ERR_CONFIG_VALUE and ERR_CONFIG_EXPOSED for what a look at one value alone does not show. */
export function checkClientSettings(values: Settings, mistakes: Mistakes): void {
  const tables = values["client.listeners"];
  const places = ["client.listen", "client.listeners"];
  mistakes.check(places, () => checkAddresses(values));
  mistakes.check(["client.users"], () => checkNames(values["client.users"], "client.users"));
  for (const [index, { users = [], select }] of tables.entries()) {
    const place = { key: "client.listeners", table: index + 1 };
    mistakes.check([], () => checkNames(users, `users in table ${index + 1} of client.listeners`), place);
    mistakes.check([], () => readSelect(select, `select in table ${index + 1} of client.listeners`), place);
  }
  mistakes.check(["client.limits", "client.listeners", "client.users"], () => checkLimitedUsers(values));
  mistakes.check(["client.select"], () => readSelect(values["client.select"], "client.select"));
  mistakes.check(["client.weights"], () => weightsOf(values["client.weights"]));
  const main = { listen: values["client.listen"], users: values["client.users"] };
  mistakes.check(["client.listen", "client.users"], () => checkExposed(main));
  for (const [index, { listen, users = main.users }] of tables.entries())
    mistakes.check(["client.users"], () => checkExposed({ listen, users }), {
      key: "client.listeners",
      table: index + 1,
    });
}

/** The proxy refuses the same when it starts. */
function checkExposed({
  listen,
  users,
}: {
  readonly listen: HostPort;
  readonly users: Settings["client.users"];
}): void {
  if (users.length > 0 || isLoopback(listen.host)) return;
  throw new BywayError("ERR_CONFIG_EXPOSED", `anybody who reaches ${formatHostPort(listen)} could use the proxy`);
}

/** The listeners of the proxy and what users may do. `asked` is what flags say beside `client.select`, and wins. Throws ERR_CONFIG_VALUE. */
export function listenerOptions(
  values: Settings,
  asked: Constraints,
): Pick<ClientOptions, "listen" | "users" | "defaults" | "lenient" | "askName" | "listeners" | "userLimits"> {
  checkAddresses(values);
  checkNames(values["client.users"], "client.users");
  for (const [index, { users = [] }] of values["client.listeners"].entries()) {
    checkNames(users, `users in table ${index + 1} of client.listeners`);
  }
  checkLimitedUsers(values);
  const defaults = mergeConstraints(readSelect(values["client.select"], "client.select"), asked);
  const listeners = values["client.listeners"].map(
    (table, index): ListenerOptions => ({
      listen: table.listen,
      users: table.users ?? values["client.users"],
      lenient: table.lenient ?? values["client.lenient"],
      askName: table["ask-name"] ?? values["client.ask-name"],
      defaults:
        table.select === undefined
          ? defaults
          : readSelect(table.select, `select in table ${index + 1} of client.listeners`),
    }),
  );
  return {
    ...optionsOf(values, "listener"),
    defaults,
    listeners,
    userLimits: values["client.limits"].map((table) => ({
      user: table.user,
      requestsPerSecond: table["requests-per-second"],
      openStreams: table["open-streams"],
      bytesPerDay: table["mib-per-day"] && table["mib-per-day"] * BYTES_PER_MIB,
    })),
  };
}

function checkAddresses(values: Settings): void {
  const taken = new Set<string>();
  for (const listen of [values["client.listen"], ...values["client.listeners"].map((table) => table.listen)]) {
    const address = formatHostPort(listen);
    if (listen.port !== 0 && taken.has(address))
      throw new BywayError("ERR_CONFIG_VALUE", `client.listeners: ${address} is listened at twice`);
    taken.add(address);
  }
}

/** One of two passwords for a name would count, and nobody could say which. */
function checkNames(users: Settings["client.users"], where: string): void {
  const names = users.map(({ name }) => name);
  const [twice] = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new BywayError("ERR_CONFIG_VALUE", `${where} has two passwords for the user ${JSON.stringify(twice)}`);
}

/** A limit under a name that nobody has would limit nobody, unseen. */
function checkLimitedUsers(values: Settings): void {
  const tables = values["client.listeners"].flatMap(({ users = [] }) => users);
  const names = new Set([...values["client.users"], ...tables].map(({ name }) => name));
  const unknown = values["client.limits"].map(({ user }) => user).filter((user) => user !== "*" && !names.has(user));
  if (unknown.length === 0) return;
  const called = unknown.map((user) => JSON.stringify(user)).join(" or ");
  throw new BywayError("ERR_CONFIG_VALUE", `client.limits: no listener has a user called ${called}`);
}

function readSelect(text: string | undefined, where: string): Constraints {
  if (text === undefined) return {};
  try {
    const constraints = parseConstraints(text);
    // Whether they go with a session is known with the request.
    checkConstraints({ ...constraints, strict: false, stickyAsn: false });
    return constraints;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BywayError("ERR_CONFIG_VALUE", `${where}: ${reason}`, { cause });
  }
}

function weightsOf(weights: readonly number[] | undefined): ScoreParts | undefined {
  const [trust, latency, availability, load] = weights ?? [];
  if (trust === undefined || latency === undefined || availability === undefined || load === undefined)
    return undefined;
  if (trust + latency + availability + load === 0)
    throw new BywayError("ERR_CONFIG_VALUE", "client.weights must not all be 0");
  return { trust, latency, availability, load };
}
