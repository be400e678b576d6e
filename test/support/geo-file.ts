import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { GeoFile, GeoKind } from "../../src/geo/geo-file.ts";
import { type OpenedGeoFile, openGeoFile } from "../../src/geo/open-geo-file.ts";
import { temporaryDirectory } from "./run-byway.ts";

/** Writes `content` to a file of its own, removed after the test. */
export function geoPath(test: TestContext, name: string, content: string | Uint8Array): string {
  const path = join(temporaryDirectory(test), name);
  writeFileSync(path, content);
  return path;
}

/** Opens `content` as a file of ranges; it is closed after the test. */
export function openRanges(test: TestContext, content: string | Uint8Array, kind?: GeoKind): GeoFile {
  const opened: OpenedGeoFile = openGeoFile(geoPath(test, "data", content), kind);
  if (opened.type !== "ranges") throw new Error("the file was taken for a list");
  test.after(() => opened.file.close());
  return opened.file;
}
