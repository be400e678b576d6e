/** A minute in milliseconds. */
export const MINUTE_MS = 60_000;

/** An hour in milliseconds. */
export const HOUR_MS = 3_600_000;

/** A day in milliseconds. */
export const DAY_MS = 86_400_000;

/** Bytes of one MiB. */
export const BYTES_PER_MIB = 1_048_576;

/** Bytes of one Mbit, which is 10^6 bits. */
export const BYTES_PER_MBIT = 125_000;
