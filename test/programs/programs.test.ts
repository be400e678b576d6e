import { programSuite } from "./program-suite.ts";

// README's programs; `npm run programs` runs all.
programSuite((row) => row.inReadme === true);
