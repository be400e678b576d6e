import { shownContact } from "./notice-page.ts";

const MAIL = /^([A-Za-z0-9.!#$&'*+/=^_`{|}~-]{1,64})@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)$/;
const PHONE = /^tel:\+?[0-9().-]{3,32}$/;
const VALID_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * The operator's contact as a URI (RFC 9116 §2.5.3): a mail address, `mailto:`, `https:` or `tel:`; undefined for other
 * words, which people read and programs cannot.
 */
function contactUri(contact: string | undefined): string | undefined {
  const shown = shownContact(contact);
  if (PHONE.test(shown)) return shown;
  const mail = MAIL.exec(shown.replace(/^mailto:/i, ""));
  if (mail?.[1] !== undefined) return `mailto:${encodeURIComponent(mail[1])}@${mail[2]}`;
  if (!/^https:\/\/\S+$/i.test(shown) || !URL.canParse(shown)) return undefined;
  const url = new URL(shown);
  return url.username === "" && url.password === "" ? url.href : undefined;
}

/** The document at `/.well-known/security.txt` (RFC 9116); undefined without a contact that is a URI. */
export function securityTxt(contact: string | undefined, nowMs: number): string | undefined {
  const uri = contactUri(contact);
  if (uri === undefined) return undefined;
  const expires = new Date(nowMs + VALID_MS).toISOString().replace(/\.\d+Z$/, "Z");
  return `Contact: ${uri}\nExpires: ${expires}\nPreferred-Languages: en\n`;
}
