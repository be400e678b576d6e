import { BywayError, systemCode } from "./errors.ts";
import { formatHostPort, type HostPort } from "./network-address.ts";

/** What the failure to listen on an address means for who asked for it. */
export function listenError(cause: Error, listen: HostPort): BywayError {
  const where = formatHostPort(listen);
  const data = { listen: where };
  switch (systemCode(cause)) {
    case "EADDRINUSE":
      return new BywayError("ERR_LISTEN_IN_USE", `another program listens on ${where}`, { data, cause });
    case "EACCES":
    case "EPERM":
      return new BywayError("ERR_LISTEN_PERMISSION", `this user may not listen on ${where}`, { data, cause });
    default:
      return new BywayError("ERR_LISTEN_ADDRESS", `it is not possible to listen on ${where}`, { data, cause });
  }
}
