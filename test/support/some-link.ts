import { LinkSession } from "../../src/link/link-session.ts";

const links = new Map<string, LinkSession>();

/** The link with this number, from `remote`: the same one each time. */
export function someLink(id = 1, remote = ""): LinkSession {
  const key = `${id} ${remote}`;
  const link = links.get(key) ?? new LinkSession(id, remote);
  links.set(key, link);
  return link;
}
