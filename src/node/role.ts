/** A part that a node plays. */
export type Role = "relay" | "exit";
