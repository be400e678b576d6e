/** The fields of one line of a CSV file (RFC 4180 §2), without line break; undefined where a quote is not closed. */
export function csvFields(line: string): readonly string[] | undefined {
  if (!line.includes('"')) return line.split(",");
  const fields: string[] = [];
  let at = 0;
  while (at <= line.length) {
    const [field, next] = line[at] === '"' ? quoted(line, at) : plain(line, at);
    if (field === undefined) return undefined;
    fields.push(field);
    at = next + 1;
  }
  return fields;
}

/** The field that begins at `at`, and where it ends: at a comma or the line's end. */
function plain(line: string, at: number): readonly [string, number] {
  const comma = line.indexOf(",", at);
  const end = comma === -1 ? line.length : comma;
  return [line.slice(at, end), end];
}

function quoted(line: string, at: number): readonly [string | undefined, number] {
  let text = "";
  let from = at + 1;
  for (;;) {
    const quote = line.indexOf('"', from);
    if (quote === -1) return [undefined, line.length];
    text += line.slice(from, quote);
    if (line[quote + 1] !== '"') {
      const [rest, end] = plain(line, quote + 1);
      return rest === "" ? [text, end] : [undefined, end];
    }
    text += '"';
    from = quote + 2;
  }
}
