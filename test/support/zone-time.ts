import type { LocalTime, WallTime } from "../../src/operation/local-time.ts";

/** The time of a named zone, whatever zone the process is in; by the tables that come with Node. */
export function zoneTime(zone: string): LocalTime {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    ...{ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  } as Intl.DateTimeFormatOptions);
  const read = (ms: number): WallTime => {
    const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = parts;
    return { year, month, day, minutes: hour * 60 + minute };
  };
  return {
    read,
    dayStartMs({ year, month, day }) {
      // From well before any zone's midnight on, the first quarter of an hour of that day.
      let ms = Date.UTC(year, month - 1, day) - 15 * 3_600_000;
      for (let step = 0; step < 160; step++, ms += 900_000) {
        const at = read(ms);
        if (at.year === year && at.month === month && at.day === day) return ms;
      }
      throw new Error(`${zone} has no ${year}-${month}-${day}`);
    },
  };
}
