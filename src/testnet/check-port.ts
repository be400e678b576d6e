import { createServer } from "node:net";
import { listenError } from "../core/listen-error.ts";
import type { HostPort } from "../core/network-address.ts";

/** Listens on `listen` for a moment. Throws ERR_LISTEN_IN_USE, ERR_LISTEN_ADDRESS or ERR_LISTEN_PERMISSION if that is impossible. */
export function checkPort(listen: HostPort): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (cause) => reject(listenError(cause, listen)));
    server.listen(listen.port, listen.host, () => server.close(() => resolve()));
  });
}
