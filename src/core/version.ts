import { readFileSync } from "node:fs";

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

/** The version of this package. */
export const VERSION: string = manifest.version;

/** The version of the protocol that this package speaks (docs/protocol.md). */
export const PROTOCOL_VERSION = 1;
