import { type ControlComponents, controlAnswer } from "../../api/control-pages.ts";
import { ControlServer } from "../../api/control-server.ts";
import { BywayError } from "../../core/errors.ts";
import type { Part } from "../../core/parts.ts";
import type { ClientBase } from "./client-base.ts";

/** The socket at which a client's owner asks it, and the lock of its data directory. */
export interface ClientControl extends Part {
  /** Answers with `pages` from now on; before, and with none, it says that the client is starting or stopping. */
  serve(pages: ControlComponents | undefined): void;
}

/** Listens. To be opened first of all, so that two clients never write to one directory. Throws ERR_CONTROL. */
export async function openControl({ logger }: ClientBase, path: string | undefined): Promise<ClientControl> {
  let pages: ControlComponents | undefined;
  const answer = (method: string, target: string): ReturnType<typeof controlAnswer> => {
    if (pages === undefined) throw new BywayError("ERR_CONTROL", "the client is starting or stopping");
    return controlAnswer(pages, method, target);
  };
  const server = path === undefined ? undefined : new ControlServer({ logger, answer }, { path });
  try {
    await server?.start();
  } catch (error) {
    await server?.stop();
    throw error;
  }
  return {
    serve: (answering) => {
      pages = answering;
    },
    stop: () => server?.stop(),
  };
}
