import type { ComponentLogger, Logger as Libp2pLogger } from "@libp2p/interface";

const nothing = (): void => {};
const quiet: Libp2pLogger = Object.assign(nothing.bind(undefined), {
  error: nothing,
  trace: nothing,
  enabled: false,
  newScope: (): Libp2pLogger => quiet,
});

/**
 * A libp2p logger that says nothing. Its lines name addresses and peers of strangers, which no log of ours may, and
 * are not for operators: what matters of them comes back as an error or a count.
 */
export const quietLogger: ComponentLogger = { forComponent: () => quiet };
