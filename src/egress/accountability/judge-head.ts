import type { LogFlaw, SeenChain } from "./chain-check.ts";
import type { FoundHead } from "./chain-head.ts";

/** What a head record shows of its chain. */
export interface HeadJudgement {
  readonly missing: readonly LogFlaw[];
  readonly notes: readonly string[];
}

/** Holds a chain against its head record, which stands at `path`. `peer` must have signed it, where it is given. */
export function judgeHead(seen: SeenChain, head: FoundHead, path: string, peer?: string): HeadJudgement {
  const flaw = (message: string, kind: LogFlaw["kind"] = "missing"): LogFlaw => ({
    file: path,
    line: 1,
    offset: 0,
    kind,
    message,
  });
  if (head === "spoiled") return { missing: [flaw("the head record is not what the node signed", "head")], notes: [] };
  if (head === "absent") {
    if (seen.hasHead) return { missing: [flaw("the head record of the chain is missing", "head")], notes: [] };
    const note = "no head record is kept of this chain: that its oldest or newest records are missing cannot be seen";
    return { missing: [], notes: [note] };
  }
  const missing: LogFlaw[] = [];
  if (peer !== undefined && head.peer !== peer) missing.push(flaw(`it is of ${head.peer}, not of ${peer}`, "peer"));
  const { oldest, newest, removed } = head;
  const isEmptied = oldest > newest.number;
  const { firstFile, lastSeq = 0, namedHash } = seen;
  if (firstFile === undefined) {
    if (!isEmptied && newest.seq > 0) {
      missing.push(flaw(`all files are missing: the node wrote ${newest.seq} records and did not remove these`));
    }
  } else {
    if (firstFile > oldest) {
      const files = firstFile - oldest === 1 ? `file ${oldest} is` : `files ${oldest} to ${firstFile - 1} are`;
      missing.push(flaw(`${files} missing: the node did not remove what is from file ${oldest} on`));
    }
    if (lastSeq < newest.seq) {
      missing.push(
        flaw(`records ${lastSeq + 1} to ${newest.seq} are missing: the node wrote them, and they were on the disk`),
      );
    } else if (namedHash !== undefined && namedHash !== newest.hash) {
      missing.push(flaw(`record ${newest.seq} is another one than the node wrote`, "hash"));
    }
  }
  const notes =
    removed === undefined
      ? []
      : [
          `the node itself removed the files up to ${removed.upTo}, as configured (${removed.by === "age" ? "node.log-days" : "node.log-mib"}), last at ${removed.time}`,
        ];
  return { missing, notes };
}
