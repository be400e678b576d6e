/** A part that a node plays. A bootstrap serves the directory only, at an address that others know beforehand. */
export type Role = "relay" | "exit" | "bootstrap";
