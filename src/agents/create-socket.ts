import { askedConstraints } from "../client/asked-constraints.ts";
import type { BywayClient } from "../client/client.ts";
import { StreamSocket } from "../client/stream-socket.ts";
import { systemClock } from "../core/clock.ts";
import { toBywayError } from "../core/errors.ts";
import type { Constraints } from "../routing/constraints.ts";

/**
 * A socket that is not connected yet, for programs that call `connect(port, host)` on what they are given, as database drivers
 * do. What is written before it is connected waits. Throws ERR_PARAMETER_* and ERR_USAGE_ARGUMENT.
 */
export function createSocket(client: Pick<BywayClient, "connect">, constraints?: Constraints | string): StreamSocket {
  const asked = askedConstraints(constraints);
  return new StreamSocket(
    { clock: systemClock },
    {
      open: async (target, signal) => {
        const { stream } = await client.connect(target, asked, signal);
        return {
          stream,
          target,
          failure: () => (stream.errored === null ? undefined : toBywayError(stream.errored)),
        };
      },
    },
  );
}
