import { isIPv4 } from "node:net";

/** Whether nobody but this machine reaches `host`: `localhost`, `::1` or an address of 127.0.0.0/8, without brackets. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}
