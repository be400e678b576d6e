import { recordKeeperCompliance } from "./record-keeper.compliance.ts";
import { MemoryRecords } from "./record-keeper.ts";

recordKeeperCompliance("records in memory", () => new MemoryRecords());
