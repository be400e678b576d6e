/*
 * Written down here and not read from package.json, which a bundle does not have beside it; a test holds the two together.
 */

/** The version of this package. */
export const VERSION = "0.1.0";

/** The version of the protocol that this package speaks (docs/protocol.md). */
export const PROTOCOL_VERSION = 1;

/** The Nodes that Byway was tried with, from `tried` on and below `below`; before `works` it does not work. */
export const RUNTIME: { readonly works: string; readonly tried: string; readonly below: string } = {
  works: "26.5.0",
  tried: "26.10.0",
  below: "27.0.0",
};
