import { BywayError, systemCode, toBywayError } from "../core/errors.ts";

/** What an error of the stream to a target says about the target. */
export function targetError(cause: Error): BywayError {
  if (cause instanceof BywayError) return cause;
  if (cause.cause instanceof BywayError) return cause.cause;
  if (/^(ECONNRESET|EPIPE|ECONNABORTED|ERR_STREAM_|ERR_HTTP2_)/.test(systemCode(cause))) return cutError(cause);
  return toBywayError(cause);
}

/** The target's connection ended before its answer did. */
export function cutError(cause?: Error): BywayError {
  const message = "the target closed the connection before its answer was whole";
  return new BywayError("ERR_TARGET_RESET", message, { cause });
}
