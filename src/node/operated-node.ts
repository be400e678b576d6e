import { answerWith } from "../api/answer-page.ts";
import { ControlServer } from "../api/control-server.ts";
import { MetricsServer } from "../api/metrics-server.ts";
import { NODE_PAGES } from "../api/node-pages.ts";
import { BywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { HostPort } from "../core/network-address.ts";
import type { NodeOperations } from "../operation/node-status.ts";
import type { BywayNode } from "./node.ts";

/** A node whose operator can ask it and steer it from this machine. */
export interface OperatedNode {
  readonly node: BywayNode;
  /** Where its figures are served. */
  readonly metrics: HostPort | undefined;
  /** Ends the node and all that answers its operator. Idempotent. */
  stop(): Promise<void>;
}

/** Where the operator finds the node. */
export interface OperatedNodeOptions {
  /** As `controlPath` gives it for a node. */
  readonly controlPath: string;
  /** Where figures are served; not at all when absent. */
  readonly metrics?: HostPort | undefined;
}

/**
 * Makes a node that answers its operator. The data directory is claimed before `create` runs, and given back when the
 * node has stopped. Throws ERR_CONTROL where another node runs with the directory, ERR_CONFIG_EXPOSED, ERR_LISTEN_*, and
 * what `create` throws.
 */
export async function createOperatedNode(
  components: { readonly logger: Logger; readonly create: () => Promise<BywayNode> },
  options: OperatedNodeOptions,
): Promise<OperatedNode> {
  const { logger, create } = components;
  let operations: NodeOperations | undefined;
  await using made = new AsyncDisposableStack();
  const control = new ControlServer(
    {
      logger,
      answer: answerWith(NODE_PAGES, () => {
        if (operations === undefined) throw new BywayError("ERR_CONTROL", "the node is still starting");
        return operations;
      }),
    },
    { path: options.controlPath, name: "node" },
  );
  made.defer(() => control.stop());
  await control.start();
  const node = await create();
  made.defer(() => node.stop());
  operations = node.operations;
  const { metrics: listen } = options;
  const server = listen && new MetricsServer({ logger, status: () => node.operations.status() }, { listen });
  made.defer(() => server?.stop());
  const metrics = await server?.start();
  const owned = made.move();
  let stopped: Promise<void> | undefined;
  return {
    node,
    metrics,
    stop() {
      stopped ??= owned.disposeAsync();
      return stopped;
    },
  };
}
