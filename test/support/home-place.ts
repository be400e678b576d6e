import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer } from "node:net";
import { startDnsServer } from "./dns-server.ts";
import { CAMERA, HOME, INTERNET, INTERNET_V6, NAT64, PEERS, WAN } from "./home-network.ts";
import { startTestPeer } from "./overlays.ts";

/*
 * The programs of a home network, `router` and `internet`. Each prints what it has to say as JSON, one a line, first
 * `{"ready":…}`, and then a line for each time that somebody reaches a place which an exit keeps closed.
 */
const tell = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

async function serveWeb(host: string, page: string, isClosed = false): Promise<void> {
  const server = createHttpServer((request, response) => {
    if (request.url === "/to-router") response.writeHead(302, { location: `http://${WAN}/` });
    response.end(`${page}\n`);
  });
  if (isClosed) server.on("connection", () => tell({ reached: page }));
  await once(server.listen({ host, port: 80 }), "listening");
}

async function serveUdp(host: string, page: string, isClosed = false): Promise<void> {
  const socket = createSocket("udp4").bind(5353, host);
  socket.on("message", (_, { port, address }) => {
    if (isClosed) tell({ reached: page });
    socket.send(page, port, address);
  });
  await once(socket, "listening");
}

/** The router's own page, another device of the home, and the port that the router forwards to the exit. */
async function serveRouter(): Promise<void> {
  await serveWeb(WAN, "router", true);
  await serveWeb(CAMERA, "camera", true);
  await serveUdp(WAN, "router by UDP", true);
  const forwarding = createServer((socket) => {
    const inner = connect({ host: HOME, port: 4433 }).on("error", () => socket.destroy());
    socket.on("error", () => inner.destroy()).on("close", () => inner.destroy());
    inner.on("close", () => socket.destroy());
    socket.pipe(inner).pipe(socket);
  });
  await once(forwarding.listen({ host: "0.0.0.0", port: 4433 }), "listening");
  tell({ ready: true });
}

/**
 * Names as a translating resolver tells them, web sites, and two peers to which everybody seems to come from the router. The
 * peers take nobody before something comes on standard input.
 */
async function serveInternet(): Promise<void> {
  const names: Readonly<Record<string, readonly string[]>> = {
    "ipv4only.arpa": ["192.0.0.170", `${NAT64}192.0.0.170`],
    "good.example": [INTERNET, `${NAT64}${INTERNET}`],
    "rebound.example": [`${NAT64}192.168.1.1`],
    "router.example": [WAN],
    "translated-router.example": [WAN, `${NAT64}${WAN}`],
    "camera.example": [CAMERA],
  };
  const records = Object.entries(names).flatMap(([name, addresses]) =>
    addresses.map((data) => ({ name, type: data.includes(":") ? ("AAAA" as const) : ("A" as const), data })),
  );
  await startDnsServer(records, {}, { host: INTERNET, port: 53 });
  await serveWeb(INTERNET, "site");
  await serveWeb(INTERNET_V6, "site");
  await serveWeb(`${NAT64}${INTERNET}`, "site");
  await serveWeb(`${NAT64}192.168.1.1`, "translated home", true);
  await serveWeb(`${NAT64}${WAN}`, "translated router", true);
  await serveUdp(INTERNET, "site by UDP");
  let isOpen = false;
  process.stdin.once("data", () => (isOpen = true));
  const seesOthersAt = (): string | undefined => (isOpen ? WAN : undefined);
  const peers = await Promise.all(PEERS.map((host) => startTestPeer({ host, localNetwork: false, seesOthersAt })));
  tell({ ready: peers.map(({ address }) => address) });
}

await (process.argv[2] === "router" ? serveRouter() : serveInternet());
