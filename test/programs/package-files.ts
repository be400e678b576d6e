import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withoutPrograms } from "../support/run-program.ts";
import type { TargetFiles } from "./program-target.ts";

/** What pip, npm and apt look for and download: one package `example` each, with `body` inside. */
export function packageFiles(directory: string, body: Buffer): TargetFiles {
  const paths = new Map<string, (origin: string) => Buffer>();
  const text = (path: string, content: string): void => void paths.set(path, () => Buffer.from(content));
  mkdirSync(join(directory, "package"), { recursive: true });
  const add = (file: string, ...command: readonly [string, ...string[]]): void => {
    const [program, ...args] = command;
    if (withoutPrograms(program) !== false) return;
    const { status, stderr } = spawnSync(program, args, { cwd: directory, encoding: "utf8" });
    if (status !== 0) throw new Error(`${program}: ${stderr}`);
    const made = readFileSync(join(directory, file));
    paths.set(`/${file}`, () => made);
  };

  mkdirSync(join(directory, "example-1.0.dist-info"));
  writeFileSync(
    join(directory, "example-1.0.dist-info", "METADATA"),
    "Metadata-Version: 2.1\nName: example\nVersion: 1.0\n",
  );
  writeFileSync(
    join(directory, "example-1.0.dist-info", "WHEEL"),
    "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
  );
  writeFileSync(join(directory, "example-1.0.dist-info", "RECORD"), "");
  writeFileSync(join(directory, "body"), body);
  add(
    "example-1.0-py3-none-any.whl",
    "python3",
    "-m",
    "zipfile",
    "-c",
    "example-1.0-py3-none-any.whl",
    "example-1.0.dist-info",
    "body",
  );
  text("/simple/example/", '<a href="/example-1.0-py3-none-any.whl">example-1.0-py3-none-any.whl</a>');

  writeFileSync(join(directory, "package", "package.json"), '{ "name": "example", "version": "1.0.0" }');
  writeFileSync(join(directory, "package", "body"), body);
  add("example-1.0.0.tgz", "tar", "czf", "example-1.0.0.tgz", "package");
  paths.set("/example", (origin) => {
    const version = { name: "example", version: "1.0.0", dist: { tarball: `${origin}/example-1.0.0.tgz` } };
    return Buffer.from(
      JSON.stringify({ name: "example", "dist-tags": { latest: "1.0.0" }, versions: { "1.0.0": version } }),
    );
  });

  const stanzas = body
    .toString("hex")
    .match(/.{1,16384}/g)
    ?.map((text, index) =>
      [
        `Package: example${index}`,
        "Version: 1",
        "Architecture: all",
        `Filename: ./example${index}.deb`,
        "Size: 1",
        `SHA256: ${"0".repeat(64)}`,
        `Description: body\n${text.replaceAll(/.{64}/g, " $&\n")}`,
      ].join("\n"),
    );
  text("/apt/./Packages", `${stanzas?.join("\n")}\n`);
  return paths;
}
