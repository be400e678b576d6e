import { BywayError } from "../../core/errors.ts";

/** Which records of streams are meant: a host, at one port or at all. */
export type LogTarget = (record: Readonly<Record<string, unknown>>) => boolean;

const WITH_PORT = /^(?<host>\[[^\]]*\]|[^:]*):(?<port>\d{1,5})$/;

/**
 * Reads `HOST` or `HOST:PORT`; an IPv6 address in brackets where a port follows. It matches what was asked for as well as
 * the address that was dialled. Throws ERR_USAGE_ARGUMENT.
 */
export function parseLogTarget(text: string): LogTarget {
  const { host: named = text, port } = WITH_PORT.exec(text)?.groups ?? {};
  const host = named
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
  if (host === "" || /[\s/@]/.test(host)) {
    throw new BywayError("ERR_USAGE_ARGUMENT", `${JSON.stringify(text)} is no HOST or HOST:PORT`);
  }
  return ({ target, address }) => {
    if (typeof target !== "string") return false;
    const { host: asked = "", port: askedPort } = WITH_PORT.exec(target)?.groups ?? {};
    if (port !== undefined && port !== askedPort) return false;
    return asked.replace(/^\[|\]$/g, "").toLowerCase() === host || address === host;
  };
}
