import { systemClock } from "../core/clock.ts";
import { DescriptorWatch } from "../core/descriptors.ts";
import { tuneGarbageCollection } from "../core/tune-garbage-collection.ts";
import type { ServingOrders } from "../operation/serving-orders.ts";
import { serveWorker } from "../workers/serve-worker.ts";
import { askNode } from "./ask-node.ts";
import { openLinkEnd } from "./link-end.ts";
import type { LinkEndOptions } from "./link-end-options.ts";

// The entry of a worker process, which `createNode` forks. It ends with the node that started it.

tuneGarbageCollection(systemClock);
serveWorker(
  { channel: process, clock: systemClock },
  async (options, { logger, load, worker, ask }) => {
    const descriptors = new DescriptorWatch({ clock: systemClock, logger });
    descriptors.start();
    const end = await openLinkEnd(
      { clock: systemClock, logger, load, end: worker, locateHop: askNode(ask) },
      options as LinkEndOptions,
    );
    return {
      accept: (raw) => end.accept(raw),
      idleSinceMs: (raw) => end.idleSinceMs(raw),
      giveWay: (raw) => end.giveWay(raw),
      get report() {
        return descriptors.wasOut ? { ...end.report, wasOutOfDescriptors: true } : end.report;
      },
      obey: (orders) => end.obey(orders as ServingOrders),
      answer: () => end.reload(),
      stop: async () => {
        await Promise.all([descriptors.stop(), end.stop()]);
      },
    };
  },
  (code) => process.exit(code),
);
