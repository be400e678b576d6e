import { BywayError } from "../core/errors.ts";
import { MINUTE_MS } from "../core/units.ts";
import type { LocalTime } from "./local-time.ts";

const DAY_MINUTES = 1440;
const FORM = /^\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*$/;

interface Opening {
  /** Minutes since midnight. `to` is not included; before `from`, it is on the next day. */
  readonly from: number;
  readonly to: number;
}

/** Hours of the day in which a node serves, by the clock on the wall. */
export class OpeningHours {
  readonly #local: LocalTime;
  readonly #openings: readonly Opening[];

  /** `lines` are of the form `22:00-07:00`; none means always. Throws ERR_CONFIG_VALUE, naming the form. */
  constructor(components: { readonly local: LocalTime }, lines: readonly string[]) {
    this.#local = components.local;
    this.#openings = lines.map(parseOpening);
  }

  isOpen(ms: number): boolean {
    if (this.#openings.length === 0) return true;
    const { minutes } = this.#local.read(ms);
    return this.#openings.some(({ from, to }) =>
      from < to ? from <= minutes && minutes < to : from <= minutes || minutes < to,
    );
  }

  /**
   * When it opens next, in ms since the Unix epoch; `ms` itself when it is open. An opening that the clocks skip is none
   * on that day.
   */
  opensMs(ms: number): number {
    if (this.isOpen(ms)) return ms;
    // Minute by minute, since a minute of the wall's clock may come twice or not at all.
    const startMs = Math.floor(ms / MINUTE_MS) * MINUTE_MS;
    for (let n = 1; n <= 3 * DAY_MINUTES; n += 1) {
      if (this.isOpen(startMs + n * MINUTE_MS)) return startMs + n * MINUTE_MS;
    }
    return startMs + 3 * DAY_MINUTES * MINUTE_MS;
  }
}

function parseOpening(line: string): Opening {
  const [, fromHour, fromMinute, toHour, toMinute] = FORM.exec(line) ?? [];
  const from = minutesOf(fromHour, fromMinute);
  const to = minutesOf(toHour, toMinute);
  if (from === undefined || to === undefined || from === DAY_MINUTES)
    throw malformed(line, "hours have the form HH:MM-HH:MM, from 00:00 to 24:00, such as 22:00-07:00");
  if (from === to) throw malformed(line, "hours end when they begin; for the whole day write 00:00-24:00");
  return { from, to };
}

function minutesOf(hour: string | undefined, minute: string | undefined): number | undefined {
  const minutes = Number(hour) * 60 + Number(minute);
  return Number(minute) < 60 && minutes <= DAY_MINUTES ? minutes : undefined;
}

function malformed(line: string, what: string): BywayError {
  return new BywayError("ERR_CONFIG_VALUE", `${what}; not ${JSON.stringify(line.slice(0, 40))}`);
}
