/** What the notice says of a node. */
export interface NoticeFacts {
  readonly roles: readonly string[];
  /** How to reach the operator, in the operator's words. */
  readonly contact?: string | undefined;
}

/** Where each role leaves whoever met this address in a log. */
const MEANINGS: Readonly<Record<string, string>> = {
  exit: "Exit: requests that come from this address were made by other people, through this node. Its operator neither made them nor chose them.",
  relay: "Relay: it passes encrypted connections on to other nodes, and cannot read them.",
  bootstrap: "Bootstrap: it tells nodes of one another, and carries nobody's traffic.",
};

const TITLE = "This is a Byway node";
const WHAT =
  "This address belongs to a node of Byway, a network in which people send their requests through one another. There is no web site here, and nothing to log in to.";

/** The notice as plain text. */
export function noticeText(facts: NoticeFacts): string {
  return `${[TITLE, ...paragraphs(facts)].join("\n\n")}\n`;
}

/** The notice as a page that fetches nothing and leads nowhere. */
export function noticeHtml(facts: NoticeFacts): string {
  const body = paragraphs(facts).map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="robots" content="noindex"><title>${TITLE}</title></head>
<body>
<h1>${TITLE}</h1>
${body.join("\n")}
</body>
</html>
`;
}

function paragraphs({ roles, contact }: NoticeFacts): readonly string[] {
  const shown = contact?.replace(/\p{C}/gu, "").trim() ?? "";
  return [
    WHAT,
    ...roles.flatMap((role) => MEANINGS[role] ?? []),
    shown === ""
      ? "The operator has left no address here. The provider of this IP address can pass a message on; RDAP names it."
      : `To reach the operator: ${shown}`,
  ];
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
