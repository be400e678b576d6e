import { type Duplex, duplexPair } from "node:stream";
import { systemClock } from "../../src/core/clock.ts";
import { BywayError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { ByteBudget } from "../../src/flow/byte-budget.ts";
import type { FirstBytes } from "../../src/flow/first-bytes.ts";
import { splice } from "../../src/flow/splice.ts";

/** What came of some bytes that were sent to a server. */
export interface SentBytes {
  readonly answer: Buffer;
  /** The code of the refusal, if they were refused on the way. */
  readonly refusal: string | undefined;
}

/** A server that answers in no time and does not end is given so long. */
const PATIENCE_MS = 5_000;

/**
 * Sends `pieces`, each as a read of its own, through a splice to `server`, and returns all that comes back until the server
 * ends. With `firstBytes` they are looked at as at an exit.
 */
export async function sendPast(
  server: Duplex,
  pieces: readonly Uint8Array[],
  firstBytes?: FirstBytes,
): Promise<SentBytes> {
  const budget = new ByteBudget({ clock: systemClock, logger: silentLogger });
  const [app, inner] = duplexPair();
  const answer: Buffer[] = [];
  app.on("data", (chunk: Buffer) => answer.push(chunk)).on("error", () => {});
  const done = splice({ clock: systemClock, budget, firstBytes }, inner, server);
  for (const piece of pieces) app.write(piece);
  app.end();
  const timer = systemClock.after(PATIENCE_MS, () => server.destroy());
  const error = await done;
  timer.cancel();
  app.destroy();
  return { answer: Buffer.concat(answer), refusal: error instanceof BywayError ? error.code : undefined };
}
