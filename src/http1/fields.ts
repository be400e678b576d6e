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

/** A value without the blanks around it (OWS of RFC 9110 §5.6.3). */
export function trimBlanks(value: string): string {
  let start = 0;
  while (start < value.length && isBlank(value.charCodeAt(start))) start += 1;
  return withoutBlanksBehind(value.slice(start));
}

/** A text without the blanks at its end. A pattern for them would begin anew at each blank within the text. */
export function withoutBlanksBehind(text: string): string {
  let end = text.length;
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
