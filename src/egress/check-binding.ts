import { createSocket } from "node:dgram";
import { isIPv4 } from "node:net";
import { BywayError, systemCode } from "../core/errors.ts";

/** Settles when this machine can send from each of `addresses`; throws ERR_CONFIG_VALUE that names the one it cannot. */
export async function checkBinding(addresses: readonly string[]): Promise<void> {
  for (const address of addresses) {
    const socket = createSocket(isIPv4(address) ? "udp4" : "udp6");
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("error", reject);
        socket.bind(0, address, resolve);
      });
    } catch (cause) {
      const reason = `this machine cannot send from ${address} (${systemCode(cause)})`;
      throw new BywayError("ERR_CONFIG_VALUE", `${reason}; bind-egress takes its own addresses`, { cause });
    } finally {
      socket.close();
    }
  }
}
