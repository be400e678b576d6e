import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

const TMPFS = "size=3m,mode=0700";

/** A disk of 3 MiB for one test; where none can be mounted the test is skipped, and there is none. */
export function mountSmallDisk(t: TestContext): string | undefined {
  const disk = mkdtempSync(join(tmpdir(), "byway-disk-"));
  let isMounted = false;
  t.after(() => {
    if (isMounted) execFileSync("umount", ["--lazy", disk]);
    rmSync(disk, { recursive: true, force: true });
  });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", TMPFS, "byway-test", disk], { stdio: "pipe" });
  } catch (error) {
    t.skip(`no file system can be mounted here: ${String((error as Error).message).split("\n")[0]}`);
    return undefined;
  }
  isMounted = true;
  return disk;
}

/** Leaves the disk without a free byte; the file gives them back when it is removed. */
export function fill(disk: string): string {
  const path = join(disk, "filler");
  for (let bytes = 1024 * 1024; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    for (;;) {
      try {
        writeFileSync(path, Buffer.alloc(bytes), { flag: "a" });
      } catch {
        break;
      }
    }
  }
  return path;
}
