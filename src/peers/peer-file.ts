import { readFile, stat } from "node:fs/promises";
import { BywayError, systemCode } from "../core/errors.ts";
import { replaceFile } from "../storage/replace-file.ts";
import { PEERS_LIMITS } from "./limits.ts";

/**
 * A peers file: one signed advertisement in base64url a line; blank lines and lines that start with `#` are passed over.
 */
export async function readPeerFile(path: string): Promise<readonly Uint8Array[]> {
  try {
    const { size } = await stat(path);
    if (size > PEERS_LIMITS.peerFileBytes.value) throw new BywayError("ERR_PEER_FILE", `${path} is too large`);
    const lines = (await readFile(path, "utf8")).split("\n").map((line) => line.trim());
    const entries = lines.filter((line) => line !== "" && !line.startsWith("#"));
    if (entries.length === 0) throw new BywayError("ERR_PEER_FILE", `${path} holds no advertisement`);
    return entries.slice(0, PEERS_LIMITS.peerFileEntries.value).map((line, index) => decode(line, path, index));
  } catch (cause) {
    if (cause instanceof BywayError) throw cause;
    throw new BywayError("ERR_PEER_FILE", `cannot read the peers file ${path} (${systemCode(cause)})`, { cause });
  }
}

/**
 * Writes `envelope` as a peers file; a reader sees the old file or the new one, never half of one, whoever else writes it.
 * Throws ERR_DATA_DIRECTORY if it cannot be written; the old file stays.
 */
export async function writePeerFile(path: string, envelope: Uint8Array): Promise<void> {
  try {
    await replaceFile(path, `${Buffer.from(envelope).toString("base64url")}\n`, 0o644);
  } catch (cause) {
    throw new BywayError("ERR_DATA_DIRECTORY", `cannot write the advertisement to ${path} (${systemCode(cause)})`, {
      cause,
    });
  }
}

function decode(line: string, path: string, index: number): Uint8Array {
  if (!/^[\w-]+$/.test(line)) {
    throw new BywayError("ERR_PEER_FILE", `entry ${index + 1} of ${path} is not a signed advertisement`);
  }
  return Buffer.from(line, "base64url");
}
