import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import type { ByteBudget } from "../../src/flow/byte-budget.ts";
import { ProxyServer, type ProxyServerOptions } from "../../src/ingress/proxy-server.ts";
import { DirectOpener } from "./direct-opener.ts";
import { roomyBudget } from "./roomy-budget.ts";

/** A proxy on a free port of 127.0.0.1 whose streams go straight to the target, on a clock that stands still. */
export interface ProxyFixture extends AsyncDisposable {
  readonly proxy: ProxyServer;
  readonly opener: DirectOpener;
  readonly clock: FakeClock;
  readonly address: HostPort;
}

export async function startProxy(
  options: Partial<ProxyServerOptions> = {},
  budget: ByteBudget = roomyBudget(),
): Promise<ProxyFixture> {
  const opener = new DirectOpener();
  const clock = new FakeClock();
  const listen = { host: "127.0.0.1", port: 0 };
  const proxy = new ProxyServer({ opener, clock, budget, logger: silentLogger }, { listen, ...options });
  const address = await proxy.start();
  return { proxy, opener, clock, address, [Symbol.asyncDispose]: () => proxy.stop() };
}

/** A server that ends with its scope. */
export interface TargetFixture extends AsyncDisposable {
  readonly address: HostPort;
  /** `host:port`. */
  readonly authority: string;
}

export async function startTcpTarget(onConnection: (socket: net.Socket) => void): Promise<TargetFixture> {
  return listen(net.createServer({ allowHalfOpen: true, noDelay: true }, onConnection));
}

export async function startHttpTarget(onRequest: http.RequestListener): Promise<TargetFixture> {
  return listen(http.createServer(onRequest));
}

/** Makes a server that listens on nothing yet a target. */
export async function listen(server: net.Server): Promise<TargetFixture> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: "127.0.0.1", port },
    authority: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Waits until `holds` does, looking after each turn of the event loop; gives up after ten seconds. */
export async function until(holds: () => boolean): Promise<void> {
  const startMs = performance.now();
  while (!holds()) {
    if (performance.now() - startMs > 10_000) throw new Error(`still not: ${holds}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
