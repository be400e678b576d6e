import { trimBlanks } from "../core/trim-blanks.ts";

/** Header fields in the order and spelling in which they came: name, value, name, value … Bytes are latin1 characters. */
export type RawHeaders = readonly string[];

/** A token of RFC 9110 §5.6.2, as methods and names of fields are. */
export const TOKEN: RegExp = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The fields of a message as pairs of lower-case name, name as written, and value. */
export function* fieldsOf(headers: RawHeaders): Generator<readonly [name: string, written: string, value: string]> {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const written = headers[index] ?? "";
    yield [written.toLowerCase(), written, headers[index + 1] ?? ""];
  }
}

/** All values of one field, in order, as they came. */
export function valuesOf(headers: RawHeaders, field: string): readonly string[] {
  const values: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    if (name.length === field.length && name.toLowerCase() === field) values.push(headers[index + 1] ?? "");
  }
  return values;
}

/** Every value of one field, split at commas, without blanks around it and in lower case. */
export function listOf(headers: RawHeaders, field: string): readonly string[] {
  return valuesOf(headers, field)
    .flatMap((value) => value.split(","))
    .map((value) => trimBlanks(value).toLowerCase())
    .filter((value) => value !== "");
}
