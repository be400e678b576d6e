import { nearestName } from "../core/nearest-name.ts";

/** Words that other programs use, by the last word of the key that has this meaning here. */
const SYNONYMS: Readonly<Record<string, string>> = {
  source: "from url uri href link path file location address",
  name: "id label title",
  "refresh-hours": "refresh interval every hours period ttl update update-interval",
  except: "exceptions exclude allow allowlist whitelist ignore skip",
  listen: "bind address addr host port interface socket",
  users: "auth accounts credentials login passwords",
  user: "name username who account",
  select: "parameters params constraints defaults",
  data: "dir directory data-dir datadir home state",
  "log-level": "level verbosity verbose debug",
  bootstrap: "seeds seed peers bootnodes join",
  advertise: "external-address public-address announce",
  metrics: "prometheus stats metrics-listen",
  "dns-servers": "dns resolver resolvers nameserver nameservers name-servers",
  "bind-egress": "outgoing-address egress-address source-address bind-address",
  blocklists: "lists blacklist blacklists blocklist denylist",
  policy: "rules acl exit-policy",
  hours: "schedule open times",
};

/**
 * The one of `names` that was probably meant by `key`, which is none of them: one with a typing mistake, the same word in
 * another group, a word of other programs for the same, else the nearest by letters. "" if there are no names.
 */
export function meantKey(key: string, names: readonly string[]): string {
  const nearest = nearestName(key, names);
  const word = lastWord(key).toLowerCase().replaceAll("_", "-");
  if (nearest.edits <= Math.max(1, Math.floor(word.length / 3))) return nearest.name;
  const same = names.filter((name) => lastWord(name) === word);
  if (same.length > 0) return nearestName(key, same).name;
  const meant = names.filter((name) => SYNONYMS[lastWord(name)]?.split(" ").includes(word) === true);
  return meant.length > 0 ? nearestName(key, meant).name : nearest.name;
}

function lastWord(key: string): string {
  return key.slice(key.lastIndexOf(".") + 1);
}
