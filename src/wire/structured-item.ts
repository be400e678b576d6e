import { type StructuredItem, type StructuredParameters, StructuredReader } from "./structured-reader.ts";

/** An item with its parameters. */
export interface StructuredMember {
  readonly item: StructuredItem;
  readonly parameters: StructuredParameters;
}

const TOKEN = /^[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*$/;

/** Whether `text` is a token (RFC 9651 §3.3.4). */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Writes a string (RFC 9651 §4.1.6); whatever ASCII cannot print becomes `?`. */
export function formatString(text: string): string {
  return `"${text.replaceAll(/[^ -~]/gu, "?").replaceAll(/["\\]/g, "\\$&")}"`;
}

/**
 * Reads a list of items with parameters (RFC 9651 §4.2.1), or gives undefined if it is malformed,
 * has an inner list, or more members or parameters than allowed. The caller bounds the length.
 */
export function parseItemList(text: string, maxMembers: number, maxParameters: number): StructuredMember[] | undefined {
  const reader = new StructuredReader(text);
  const members: StructuredMember[] = [];
  if (reader.done) return members;
  for (;;) {
    const item = reader.item();
    const parameters = item === undefined ? undefined : reader.parameters(maxParameters);
    if (item === undefined || parameters === undefined || members.length === maxMembers) return undefined;
    members.push({ item, parameters });
    const next = reader.comma();
    if (next !== "more") return next === "end" ? members : undefined;
  }
}
