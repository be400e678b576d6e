import { systemClock } from "../core/clock.ts";
import { DescriptorWatch } from "../core/descriptors.ts";
import { tuneGarbageCollection } from "../core/tune-garbage-collection.ts";
import { serveWorker } from "../workers/serve-worker.ts";
import { askNode } from "./ask-node.ts";
import { openLinkService } from "./link-service.ts";
import type { LinkWorker } from "./worker-links.ts";

// The entry of a worker process, which `createNode` forks. It ends with the node that started it.

tuneGarbageCollection(systemClock);
serveWorker<LinkWorker>(
  { channel: process, clock: systemClock },
  async (options, { logger, load, worker, ask }) => {
    const descriptors = new DescriptorWatch({ clock: systemClock, logger });
    descriptors.start();
    const service = await openLinkService(
      {
        clock: systemClock,
        logger,
        load,
        processNumber: worker,
        locateHop: askNode((asked) => ask("locateHop", asked)),
      },
      options,
    );
    return {
      accept: (raw) => service.accept(raw),
      idleSinceMs: (raw) => service.idleSinceMs(raw),
      giveWay: (raw) => service.giveWay(raw),
      get report() {
        return descriptors.wasOut ? { ...service.report, wasOutOfDescriptors: true } : service.report;
      },
      obey: (orders) => service.obey(orders),
      answers: { reload: () => service.reload() },
      stop: async () => {
        await Promise.all([descriptors.stop(), service.stop()]);
      },
    };
  },
  (code) => process.exit(code),
);
