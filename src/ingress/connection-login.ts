import { type RawHeaders, valuesOf } from "../http1/fields.ts";

/** Schemes that log a connection in, and not a request (RFC 4559 §6, MS-NTHT §1.3). */
const SCHEME = /(?:^|,)[ \t]*(?:ntlm|negotiate)(?=$|[ \t,])/i;

/**
 * Whether an exchange is a part of a log-in that the target binds to the connection. From then on the app's next requests to
 * it must leave on the same connection, and no other app's may.
 */
export function isConnectionLogin(request: RawHeaders, status: number, answer: RawHeaders): boolean {
  if (valuesOf(request, "authorization").some((value) => SCHEME.test(value))) return true;
  return status === 401 && valuesOf(answer, "www-authenticate").some((value) => SCHEME.test(value));
}
