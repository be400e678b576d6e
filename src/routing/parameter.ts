/** A parameter as it was written: a name and its text; no text for a flag. */
export type Parameter = readonly [key: string, value: string | undefined];
