import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";

/**
 * Writes `content` to `path` so that a reader sees the old file or the new one, never half of one, whoever else writes it.
 * Throws Node's system errors; the old file stays then.
 */
export async function replaceFile(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  // A name of its own: two writers may be given one file, and neither may move what the other is still writing.
  const fresh = `${path}.${randomBytes(8).toString("hex")}.new`;
  try {
    const file = await open(fresh, "wx", mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
  } catch (cause) {
    await rm(fresh, { force: true }).catch(() => {});
    throw cause;
  }
}
