import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { RecordingLogger } from "./recording-logger.ts";

/** A folder for the file of a store, which is opened by hand and perhaps more than once. */
export interface StoreSite<Store, Options> {
  readonly folder: string;
  /** The file; `open` makes it. */
  readonly path: string;
  readonly clock: FakeClock;
  readonly logger: RecordingLogger;
  /** The test closes what it opened, or leaves that to its end. */
  open(options?: Partial<Options>): Store;
  /** Names of files that were moved aside. */
  aside(): readonly string[];
}

/** How a kind of store is opened and closed; `close` may come twice. */
export interface StoreKind<Store, Options> {
  readonly file: string;
  readonly open: (
    components: { clock: FakeClock; logger: RecordingLogger },
    path: string,
    options: Partial<Options>,
  ) => Store;
  readonly close: (store: Store) => void;
}

/** Makes the folder; after the test all stores are closed, then it is removed. */
export function storeSite<Store, Options>(t: TestContext, kind: StoreKind<Store, Options>): StoreSite<Store, Options> {
  const folder = mkdtempSync(join(tmpdir(), "byway-store-"));
  const path = join(folder, kind.file);
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const stores: Store[] = [];
  t.after(() => {
    for (const store of stores) kind.close(store);
    rmSync(folder, { recursive: true });
  });
  return {
    folder,
    path,
    clock,
    logger,
    open(options = {}) {
      const store = kind.open({ clock, logger }, path, options);
      stores.push(store);
      return store;
    },
    aside: () => readdirSync(folder).filter((name) => name.includes(".corrupt-")),
  };
}
