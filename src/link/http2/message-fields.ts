/** The first value of `name` in a header list of names and values by turns; undefined where it has none. */
export function fieldOf(fields: readonly string[], name: string): string | undefined {
  for (let at = 0; at < fields.length; at += 2) if (fields[at] === name) return fields[at + 1];
  return undefined;
}

/** Whether `content-length` says how long the body of an answer is (RFC 9110 §6.4.1, RFC 9113 §8.1.1). */
export function hasLength(method: string, status: number): boolean {
  if (method === "HEAD" || status === 204 || status === 304) return false;
  return method !== "CONNECT" || status < 200 || status > 299;
}

/** The status of an answer; 0 where it has none. */
export function statusOf(fields: readonly string[]): number {
  return Number(fieldOf(fields, ":status") ?? 0);
}

/**
 * The body's length that `content-length` promises (RFC 9110 §8.6); -1 where it is absent, undefined where it is no number or
 * two fields differ.
 */
export function promisedBytes(fields: readonly string[]): number | undefined {
  let promised = -1;
  for (let at = 0; at < fields.length; at += 2) {
    if (fields[at] !== "content-length") continue;
    const value = fields[at + 1] ?? "";
    const bytes = /^[0-9]{1,15}$/.test(value) ? Number(value) : undefined;
    if (bytes === undefined || (promised >= 0 && promised !== bytes)) return undefined;
    promised = bytes;
  }
  return promised;
}
