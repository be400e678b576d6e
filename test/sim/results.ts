import type { AttackFigures } from "./attack.ts";
import type { ChurnFigures } from "./churn.ts";
import type { Cost } from "./costs.ts";
import type { Freshness } from "./freshness.ts";
import type { IndexFigures, RushFigures } from "./index-growth.ts";
import type { Libp2pFigures } from "./libp2p-network.ts";
import type { LookUpFigures } from "./look-ups.ts";
import type { Assumption } from "./messages.ts";

/** All that one run of the simulation found. */
export interface Results {
  readonly date: string;
  readonly commit: string;
  /** What the model took. */
  readonly seconds: number;
  readonly lookUps: readonly LookUpFigures[];
  readonly index: readonly IndexFigures[];
  readonly rush: RushFigures;
  readonly freshness: readonly Freshness[];
  readonly costs: readonly Cost[];
  readonly churn: readonly (ChurnFigures & { readonly saidGoodbye: number })[];
  readonly attacks: readonly AttackFigures[];
  readonly libp2p: Libp2pFigures | undefined;
  readonly assumptions: Readonly<Record<string, Assumption>>;
}
