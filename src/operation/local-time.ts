/** A moment as a clock on the wall shows it. */
export interface WallTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
  /** Since midnight, 0 to 1439. */
  readonly minutes: number;
}

/** The time of some place; its clocks may be set forward or back for the summer. */
export interface LocalTime {
  read(ms: number): WallTime;
  /** When that day begins, in ms since the Unix epoch: at midnight, or where clocks skip midnight, at what follows. */
  dayStartMs(day: Pick<WallTime, "year" | "month" | "day">): number;
}

/** The time of the zone that this machine is set to. */
export const systemLocalTime: LocalTime = {
  read(ms) {
    const date = new Date(ms);
    return {
      year: date.getFullYear(),
      month: date.getMonth() + 1,
      day: date.getDate(),
      minutes: date.getHours() * 60 + date.getMinutes(),
    };
  },
  dayStartMs: ({ year, month, day }) => new Date(year, month - 1, day).getTime(),
};
