/** What a directory says of itself; plain JSON values, as `byway network stats` shows them. */
export interface DirectoryState {
  readonly atSec: number;
  readonly connections: number;
  readonly usable: number;
  /** Other nodes in the whole overlay, estimated from the DHT. */
  readonly estimatedPeers?: number;
}

/** The name under which the store keeps it. */
export const DIRECTORY_STATE = "directory";
