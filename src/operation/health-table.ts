import { counted } from "../core/counted.ts";
import { BYTES_PER_MIB, DAY_MS, MINUTE_MS } from "../core/units.ts";
import { exitClosure } from "./exit-closure.ts";
import type { HealthFacts } from "./health-facts.ts";
import { HEALTH_THRESHOLDS as FROM } from "./health-thresholds.ts";
import type { HealthWarning, NodeStatus } from "./node-status.ts";
import { CLOSING_SHARE, LANDING_SHARE } from "./volume-speed.ts";

/** One thing that can be wrong with a node, or that its operator should know. */
export interface HealthRow {
  readonly level: HealthWarning["level"];
  /** When it is told, for the documentation: what follows "when". */
  readonly when: string;
  /** What to do about it, in whole sentences. */
  readonly remedy: string;
  /** What is the case, in one sentence without a full stop; undefined while it is not. */
  readonly find: (facts: HealthFacts) => string | undefined;
}

/** Every code of a warning. */
export type HealthCode =
  | "WARN_NOT_REACHABLE"
  | "WARN_NOT_CHECKED"
  | "WARN_CLOCK"
  | "WARN_CLOCK_OFF"
  | "WARN_CLOCK_LEAPT"
  | "WARN_SAME_KEY"
  | "WARN_PLACE_CONTRADICTED"
  | "WARN_LOG_FAILING"
  | "WARN_LOG_LOST"
  | "WARN_LOG_OFF"
  | "WARN_BLOCKLIST_MISSING"
  | "WARN_BLOCKLIST_STALE"
  | "WARN_BLOCKLIST_EMPTY"
  | "WARN_BLOCKLIST_UNREAD"
  | "WARN_POLICY_CLOSED"
  | "WARN_POLICY_OPEN"
  | "WARN_POLICY_MAIL"
  | "WARN_VOLUME_USED"
  | "WARN_VOLUME_NEARLY_USED"
  | "WARN_VOLUME_HIGH"
  | "WARN_DISK_FULL"
  | "WARN_FEW_DESCRIPTORS"
  | "WARN_NO_DESCRIPTORS"
  | "WARN_BUSY"
  | "WARN_REFUSALS"
  | "WARN_FAILED_PROOFS"
  | "WARN_NO_CONTACT"
  | "WARN_RESIDENTIAL_EXIT"
  | "WARN_PAUSED"
  | "WARN_DRAINING"
  | "WARN_OUTSIDE_HOURS";

const MAIL_PORTS: readonly number[] = [25, 465, 587, 2525];
const LAST_PORT = 65_535;

/** Every warning, those that stop the node first. `docs/health.md` shows the same rows. */
export const HEALTH_TABLE: Readonly<Record<HealthCode, HealthRow>> = {
  WARN_NOT_REACHABLE: {
    level: "warning",
    when: "other peers tried to connect to the node and could not",
    remedy:
      "Open the port in the firewall and forward it at the router. If others reach another address, name it with --advertise.",
    find: ({ status: { reachable, endpoint } }) =>
      reachable.state === "no" ? `other peers cannot reach ${endpoint}: ${reachable.reason}` : undefined,
  },
  WARN_NOT_CHECKED: {
    level: "note",
    when: "for 15 minutes, no peer has checked whether the node can be reached",
    remedy:
      "Check with `byway network stats` whether the node knows others. Join through one of them with --bootstrap.",
    find: ({ status: { reachable, startedAt }, settings, nowMs }) =>
      reachable.state === "unknown" && !settings.unlisted && nowMs - Date.parse(startedAt) >= FROM.uncheckedAfterMs
        ? `no peer has checked whether the node can be reached: ${reachable.reason}`
        : undefined,
  },
  WARN_CLOCK: {
    level: "warning",
    when: "the machine's clock shows a time before Byway existed, so others refuse what the node signs",
    remedy: "Set the clock, and keep it right with NTP.",
    find: ({ nowMs }) => (nowMs < FROM.earliestMs ? "the clock of this machine is months or years behind" : undefined),
  },
  WARN_CLOCK_OFF: {
    level: "warning",
    when: "peers of most networks that answered, or one that the operator named, show another time, so others may refuse what the node signs",
    remedy: "Set this machine's clock, and keep it right with NTP.",
    find: ({ status: { clockOff } }) =>
      clockOff && `the clock of this machine seems to be ${clockOff.direction}: ${clockOff.reason}`,
  },
  WARN_SAME_KEY: {
    level: "warning",
    when: "another machine signs with this node's key, for example after a data directory was copied; others find only the one that signed last",
    remedy:
      "Stop one of the two, or give it a key of its own: move its identity.pem aside, and start it again with an empty data directory.",
    find: ({ status: { sameKey } }) =>
      sameKey &&
      `another machine has the same key as this node: at ${sameKey.issuedAt} it advertised the address ${sameKey.endpoint}`,
  },
  WARN_PLACE_CONTRADICTED: {
    level: "warning",
    when: "the address data contradicts the country, region, city, AS or kind of network that the node claims; clients believe the data",
    remedy:
      "Claim what `byway geo show ADDRESS` says of the node's address, or claim nothing. If the data is wrong or old, install better data with `byway geo update`. Clients with the old data go on believing it.",
    find: ({ status: { contradicted = [], endpoint } }) =>
      contradicted.length === 0
        ? undefined
        : `the address data says of ${endpoint} ${contradicted.map(({ claim, claimed, found }) => `${claim} ${found}, not ${claimed}`).join("; ")}: clients use the data, and mark the claim with !`,
  },
  WARN_CLOCK_LEAPT: {
    level: "warning",
    when: "the clock is more than a day ahead of the expected time, and by this clock files of the accountability log are too old; they are kept until the node has run like this for a day",
    remedy:
      "Check this machine's date, and keep it right with NTP. If the date is right, for example after a long time off, there is nothing to do.",
    find: ({ status: { log } }) =>
      log.held &&
      `the clock leapt ahead by ${counted(Math.round(log.held.aheadMs / DAY_MS), "day")}; ${counted(log.held.files, "file")} of the accountability log ${are(log.held.files)} kept beyond ${log.held.files === 1 ? "its" : "their"} days for now`,
  },
  WARN_LOG_FAILING: {
    level: "warning",
    when: "the accountability log cannot be written; with `required`, the exit is closed until it can",
    remedy: "Free disk space, or repair the permissions. The log goes on by itself.",
    find: ({ status: { log, roles }, settings }) =>
      log.state === "failing"
        ? `the accountability log cannot be written${because(log.reason)}${settings.log === "required" && roles.includes("exit") ? "; the exit is closed until it can be" : ""}`
        : undefined,
  },
  WARN_LOG_LOST: {
    level: "warning",
    when: "the accountability log, set to `best-effort`, has no record of some streams",
    remedy:
      'Fix what the warnings in the node\'s own log say. With node.log = "required" the exit would close instead.',
    find: ({ status: { log } }) =>
      log.lost > 0 ? `${counted(log.lost, "record")} of the accountability log ${are(log.lost)} lost` : undefined,
  },
  WARN_LOG_OFF: {
    level: "note",
    when: "the node is an exit and writes no accountability log",
    remedy: 'Set node.log to "required", unless the law of your country forbids it. See docs/operators.md.',
    find: ({ status: { log, roles } }) =>
      log.state === "off" && roles.includes("exit")
        ? "nothing shows that this exit only forwarded: its accountability log is off"
        : undefined,
  },
  WARN_BLOCKLIST_MISSING: {
    level: "warning",
    when: "a blocklist was never loaded; the exit is closed until it is",
    remedy: "Correct the path or address of the list, or remove the list. Then run `byway node reload`.",
    find: ({ status }) => lists(status, ({ state }) => state === "missing", "was never loaded: the exit is closed"),
  },
  WARN_BLOCKLIST_STALE: {
    level: "warning",
    when: "the latest refresh of a blocklist failed, and an older copy is used",
    remedy: "Check that the list's address still answers. Then run `byway node reload`.",
    find: ({ status }) =>
      lists(status, ({ state }) => state === "stale", "could not be read again; an older copy is used"),
  },
  WARN_BLOCKLIST_EMPTY: {
    level: "warning",
    when: "a blocklist was read and has no entries",
    remedy: "Check that the source is the list that you want.",
    find: ({ status }) => lists(status, ({ state, entries }) => state === "loaded" && entries === 0, "has no entries"),
  },
  WARN_BLOCKLIST_UNREAD: {
    level: "warning",
    when: "more than a tenth of a blocklist's lines cannot be read",
    remedy: "Name a hosts, domain or CIDR list. docs/blocklists.md shows the formats.",
    find: ({ status }) =>
      lists(
        status,
        ({ entries, unread }) => entries > 0 && unread > (entries + unread) * FROM.unreadShare,
        "has many lines that cannot be read",
      ),
  },
  WARN_POLICY_CLOSED: {
    level: "warning",
    when: "the node is an exit and its policy accepts no port",
    remedy: 'Add a rule that accepts something, such as "accept web-only", or run without --exit.',
    find: ({ status: { policy, roles } }) =>
      roles.includes("exit") && policy.acceptedPorts.length === 0
        ? "the policy accepts nothing: this exit serves nobody"
        : undefined,
  },
  WARN_POLICY_OPEN: {
    level: "warning",
    when: "the policy accepts every port, including those for mail",
    remedy: 'Begin the policy with "reject mail", and accept only what you are willing to answer for.',
    find: ({ status }) => (acceptsAll(status) ? "the policy accepts every port, including those for mail" : undefined),
  },
  WARN_POLICY_MAIL: {
    level: "warning",
    when: "the policy accepts a port for sending mail (25, 465, 587, 2525)",
    remedy: 'Begin the policy with "reject mail": spam puts this machine\'s address on blocklists within hours.',
    find: ({ status }) => {
      const open = acceptsAll(status) ? [] : MAIL_PORTS.filter((port) => accepts(status, port));
      return open.length === 0 ? undefined : `the policy accepts mail (port ${open.join(", ")})`;
    },
  },
  WARN_VOLUME_USED: {
    level: "warning",
    when: "the month's volume is used up; the node is closed until the reset day",
    remedy: "Wait for the reset day, or raise node.monthly-gb.",
    find: ({ status }) => (volumeShare(status) >= 1 ? "this month's volume is used up" : undefined),
  },
  WARN_VOLUME_NEARLY_USED: {
    level: "warning",
    when: "95 % of the month's volume is used; new streams are refused until the reset day",
    remedy: "Raise node.monthly-gb, or set a lower speed from the beginning of the month (node.up-mbps).",
    find: ({ status }) => volume(status, CLOSING_SHARE, 1, "new streams are refused"),
  },
  WARN_VOLUME_HIGH: {
    level: "note",
    when: "80 % of the month's volume is used; the node slows down to make the rest last",
    remedy: "If much of the month is left, raise node.monthly-gb, or set a lower speed (node.up-mbps).",
    find: ({ status }) => volume(status, LANDING_SHARE, CLOSING_SHARE, "the node slows down to make the rest last"),
  },
  WARN_DISK_FULL: {
    level: "warning",
    when: "less than 256 MiB are free on the disk of the data directory",
    remedy: "Free disk space, lower node.log-mib, or move the data directory (--data).",
    find: ({ machine: { freeDiskBytes } }) =>
      freeDiskBytes !== undefined && freeDiskBytes < FROM.freeDiskBytes
        ? `the disk of the data directory has ${Math.floor(freeDiskBytes / BYTES_PER_MIB)} MiB left`
        : undefined,
  },
  WARN_FEW_DESCRIPTORS: {
    level: "warning",
    when: "a process of the node may open fewer files than its allowed streams need",
    remedy: "Allow more (LimitNOFILE= in a systemd unit, ulimit -n in a shell), or lower node.max-streams.",
    find: ({ machine: { mostDescriptors }, settings, status: { roles } }) => {
      const needed = Math.ceil(settings.maxStreams / settings.workers) + FROM.spareDescriptors;
      return roles.includes("exit") && mostDescriptors !== undefined && mostDescriptors < needed
        ? `a process may open ${mostDescriptors} files, and ${counted(settings.maxStreams, "stream")} need ${needed}`
        : undefined;
    },
  },
  WARN_NO_DESCRIPTORS: {
    level: "warning",
    when: "a process of the node had no file descriptor left in the last ten minutes; connections were dropped",
    remedy: "Allow more (LimitNOFILE= in a systemd unit, ulimit -n in a shell), or lower node.max-streams.",
    find: ({ status }) =>
      status.wasOutOfDescriptors === true
        ? "a process of the node ran out of file descriptors and dropped connections"
        : undefined,
  },
  WARN_BUSY: {
    level: "warning",
    when: "the load has been 90 % or more for half an hour",
    remedy: "Give the node more bandwidth or more workers (node.workers), or allow fewer streams (node.max-streams).",
    find: ({ status: { load }, busyForMs }) =>
      busyForMs !== undefined && busyForMs >= FROM.busyAfterMs
        ? `the node has been full for ${Math.floor(busyForMs / MINUTE_MS)} minutes (load ${Math.round(load * 100)} %)`
        : undefined,
  },
  WARN_REFUSALS: {
    level: "note",
    when: "one rule, list or limit has refused more than half of all requests since the start",
    remedy: "Check with `byway policy test HOST:PORT` that it does what you want.",
    find: ({ status: { refusals, streamsOpened } }) => {
      const asked = refusals.reduce((sum, { count }) => sum + count, streamsOpened);
      const most = refusals.find(({ count }) => count >= FROM.refusals && count > asked * FROM.refusalsShare);
      return most && `${most.by} has refused ${most.count} of ${asked} requests`;
    },
  },
  WARN_FAILED_PROOFS: {
    level: "warning",
    when: "at least 600 next hops within an hour were not nodes: somebody may be scanning through this relay, within its limits",
    remedy:
      "The relay never lets more through than docs/limits.md says. If somebody complains, answer with `byway node report --target ADDRESS`.",
    find: ({ status: { failedProofs } }) =>
      failedProofs >= FROM.failedProofs
        ? `${counted(failedProofs, "next hop")} within the last hour did not prove to be nodes`
        : undefined,
  },
  WARN_NO_CONTACT: {
    level: "warning",
    when: "the node carries others' traffic and names nobody to complain to",
    remedy: "Set node.contact to an address that you read. Complaints then come to you instead of your provider.",
    find: ({ status: { contact, roles } }) =>
      contact === undefined && roles.some((role) => role === "exit" || role === "relay")
        ? "people with a complaint about this node cannot find out whom to write to"
        : undefined,
  },
  WARN_RESIDENTIAL_EXIT: {
    level: "note",
    when: "the node is an exit in a residential or mobile network",
    remedy:
      "Read docs/operators.md. The owner of the line is asked first about what others do. A relay does not have this risk.",
    find: ({ status: { roles }, settings: { network } }) =>
      roles.includes("exit") && (network === "residential" || network === "mobile")
        ? `this exit is in a ${network} network: what others do seems to come from the people who live there`
        : undefined,
  },
  WARN_PAUSED: {
    level: "note",
    when: "the operator has paused the node",
    remedy: "To serve again, run `byway node resume`.",
    find: ({ status: { serving } }) =>
      serving.state === "paused" ? "the node is paused: it takes nothing new" : undefined,
  },
  WARN_DRAINING: {
    level: "note",
    when: "the node stops when its last stream is over",
    remedy: "To go on serving, run `byway node resume`.",
    find: ({ status: { serving } }) =>
      serving.state === "draining" ? "the node drains: it stops when its last stream is over" : undefined,
  },
  WARN_OUTSIDE_HOURS: {
    level: "note",
    when: "the node is closed, because it is outside its hours",
    remedy: "If the node should serve at this time, change node.hours.",
    find: (facts) =>
      isOutsideHours(facts) ? `the node is closed for now${because(facts.status.serving.reason)}` : undefined,
  },
};

/** A node that is closed for none of the other reasons. */
function isOutsideHours({ status, settings }: HealthFacts): boolean {
  return (
    status.serving.state === "closed" &&
    exitClosure(status, settings) === undefined &&
    volumeShare(status) < CLOSING_SHARE
  );
}

function because(reason: string | undefined): string {
  return reason === undefined ? "" : ` (${reason})`;
}

function are(count: number): string {
  return count === 1 ? "is" : "are";
}

function lists(
  { blocklists }: HealthFacts["status"],
  fits: (list: NodeStatus["blocklists"][number]) => boolean,
  what: string,
): string | undefined {
  const found = blocklists.filter(fits);
  const [first] = found;
  if (first === undefined) return undefined;
  const more =
    found.length === 1
      ? ""
      : `; so with ${found
          .slice(1)
          .map(({ name }) => name)
          .join(", ")}`;
  return `the blocklist ${first.name} ${what}${because(first.reason)}${more}`;
}

function accepts({ policy, roles }: HealthFacts["status"], port: number): boolean {
  return roles.includes("exit") && policy.acceptedPorts.some(({ first, last }) => first <= port && port <= last);
}

function acceptsAll({ policy, roles }: HealthFacts["status"]): boolean {
  let next = 1;
  for (const { first, last } of policy.acceptedPorts.toSorted((a, b) => a.first - b.first)) {
    if (first <= next) next = Math.max(next, last + 1);
  }
  return roles.includes("exit") && next > LAST_PORT;
}

function volumeShare({ traffic: { month, monthlyCapBytes } }: HealthFacts["status"]): number {
  return monthlyCapBytes === undefined ? 0 : (month.received + month.sent) / monthlyCapBytes;
}

function volume(status: HealthFacts["status"], from: number, below: number, so: string): string | undefined {
  const share = volumeShare(status);
  return share >= from && share < below
    ? `${Math.floor(share * 100)} % of this month's volume is used, and ${so}`
    : undefined;
}

/** What the operator should look at, what stops the node first, and notes last. Pure. */
export function healthWarnings(facts: HealthFacts): readonly HealthWarning[] {
  const warnings: HealthWarning[] = [];
  for (const [code, { level, remedy, find }] of Object.entries(HEALTH_TABLE)) {
    const message = find(facts);
    if (message !== undefined) warnings.push({ code, level, message, remedy });
  }
  return warnings.toSorted((a, b) => Number(a.level === "note") - Number(b.level === "note"));
}
