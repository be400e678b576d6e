/** What a program fetches: plain HTTP, HTTPS with a certificate that it checks, or bytes of no protocol of its own. */
export type TargetKind = "http" | "https" | "raw";

/** What a row's command may use, beside its line. */
export interface RowPlace {
  /** The row's own working directory; empty. */
  readonly directory: string;
  /** The home directory of all rows, which has the programs' settings. */
  readonly home: string;
  /** Name of the row at the target, and the first label of its host. */
  readonly id: string;
  readonly kind: TargetKind;
  /** The URL that `https://example.com` became, without a slash at its end. */
  readonly origin: string;
}

/** A command to run, without a shell unless it names one. */
export interface Command {
  readonly argv: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Written to standard input, which is then closed. */
  readonly input?: string;
  /** The file below the working directory that has the bytes; standard output when absent. */
  readonly saves?: string;
}

/** One program, told of the proxy in one way. */
export interface ProgramRow {
  /** As its users call it. */
  readonly program: string;
  /** How it is told of the proxy. */
  readonly way: string;
  /**
   * What its users write, for the proxy at 127.0.0.1:1080, the user name `country-de` and the target https://example.com/.
   * The suite runs this very text with its own proxy, name and target in these places.
   */
  readonly line: string;
  /** The language of `line` in a code block. Default `sh`. */
  readonly language?: string;
  /** More that a reader has to know, in a sentence. */
  readonly note?: string;
  readonly kinds: readonly TargetKind[];
  /** Executables that must be on PATH. */
  readonly needs: readonly string[];
  /** Modules that a Python must have. */
  readonly modules?: readonly string[];
  /** Whether it needs a listener with `ask-name = "always"`, since it cannot be recognised as a program that waits. */
  readonly needsAsking?: boolean;
  /** Whether README has the line. */
  readonly inReadme?: boolean;
  /** How the line is run. Default: by a shell, with the bytes on standard output. */
  readonly command?: (line: string, place: RowPlace) => Command;
}

/** Has a shell run the line, and looks for the bytes in `saves`. */
export function shellSaving(saves: string): (line: string) => Command {
  return (line) => ({ argv: ["sh", "-c", line], saves });
}
