import { trimBlanks } from "../core/trim-blanks.ts";

/** A line of a request's header, after the first. */
export type RequestField =
  /** A name in lower case and its value without the spaces around it, as RFC 9112 §5 has them. */
  | { readonly kind: "plain"; readonly name: string; readonly value: string }
  /** Some server reads a field in it, or a part of the one before: a space before the colon, a folded line. */
  | { readonly kind: "unclear"; readonly mayBeHost: boolean }
  /** No field. */
  | { readonly kind: "other" };

const PLAIN = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\0\r]*)$/;

/** Reads one line of a header, without its end, in latin1. Not for the empty line that ends it. */
export function readRequestField(line: string): RequestField {
  const [, name, value = ""] = PLAIN.exec(line) ?? [];
  if (name !== undefined) return { kind: "plain", name: name.toLowerCase(), value: trimBlanks(value) };
  const mayBeHost = /^[^a-z]*host[^a-z]*:/i.test(line);
  // Python's email.feedparser passes over a field without a name, and over the line that begins a message of a mailbox.
  const isPassedOver = line.startsWith(":") || line.startsWith("From ");
  const isUnclear = mayBeHost || isPassedOver || /^[\t ]/.test(line) || /^[!-9;-~]+[\0-\x20\x7f]*:/.test(line);
  return isUnclear ? { kind: "unclear", mayBeHost } : { kind: "other" };
}
