import { visibleText } from "../core/plain-text.ts";
import { PROTOCOL_VERSION } from "../core/version.ts";

/** What the notice says of a node. */
export interface NoticeFacts {
  readonly roles: readonly string[];
  /** How to reach the operator, in the operator's words. */
  readonly contact?: string | undefined;
  /** Name and version, such as `byway/0.1.0`. */
  readonly software?: string | undefined;
  readonly peerId?: string | undefined;
  /** The rules of the exit's policy, in their order. */
  readonly policy?: readonly string[] | undefined;
  /** What the exit writes down: records that are kept for so many days, or nothing; absent where that is not known. */
  readonly log?: { readonly days: number } | "none" | undefined;
}

interface Section {
  readonly title: string;
  readonly paragraphs: readonly string[];
  readonly items?: readonly string[];
}

const TITLE = "This is a Byway node";
const WHAT =
  "This address belongs to a node of Byway, a network in which people send their requests through one another's machines. There is no web site here and no log-in.";

/** Where each role leaves whoever met this address in a log. */
const MEANINGS: Readonly<Record<string, string>> = {
  exit: "Exit: other people made the requests that come from this address, and sent them through this node. The operator did not make or choose them.",
  relay: "Relay: it passes encrypted connections on to other nodes. It cannot read them.",
  bootstrap: "Bootstrap: it helps nodes to find each other. It carries no traffic.",
};

const INCLUDE = [
  "the date, the time to the second and the time zone",
  "the address and port to which the connection went",
  "the port from which this address connected, if your log has it",
  "what happened, with the log lines that show it",
];

/** The most rules that are shown; whoever wants to know more asks the operator. */
const SHOWN_RULES = 100;

/** The notice as plain text. */
export function noticeText(facts: NoticeFacts): string {
  const blocks = sections(facts).flatMap(({ title, paragraphs, items = [] }) => [
    title.toUpperCase(),
    ...paragraphs,
    ...(items.length === 0 ? [] : [items.map((item) => `  - ${item}`).join("\n")]),
  ]);
  return `${[TITLE, WHAT, ...blocks].join("\n\n")}\n`;
}

/** The notice as a page that fetches nothing and leads nowhere. */
export function noticeHtml(facts: NoticeFacts): string {
  const blocks = sections(facts).flatMap(({ title, paragraphs, items = [] }) => [
    `<h2>${escapeHtml(title)}</h2>`,
    ...paragraphs.map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`),
    ...(items.length === 0 ? [] : ["<ul>", ...items.map((item) => `<li>${escapeHtml(item)}</li>`), "</ul>"]),
  ]);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>${TITLE}</title>
</head>
<body>
<h1>${TITLE}</h1>
<p>${WHAT}</p>
${blocks.join("\n")}
</body>
</html>
`;
}

/** The operator's contact without what is not for the eye; "" when there is none. */
export function shownContact(contact: string | undefined): string {
  return visibleText(contact ?? "").trim();
}

function sections(facts: NoticeFacts): readonly Section[] {
  const { roles, policy, software, peerId } = facts;
  const isExit = roles.includes("exit");
  return [
    { title: "What it does", paragraphs: roles.flatMap((role) => MEANINGS[role] ?? []) },
    ...(isExit ? [whatItCanTell(facts)] : []),
    howToReport(facts),
    ...(isExit && policy !== undefined ? [policySection(policy)] : []),
    ...(software === undefined && peerId === undefined ? [] : [aboutSection(software, peerId)]),
  ];
}

function whatItCanTell({ log }: NoticeFacts): Section {
  const kept =
    log === undefined
      ? []
      : log === "none"
        ? ["It keeps no log of what it forwards."]
        : [
            `For ${log.days} days it keeps a log: when a connection was made, to which address and port, how many bytes went each way and how it ended. The person who asked appears there only as a salted number.`,
          ];
  return {
    title: "What is known about a request",
    paragraphs: [
      "The node sees who connects to it: the person who asked, or another node. It does not keep what it forwards, and it cannot read what is encrypted.",
      ...kept,
      "Nothing on this machine names the people who asked.",
    ],
  };
}

function howToReport({ roles, contact }: NoticeFacts): Section {
  const shown = shownContact(contact);
  const reach =
    shown === ""
      ? "The operator has left no address here. The provider of this IP address can pass a message on. RDAP names the provider."
      : `To reach the operator: ${shown}`;
  if (!roles.includes("exit")) return { title: "How to report abuse", paragraphs: [reach] };
  return {
    title: "How to report abuse",
    paragraphs: [
      reach,
      "The operator can block an address, a network or a port that is yours. Please tell us which, and write:",
    ],
    items: INCLUDE,
  };
}

function policySection(policy: readonly string[]): Section {
  const more = policy.length - SHOWN_RULES;
  return {
    title: "What it connects to",
    paragraphs: [
      "The first rule that matches decides. If no rule accepts a target, it is refused. Private networks are always refused.",
    ],
    items: [...policy.slice(0, SHOWN_RULES), ...(more > 0 ? [`and ${more} more`] : [])],
  };
}

function aboutSection(software: string | undefined, peerId: string | undefined): Section {
  return {
    title: "About",
    paragraphs: [
      ...(software === undefined
        ? []
        : [`Software: ${software}. It speaks version ${PROTOCOL_VERSION} of the Byway protocol.`]),
      ...(peerId === undefined ? [] : [`Node: ${peerId}`]),
    ],
  };
}

function escapeHtml(text: string): string {
  return visibleText(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
