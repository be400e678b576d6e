import type { PortRange } from "../../wire/port-range.ts";
import type { PortSetName } from "./port-sets.ts";

/** The targets that a rule is about, ports aside. */
export type RuleHost =
  /** `*`: any; `*4`, `*6`: any address of a family. */
  | { readonly kind: "any" }
  | { readonly kind: "family"; readonly family: 4 | 6 }
  /** A range of addresses: its first one, and how many leading bits count. */
  | { readonly kind: "network"; readonly network: Uint8Array; readonly bits: number }
  /** A name in lower-case ASCII: with all names below it, alone, or those below it alone. */
  | { readonly kind: "name"; readonly name: string; readonly scope: "tree" | "alone" | "below" };

/** One rule of an exit's policy. */
export interface PolicyRule {
  readonly accepts: boolean;
  /** Absent for both. */
  readonly protocol?: "tcp" | "udp";
  readonly host: RuleHost;
  readonly ports: readonly PortRange[];
  /** The sets that it names. */
  readonly sets: readonly PortSetName[];
  /** As it was understood: spelled in the one way that documentation shows. */
  readonly text: string;
}

/** Where nothing was decided: no mail, and of the rest what Tor's reduced exit policy accepts. */
export const DEFAULT_POLICY: readonly string[] = ["reject mail", "accept tor-reduced-exit"];
