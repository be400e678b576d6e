import { existsSync } from "node:fs";
import { BywayError } from "../../core/errors.ts";
import type { HostPort } from "../../core/network-address.ts";
import type { Part } from "../../core/parts.ts";
import { checkBinding } from "../../egress/check-binding.ts";
import { createCertificate } from "../../identity/certificate.ts";
import { TcpTransport } from "../../link/tcp-transport.ts";
import { STARTING_ORDERS } from "../../operation/serving-orders.ts";
import { forkWorker } from "../../workers/fork-worker.ts";
import { OverlayBackchannel } from "../../workers/overlay-backchannel.ts";
import { answerWorker } from "../ask-node.ts";
import { type LinkService, openLinkService } from "../link-service.ts";
import type { LinkServiceOptions } from "../link-service-options.ts";
import { type NodeOptions, nodeSettings } from "../node-options.ts";
import { NodeOrders } from "../node-orders.ts";
import { WorkerLinks } from "../worker-links.ts";
import type { DirectoryDoor } from "./directory-door.ts";
import type { NodeBase } from "./node-base.ts";

/** A node's links, at its port. */
export interface NodeLinks extends Part {
  /** Serves them, in this process or in workers. */
  readonly service: LinkService;
  /** What it obeys. */
  readonly orders: NodeOrders;
  /** Where they are taken. */
  readonly address: HostPort;
  /** Where others reach that. */
  readonly endpoint: HostPort;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Listens; links are served from `start` on where workers do it. Throws ERR_LISTEN_*, ERR_CONFIG_VALUE and ERR_WORKER. */
export async function openLinks(base: NodeBase, door: DirectoryDoor, options: NodeOptions): Promise<NodeLinks> {
  const { identity, clock, random, logger, budget } = base;
  const { workers = 1 } = options;
  const { acceptOverlay, locateHop } = door;
  const certificate = await createCertificate(identity, clock, random);
  const listeners: HostPort[] = [];
  const serviceOptions: LinkServiceOptions = {
    settings: nodeSettings(options),
    peerId: identity.peerId,
    certificate,
    listeners,
    budgetBytes: Math.floor(budget.bytes / workers),
  };
  const stopping = new AbortController();
  const answers = { locateHop: answerWorker(locateHop, stopping.signal) };
  const pool =
    workers === 1
      ? undefined
      : new WorkerLinks({ clock, logger, fork: forkWorker(workerFile()), answers }, { workers });
  await checkBinding(options.bindEgress ?? []);
  const service = pool ?? (await openLinkService({ clock, logger, budget, acceptOverlay, locateHop }, serviceOptions));
  const orders = new NodeOrders(service);
  orders.obey(STARTING_ORDERS);
  const backchannel =
    pool === undefined || acceptOverlay === undefined ? undefined : new OverlayBackchannel({ clock }, acceptOverlay);
  await using made = new AsyncDisposableStack();
  made.defer(() => service.stop());
  const transport = new TcpTransport({ clock }, { paused: pool !== undefined });
  const listener = await transport.listen(options.listen, (raw) => service.accept(raw));
  const endpoint = options.advertise ?? listener.address;
  listeners.push(listener.address, endpoint, ...(options.noticeListen === undefined ? [] : [options.noticeListen]));
  made.move();
  return {
    service,
    orders,
    address: listener.address,
    endpoint,
    async start() {
      const backchannelPath = await backchannel?.start();
      await pool?.start({ ...serviceOptions, backchannelPath });
    },
    async stop() {
      stopping.abort();
      await Promise.all([listener.close(), service.stop(), backchannel?.stop()]);
    },
  };
}

/** The program of worker processes, which a bundle does not have beside it. Throws ERR_WORKER where it is missing. */
function workerFile(): URL {
  const here: string | undefined = import.meta.url;
  // Tools that compile change the endings of imports, and this is none.
  const file = here === undefined ? undefined : new URL(here.endsWith(".ts") ? "../worker.ts" : "../worker.js", here);
  if (file !== undefined && existsSync(file)) return file;
  throw new BywayError("ERR_WORKER", "the program of worker processes is missing, as in a bundle");
}
