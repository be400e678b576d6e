import { type ErrorCode, type ErrorKind, errorRow, type RetryHint } from "./error-table.ts";

/** Values that survive JSON unchanged. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** What an error may carry beside its code and message. */
export interface ErrorOptions {
  /** Facts about the failure, safe to print as JSON; never secrets, payload or client addresses. */
  readonly data?: { readonly [key: string]: JsonValue };
  /** Overrides the table's hint where the thrower knows better. */
  readonly retry?: RetryHint;
  readonly cause?: unknown;
}

/**
 * The one error class. `code` says what went wrong, `kind` where; the table gives the outward answer.
 * Tell errors apart by `code`, never by `message`.
 */
export class BywayError extends Error {
  override readonly name = "BywayError";
  readonly code: ErrorCode;
  readonly data: { readonly [key: string]: JsonValue };
  readonly retry: RetryHint;

  /** `message` is one sentence that says what happened and to what, without a full stop. */
  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.data = options.data ?? {};
    this.retry = options.retry ?? errorRow(code).retry;
  }

  /** Where it happened. */
  get kind(): ErrorKind {
    return errorRow(this.code).kind;
  }

  /** What the reader can do about it. */
  get remedy(): string {
    return errorRow(this.code).remedy;
  }

  /** The same error, of the same cause, with more facts. */
  with(data: { readonly [key: string]: JsonValue }): BywayError {
    const more = new BywayError(this.code, this.message, {
      data: { ...this.data, ...data },
      retry: this.retry,
      cause: this.cause,
    });
    if (this.stack !== undefined) more.stack = this.stack;
    return more;
  }

  /** A shape that is stable and safe to print. */
  toJSON(): { readonly [key: string]: JsonValue } {
    return {
      code: this.code,
      kind: this.kind,
      message: this.message,
      remedy: this.remedy,
      retry: this.retry,
      data: this.data,
    };
  }
}

/** Returns `error` if it is a BywayError, otherwise an ERR_INTERNAL around it, so that nothing leaves untyped. */
export function toBywayError(error: unknown): BywayError {
  if (error instanceof BywayError) return error;
  return new BywayError("ERR_INTERNAL", error instanceof Error ? error.message : String(error), { cause: error });
}

/** The `code` of a Node.js system error such as `ECONNREFUSED`, or "" when there is none. */
export function systemCode(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : "";
}

/** The `syscall` of a Node.js system error such as `connect`, or "" when there is none. */
export function systemCall(error: unknown): string {
  const call = (error as { syscall?: unknown } | null | undefined)?.syscall;
  return typeof call === "string" ? call : "";
}
