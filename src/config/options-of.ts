import { type Schema, SETTING_KEYS, type SettingKey, type Settings, settingRow } from "./schema.ts";
import type { OptionGroup } from "./setting.ts";

/** The options of a group that settings set, by the names that the rows of the schema give them. */
export type OptionsOf<Group extends OptionGroup> = {
  readonly [K in SettingKey as Schema[K] extends { readonly option: `${Group}.${infer Name}` }
    ? Name
    : never]: Settings[K];
};

/** `Checked` if `Options` has every option that settings set in `Group`; else `never`, which the compiler refuses. */
export type HasOptions<Options, Group extends OptionGroup, Checked = Options> = [
  Exclude<keyof OptionsOf<Group>, keyof Options>,
] extends [never]
  ? Checked
  : never;

/** The values of all settings that name an option of `group`, as those options. */
export function optionsOf<Group extends OptionGroup>(values: Settings, group: Group): OptionsOf<Group> {
  const entries = SETTING_KEYS.flatMap((key) => {
    const [of, name] = settingRow(key).option?.split(".") ?? [];
    return of === group && name !== undefined ? [[name, values[key]]] : [];
  });
  return Object.fromEntries(entries);
}
