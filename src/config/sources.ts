import type { SettingKey } from "./schema.ts";

/** The text of a configuration file and where it was read. */
export interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

/** A flag as it was given: text, the texts of a repeated one, or true for one without a value. */
export type FlagValue = string | readonly string[] | boolean;

/** Everything that settings can come from, the weakest first. */
export interface ConfigSources {
  /**
   * What `~/` at the start of a path stands for; undefined where there is none. Files and the environment do not know it, nor
   * do shells behind the `=` of a flag.
   */
  readonly homeDirectory: string | undefined;
  /** Defaults that depend on the machine; they replace those of the schema. */
  readonly defaults: { readonly data: string | undefined };
  readonly file?: ConfigFile | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  readonly flags?: Readonly<Partial<Record<SettingKey, FlagValue>>> | undefined;
}

/** Where a value came from: the layer, and the file, variable or flag in it. */
export interface Origin {
  readonly layer: "default" | "file" | "environment" | "flag";
  /** The path, the variable's name or the flag with its dashes; undefined for a default. */
  readonly name: string | undefined;
}
