import { type IncomingMessage, request } from "node:http";
import { dirname } from "node:path";
import { abortReason, deadline } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { ERROR_TABLE, type ErrorCode } from "../core/error-table.ts";
import { BywayError, type JsonValue, systemCode } from "../core/errors.ts";
import { CONTROL_WORDS, type ControlName, isInSharedPlace } from "./control-path.ts";
import { API_LIMITS } from "./limits.ts";
import { checkPrivate } from "./private-directory.ts";

/** Who is asked, and where it answers. */
export interface ControlPlace {
  /** As `controlPath` gives it. */
  readonly path: string;
  readonly name: ControlName;
}

/** A question, without a body. */
export interface ControlQuestion {
  readonly method: "GET" | "POST";
  /** Path and query. */
  readonly target: string;
  readonly timeoutMs: number;
}

/**
 * Asks the client or the node that runs with a data directory; settles with its answer, read from JSON. Throws what it answers,
 * ERR_CONTROL where none runs (`running: false` in its data) or it does not answer, or the abort reason.
 */
export async function askControl(
  components: { readonly clock: Clock },
  place: ControlPlace,
  question: ControlQuestion,
  signal?: AbortSignal,
): Promise<unknown> {
  if (isInSharedPlace(place.path)) await checkPlace(place);
  const { who } = CONTROL_WORDS[place.name];
  const late = (): BywayError => new BywayError("ERR_CONTROL", `the ${who} that runs here does not answer`);
  using limit = deadline(components.clock, question.timeoutMs, late, signal);
  const { status, text } = await get(place, question, limit.signal);
  const answer = parse(place, text);
  if (status === 200) return answer;
  throw readError(place, answer);
}

async function checkPlace(place: ControlPlace): Promise<void> {
  try {
    await checkPrivate(dirname(place.path));
  } catch (error) {
    const { cause } = error as Error;
    throw systemCode(cause) === "ENOENT" ? failure(place, cause) : error;
  }
}

function get(
  place: ControlPlace,
  { method, target }: ControlQuestion,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const failed = (cause: unknown): void => reject(signal.aborted ? abortReason(signal) : failure(place, cause));
    const options = { socketPath: place.path, path: target, method, agent: false, signal };
    const asked = request(options, (response) => {
      readText(place, response).then((text) => resolve({ status: response.statusCode ?? 0, text }), failed);
    });
    asked.once("error", failed);
    asked.end();
  });
}

function failure({ path, name }: ControlPlace, cause: unknown): BywayError {
  if (cause instanceof BywayError) return cause;
  const code = systemCode(cause);
  const running = !["ENOENT", "ECONNREFUSED"].includes(code);
  const { who, command } = CONTROL_WORDS[name];
  const message = running
    ? `the ${who} that runs with this data directory cannot be asked (${code})`
    : `no ${command} runs with this data directory`;
  return new BywayError("ERR_CONTROL", message, { data: { path, running }, cause });
}

async function readText(place: ControlPlace, response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > API_LIMITS.controlAnswerBytes.value) throw unreadable(place, "is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parse(place: ControlPlace, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadable(place, "is no JSON", cause);
  }
}

function readError(place: ControlPlace, answer: unknown): BywayError {
  const { error } = (answer ?? {}) as { error?: { code?: unknown; message?: unknown; data?: unknown } };
  const { code, message, data } = error ?? {};
  if (typeof code !== "string" || typeof message !== "string") return unreadable(place, "cannot be understood");
  const isKnown = Object.hasOwn(ERROR_TABLE, code);
  const facts = typeof data === "object" && data !== null ? (data as { [key: string]: JsonValue }) : {};
  return new BywayError(isKnown ? (code as ErrorCode) : "ERR_CONTROL", message, { data: facts });
}

function unreadable({ name }: ControlPlace, why: string, cause?: unknown): BywayError {
  const { who } = CONTROL_WORDS[name];
  return new BywayError("ERR_CONTROL", `the answer of the ${who} that runs here ${why}`, { cause });
}
