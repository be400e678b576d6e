import { type RawHeaders, valuesOf } from "../http1/fields.ts";

/** Schemes that log a connection in, and not a request (RFC 4559 §6, MS-NTHT §1.3). */
const SCHEME = /(?:^|,)[ \t]*(?:ntlm|negotiate)(?=$|[ \t,])/i;

/** Whether a request logs its connection in. From then on that is the app's: its next requests to the target must leave on it. */
export function logsConnectionIn(request: RawHeaders): boolean {
  return valuesOf(request, "authorization").some((value) => SCHEME.test(value));
}

/** Whether an answer offers such a log-in. The app has not asked for anything yet: a target may offer it to everybody. */
export function offersConnectionLogin(status: number, answer: RawHeaders): boolean {
  return status === 401 && valuesOf(answer, "www-authenticate").some((value) => SCHEME.test(value));
}
