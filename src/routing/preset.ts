/** A named way of weighing nodes. */
export type Preset = "balanced" | "fast" | "reliable" | "private";
