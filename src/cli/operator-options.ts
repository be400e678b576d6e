import { type HasOptions, type OptionsOf, optionsOf } from "../config/options-of.ts";
import type { Settings } from "../config/schema.ts";
import { given } from "../core/given.ts";
import type { BlocklistOptions } from "../egress/blocklist/blocklists.ts";
import type { NodeOptions } from "../node/node-options.ts";

type Groups = "operation" | "streamLimits" | "log" | "claims" | "price";
type Checked = HasOptions<NodeOptions, "node"> & {
  readonly [G in Groups]: HasOptions<NonNullable<NodeOptions[G]>, G>;
};

/** The options that the settings of a node make. A setting that names an option which no room has does not compile here. */
export function operatorOptions(
  values: Settings,
): Pick<Checked, Groups> & OptionsOf<"node"> & { readonly blocklists: readonly BlocklistOptions[] } {
  return {
    ...optionsOf(values, "node"),
    operation: optionsOf(values, "operation"),
    streamLimits: optionsOf(values, "streamLimits"),
    log: optionsOf(values, "log"),
    claims: given(optionsOf(values, "claims")),
    price: optionsOf(values, "price"),
    blocklists: values["node.blocklists"].map(({ name, source, "refresh-hours": refreshHours, except }) => ({
      name,
      source,
      refreshHours,
      except,
    })),
  };
}
