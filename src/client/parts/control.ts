import { answerWith } from "../../api/answer-page.ts";
import { CLIENT_PAGES, type ShownClient } from "../../api/client-pages.ts";
import { ControlServer } from "../../api/control-server.ts";
import { BywayError } from "../../core/errors.ts";
import type { Part } from "../../core/parts.ts";
import type { ClientBase } from "./client-base.ts";

/** The socket at which a client's owner asks it, and the lock of its data directory. */
export interface ClientControl extends Part {
  /** Shows `client` from now on; before, and with none, it says that the client is starting or stopping. */
  serve(client: ShownClient | undefined): void;
}

/** Listens. To be opened first of all, so that two clients never write to one directory. Throws ERR_CONTROL. */
export async function openControl({ logger }: ClientBase, path: string | undefined): Promise<ClientControl> {
  let shown: ShownClient | undefined;
  const answer = answerWith(CLIENT_PAGES, () => {
    if (shown === undefined) throw new BywayError("ERR_CONTROL", "the client is starting or stopping");
    return shown;
  });
  const server = path === undefined ? undefined : new ControlServer({ logger, answer }, { path });
  try {
    await server?.start();
  } catch (error) {
    await server?.stop();
    throw error;
  }
  return {
    serve: (client) => {
      shown = client;
    },
    stop: () => server?.stop(),
  };
}
