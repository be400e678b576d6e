import { fieldsOf, type RawHeaders } from "../http1/fields.ts";
import { WIRE_LIMITS } from "../wire/limits.ts";
import { OWN_PROXY_NAME } from "../wire/proxy-status.ts";
import { parseItemList } from "../wire/structured-item.ts";
import { endToEnd, endToEndTrailers } from "./hop-by-hop.ts";

const STATUS = "proxy-status";

/**
 * The fields of a target's answer that go on to the app: those of `endToEnd`, and of `Proxy-Status` (RFC 9209) what does not
 * speak in Byway's name. So an answer with a member `byway` is Byway's own.
 */
export function targetFields(headers: RawHeaders, without: readonly string[] = []): string[] {
  return spokenByOthers(endToEnd(headers, without));
}

/** The same of its trailers, as pairs. */
export function targetTrailers(trailers: RawHeaders): [string, string][] {
  const fields = spokenByOthers(endToEndTrailers(trailers).flat());
  return [...fieldsOf(fields)].map(([, written, value]) => [written, value]);
}

function spokenByOthers(headers: string[]): string[] {
  const fields = [...fieldsOf(headers)];
  const statuses = fields.flatMap(([name, , value]) => (name === STATUS ? [value] : []));
  if (statuses.length === 0) return headers;
  // Several lines are one list (RFC 9110 §5.3), and what is no list has no meaning that could be kept.
  const kept = membersOfOthers(statuses.join(", "));
  const others = fields.flatMap(([name, written, value]) => (name === STATUS ? [] : [written, value]));
  return kept === "" ? others : [...others, "Proxy-Status", kept];
}

/** The members of a `Proxy-Status` that others than Byway wrote, as they wrote them; "" for one that cannot be read. */
function membersOfOthers(value: string): string {
  const { maxProxyStatusBytes, maxProxyStatusMembers, maxProxyStatusParameters } = WIRE_LIMITS;
  if (value.length > maxProxyStatusBytes.value) return "";
  const members = parseItemList(value, maxProxyStatusMembers.value, maxProxyStatusParameters.value);
  if (members === undefined || members.some(({ item }) => item.kind === "other")) return "";
  // In a list that can be read a comma within quotes is text, and any other one parts two members.
  const texts = value.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+/g) ?? [];
  const isOwn = (text: string): boolean => text.trim().toLowerCase() === OWN_PROXY_NAME;
  return texts
    .filter((_, index) => !isOwn(members[index]?.item.text ?? OWN_PROXY_NAME))
    .map((text) => text.trim())
    .join(", ");
}
