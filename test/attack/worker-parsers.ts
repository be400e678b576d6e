import { BywayError } from "../../src/core/errors.ts";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { answerWorker, type HopQuestion } from "../../src/node/ask-node.ts";
import type { LinkServiceOptions } from "../../src/node/link-service-options.ts";
import type { LinkWorker } from "../../src/node/worker-links.ts";
import type { WorkerEvents } from "../../src/workers/fork-worker.ts";
import { WorkerProcess } from "../../src/workers/worker-process.ts";
import { ENVELOPE, SIGNER } from "../support/advertisement-samples.ts";
import type { Parser } from "../support/fuzz-parser.ts";

const { signal } = new AbortController();

/** A node that knows no hop; it answers all that a worker asks. */
async function askWith(asked: unknown): Promise<void> {
  let events: WorkerEvents<LinkWorker> | undefined;
  const sent: { kind: string; question?: number }[] = [];
  const fork = (_: number, given: WorkerEvents<LinkWorker>) => {
    events = given;
    return { send: (message: unknown) => void sent.push(message as (typeof sent)[number]), kill: () => {} };
  };
  const locate = ({ peerId }: { readonly peerId: string }): never => {
    throw new BywayError("ERR_HOP_UNKNOWN", `${peerId} is not known`);
  };
  const answers = { locateHop: answerWorker(async (hop) => locate(hop), signal) };
  new WorkerProcess<LinkWorker>(
    { clock: new FakeClock(), logger: silentLogger, fork, answers },
    1,
    {} as LinkServiceOptions,
  );
  events?.onMessage({ kind: "ask", question: 7, name: "locateHop", asked: asked as HopQuestion });
  await new Promise((resolve) => setImmediate(resolve));
  if (!sent.some(({ kind, question }) => kind === "answer" && question === 7)) throw new Error("nothing was answered");
}

/** What a node takes from its workers, which strangers speak to: it answers whatever is asked, and throws nothing. */
export const WORKER_PARSERS: readonly Parser[] = [
  {
    name: "question of a worker",
    samples: [
      Buffer.from(
        JSON.stringify({
          peerId: SIGNER.peerId,
          askerAddress: "192.0.2.1",
          shown: Buffer.from(ENVELOPE).toString("base64url"),
        }),
      ),
      Buffer.from('{"peerId":"x","askerAddress":null,"shown":5}'),
      Buffer.from("[null]"),
    ],
    share: 0.3,
    read: async (bytes) => {
      let asked: unknown = bytes.toString();
      try {
        asked = JSON.parse(String(asked));
      } catch {
        // A text is asked as well.
      }
      await askWith(asked);
    },
  },
];
