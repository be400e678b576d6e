import type { ProgramRow } from "./program-row.ts";
import { BROWSERS } from "./rows/browsers.ts";
import { HTTP_TOOLS } from "./rows/http-tools.ts";
import { JAVA } from "./rows/java.ts";
import { LANGUAGES } from "./rows/languages.ts";
import { NODE } from "./rows/node.ts";
import { PACKAGE_MANAGERS } from "./rows/package-managers.ts";
import { PYTHON } from "./rows/python.ts";
import { TUNNELS } from "./rows/tunnels.ts";

/** The families of programs, in the order of the documents. */
export const FAMILIES: Readonly<Record<string, readonly ProgramRow[]>> = {
  "Command line": HTTP_TOOLS,
  "Package managers": PACKAGE_MANAGERS,
  Browsers: BROWSERS,
  Python: PYTHON,
  "Node.js": NODE,
  Java: JAVA,
  "Other languages": LANGUAGES,
  "Bytes of any protocol": TUNNELS,
};
