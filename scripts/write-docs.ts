import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { documents, ROOT } from "./documents.ts";

for (const [path, content] of await documents()) {
  writeFileSync(join(ROOT, path), content);
  console.log(path);
}
