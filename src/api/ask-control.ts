import { type IncomingMessage, request } from "node:http";
import { dirname } from "node:path";
import { abortReason, deadline } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { ERROR_TABLE, type ErrorCode } from "../core/error-table.ts";
import { BywayError, type JsonValue, systemCode } from "../core/errors.ts";
import { isLocked } from "../storage/claimed-lock.ts";
import { CONTROL_WORDS, type ControlName, isSocketName, lockPath, pipeName } from "./control-path.ts";
import { findFarSocket } from "./far-socket.ts";
import { API_LIMITS } from "./limits.ts";

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
  const { who } = CONTROL_WORDS[place.name];
  const late = (): BywayError => new BywayError("ERR_CONTROL", `the ${who} that runs here does not answer`);
  using limit = deadline(components.clock, question.timeoutMs, late, signal);
  const { status, text } = await get(place, await socketOf(place), question, limit.signal);
  const answer = parse(place, text);
  if (status === 200) return answer;
  throw readError(place, answer);
}

/** Where it answers. Throws ERR_CONTROL. */
async function socketOf(place: ControlPlace): Promise<string> {
  if (process.platform === "win32") return pipeName(place.path);
  if (isSocketName(place.path)) return place.path;
  try {
    const socket = await findFarSocket(place.path);
    if (socket !== undefined) return socket;
  } catch (cause) {
    throw failure(place, cause);
  }
  throw absent(place);
}

function get(
  place: ControlPlace,
  socketPath: string,
  { method, target }: ControlQuestion,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const failed = (cause: unknown): void => reject(signal.aborted ? abortReason(signal) : failure(place, cause));
    const options = { socketPath, path: target, method, agent: false, signal };
    const asked = request(options, (response) => {
      readText(place, response).then((text) => resolve({ status: response.statusCode ?? 0, text }), failed);
    });
    asked.once("error", failed);
    asked.end();
  });
}

function failure(place: ControlPlace, cause: unknown): BywayError {
  if (cause instanceof BywayError) return cause;
  const code = systemCode(cause);
  if (["ENOENT", "ECONNREFUSED"].includes(code)) return absent(place, cause);
  const { who } = CONTROL_WORDS[place.name];
  const message = `the ${who} that runs with the data directory ${dirname(place.path)} cannot be asked (${code})`;
  return new BywayError("ERR_CONTROL", message, { data: { path: place.path, running: true }, cause });
}

/** Nobody answers. The lock tells whether nobody runs. */
function absent({ path, name }: ControlPlace, cause?: unknown): BywayError {
  const { who, command } = CONTROL_WORDS[name];
  const directory = `the data directory ${dirname(path)}`;
  const running = process.platform !== "win32" && isLocked(lockPath(path));
  const message = running
    ? `a ${command} runs with ${directory}, but its socket is gone, or hidden from here: restart the ${who}${isSocketName(path) ? "" : ", with a data directory of a shorter path"}`
    : `no ${command} runs with ${directory}`;
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
