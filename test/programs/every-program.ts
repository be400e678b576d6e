import { programSuite } from "./program-suite.ts";

// Every program of docs/programs.md: `npm run programs`.
programSuite(() => true);
