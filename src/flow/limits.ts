import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  budgetBytes: [
    1_073_741_824,
    "bytes",
    "Bytes that may wait in a process; a quarter of its memory where that is less. `memory-budget` sets another.",
  ],
  budgetPeriodMs: [250, "ms", "How often streams that are held up are looked at; 1 Gbit/s brings 31 MB in it."],
  budgetSteps: [64, "count", "Between two looks the budget is not passed by more than this part of it."],
  watchedBytes: [1_024, "bytes", "A stream with less waiting is not looked at; as much as the stream itself costs."],
  collectMs: [1_000, "ms", "When memory of ended streams is collected on purpose; 30 to 50 ms of a core each."],
  collectSoonMs: [20, "ms", "The same where there is much of it; ended streams take some turns to close."],
  freedSteps: [8, "count", "This part of the budget is much: 16 MiB of 128."],
  budgetReportMs: [60_000, "ms", "At most one warning in this time, however many streams are ended."],
  readBytes: [262_144, "bytes", "One read of a socket; the fewer reads, the fewer turns for each byte."],
  slabBytes: [65_536, "bytes", "What was read is handed on in pieces of this size, which are used again."],
  freeSlabs: [64, "count", "Unused pieces of each size that are kept: 5 MiB."],
  leastPooledBytes: [2_048, "bytes", "Less than this is not worth a piece of its own."],
  chunkCostBytes: [256, "bytes", "What Node keeps for each waiting chunk beside its bytes."],
  blockBytes: [16_384, "bytes", "Small chunks that wait are joined into blocks of this size."],
  smallChunkBytes: [1_024, "bytes", "Chunks below this are copied rather than written one by one."],
  overheadBytes: [4_096, "bytes", "Small chunks are joined when so much is missing to `smallChunkBytes` for each."],
  leastBlockBytes: [64, "bytes", "Room for the first of them; it doubles as more come."],
  halfClosedIdleMs: [
    300_000,
    "ms",
    "Silence after one direction of a stream has ended; a far side that reset meanwhile cannot be seen.",
  ],
  firstBytes: [65_536, "bytes", "What an app sends first and is held until it was looked at."],
  firstBytesHoldMs: [
    1_000,
    "ms",
    "What cannot be judged yet waits so long for the rest; a console or a server may wait for just these bytes.",
  ],
  pacePieceMs: [5, "ms", "What a stream alone may pass in one turn, as time on the line; many share it."],
  pacePieceBytes: [1_400, "bytes", "No turn brings less, since each costs a frame and a record around it."],
  pacePiecesPerSecond: [10_000, "per-second", "Turns beyond this would cost more than the bytes in them."],
  paceBurstMs: [20, "ms", "What a line that was quiet may pass at once, as time on the line."],
  paceBurstBytes: [4_608, "bytes", "But no less: a big datagram has to pass on a slow line."],
  paceLateMs: [250, "ms", "A busy process wakes late; so much it may catch up, or it would be slower than allowed."],
  paceWakeMs: [2, "ms", "Streams that wait for the line are not woken more often."],
  heldBytes: [16_384, "bytes", "A stream that waits for the line is read again when it holds no more than this."],
  heldReadBytes: [16_384, "bytes", "And its socket is read so little at a time: thousands may wait."],
} as const;

/** Bounds of the room `flow`. */
export const FLOW_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
