import { BywayError } from "../core/errors.ts";
import { nearestName } from "../core/nearest-name.ts";
import type { HostPort } from "../core/network-address.ts";
import { normaliseHost } from "../wire/authority.ts";
import { isPlainObject, kindOf } from "./asked-constraints.ts";

/** How a stream of the library is opened. */
export interface ConnectOptions {
  /** Takes the opening back. It does not end a stream that was opened. */
  readonly signal?: AbortSignal | undefined;
  /** Keep the way to the target open after the target has ended its own, as `node:net` understands it. Default false. */
  readonly allowHalfOpen?: boolean | undefined;
}

/** The target of a stream, its host in its one spelling. Throws ERR_USAGE_ARGUMENT for another shape and ERR_REQUEST_TARGET. */
export function askedTarget(target: unknown): HostPort {
  if (!isPlainObject(target)) {
    throw new BywayError("ERR_USAGE_ARGUMENT", `the target must be an object { host, port }, not ${kindOf(target)}`);
  }
  knownKeys("the target", target, ["host", "port"]);
  const { host, port } = target;
  if (typeof host !== "string") {
    throw new BywayError("ERR_REQUEST_TARGET", `the target's host must be text, not ${kindOf(host)}`);
  }
  return { host: normaliseHost(host), port: askedPort(port, "the target's port") };
}

/** A port from 1 to 65535. Throws ERR_REQUEST_TARGET, naming `what`. */
export function askedPort(port: unknown, what: string): number {
  if (typeof port === "number" && Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  const shown = typeof port === "number" ? String(port) : kindOf(port);
  throw new BywayError("ERR_REQUEST_TARGET", `${what} must be a whole number from 1 to 65535, not ${shown}`);
}

/** The options of a stream: themselves, a bare signal, or none. Throws ERR_USAGE_ARGUMENT for all else. */
export function askedOptions(options: unknown): ConnectOptions {
  if (options === undefined) return {};
  if (options instanceof AbortSignal) return { signal: options };
  if (!isPlainObject(options)) {
    throw new BywayError(
      "ERR_USAGE_ARGUMENT",
      `the options must be an AbortSignal or an object such as { signal }, not ${kindOf(options)}`,
    );
  }
  knownKeys("the options", options, ["signal", "allowHalfOpen"]);
  const { signal, allowHalfOpen } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new BywayError("ERR_USAGE_ARGUMENT", `the option signal must be an AbortSignal, not ${kindOf(signal)}`);
  }
  if (allowHalfOpen !== undefined && typeof allowHalfOpen !== "boolean") {
    throw new BywayError(
      "ERR_USAGE_ARGUMENT",
      `the option allowHalfOpen must be a boolean, not ${kindOf(allowHalfOpen)}`,
    );
  }
  return { signal, allowHalfOpen };
}

/** Refuses a key of `value` that is none of `known`: ERR_USAGE_ARGUMENT naming it and the nearest one. */
export function knownKeys(what: string, value: object, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const { name } = nearestName(key, known);
    throw new BywayError(
      "ERR_USAGE_ARGUMENT",
      `${what} must not have the key ${JSON.stringify(key.slice(0, 40))}; the nearest known one is ${name}`,
      { data: { key: key.slice(0, 40), nearest: name } },
    );
  }
}
