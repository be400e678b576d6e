import { connect, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";
import type { HostPort } from "../../src/core/network-address.ts";

/** A server on a free loopback port whose connections go to `accept`, and a way to open them. */
export async function serveTcp(
  t: TestContext,
  accept: (socket: Socket) => void,
): Promise<{ readonly address: HostPort; open(): Socket }> {
  const opened = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, accept);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  const address = { host: "127.0.0.1", port: typeof bound === "object" ? (bound?.port ?? 0) : 0 };
  t.after(() => {
    for (const socket of opened) socket.destroy();
    server.close();
  });
  return {
    address,
    open() {
      const socket = connect(address).on("error", () => {});
      opened.add(socket);
      return socket;
    },
  };
}
