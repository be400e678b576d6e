import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

/*
 * npm run attack           runs each *.attack.ts here with Node's test runner: what takes too long for npm test
 * npm run attack -- first  only those whose names begin so
 */
const [begin = ""] = process.argv.slice(2);
const folder = new URL(".", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".attack.ts") && name.startsWith(begin));
const failed = files.filter((name) => {
  const args = ["--test", "--test-reporter=spec", new URL(name, folder).pathname];
  return spawnSync(process.execPath, args, { stdio: "inherit" }).status !== 0;
});
process.stdout.write(
  failed.length === 0 ? `${files.length} attacks failed, as they should\n` : `got through: ${failed.join(", ")}\n`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
