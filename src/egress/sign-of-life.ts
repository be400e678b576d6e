import { Resolver } from "node:dns/promises";
import type { Clock } from "../core/clock.ts";
import { systemCode } from "../core/errors.ts";
import { EGRESS_LIMITS } from "./limits.ts";

/** Whether the name server `server` (`ip:port`) gives a sign of life. Never rejects. */
export type SignOfLife = (server: string) => Promise<boolean>;

/**
 * Asks a name server for the servers of the root. It knows them whatever happens to other names: those who own a name can
 * have it answered to one server and not to another, and so make any server look silent. An abort ends
 * the asking.
 */
export async function signOfLife(clock: Clock, server: string, signal: AbortSignal): Promise<boolean> {
  const { signOfLifeMs } = EGRESS_LIMITS;
  const dns = new Resolver({ timeout: signOfLifeMs.value, tries: 1 });
  const cancel = (): void => dns.cancel();
  using _limit = clock.after(signOfLifeMs.value, cancel);
  using stack = new DisposableStack();
  signal.addEventListener("abort", cancel, { once: true });
  stack.defer(() => signal.removeEventListener("abort", cancel));
  try {
    dns.setServers([server]);
    await dns.resolveNs(".");
    return true;
  } catch (error) {
    return ["ENOTFOUND", "ENODATA"].includes(systemCode(error));
  }
}
