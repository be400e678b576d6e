import { systemClock } from "../core/clock.ts";
import { tuneGarbageCollection } from "../core/tune-garbage-collection.ts";
import { serveWorker } from "../workers/serve-worker.ts";
import { createLinkEnd, type LinkEndOptions } from "./link-end.ts";

// The entry of a worker process, which `createNode` forks. It ends with the node that started it.

tuneGarbageCollection(systemClock);
serveWorker(
  { channel: process, clock: systemClock },
  (options, { logger, load }) => createLinkEnd({ clock: systemClock, logger, load }, options as LinkEndOptions),
  (code) => process.exit(code),
);
