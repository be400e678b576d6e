import type { FormData as OwnFormData, Request as OwnRequest, RequestInfo, RequestInit } from "undici";

type Undici = Pick<typeof import("undici"), "FormData" | "Request">;

/** What may be fetched: as undici has it, or a request of Node's own. */
export type FetchInput = RequestInfo | Request;

/** How: as undici has it, also with form data of Node's own, but without a choice of dispatcher. */
export interface FetchInit extends Omit<RequestInit, "dispatcher" | "body"> {
  readonly body?: RequestInit["body"] | FormData;
}

/**
 * A request of Node's own as one of undici's. Their classes differ, and undici would take Node's for the text
 * "[object Request]". Its body is streamed.
 */
export function ownRequest({ Request: Own }: Undici, input: FetchInput): RequestInfo {
  if (!(input instanceof Request) || input instanceof Own) return input as RequestInfo;
  const { url, method, headers, body, signal, redirect, cache, credentials, integrity, keepalive } = input;
  const init = { method, signal, redirect, cache, credentials, integrity, keepalive, headers: [...headers] };
  return new Own(url, (body === null ? init : { ...init, body, duplex: "half" }) as RequestInit) satisfies OwnRequest;
}

/** Form data of Node's own as undici's, which would send the text "[object FormData]". */
export function ownBody({ FormData: Own }: Undici, body: FetchInit["body"]): RequestInit["body"] {
  if (!(body instanceof FormData) || body instanceof Own) return body as RequestInit["body"];
  const own: OwnFormData = new Own();
  for (const [name, value] of body as FormData) own.append(name, value);
  return own;
}
