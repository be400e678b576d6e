import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/documents.ts";
import { checkNodeSettings } from "../../src/cli/node-settings.ts";
import { Mistakes } from "../../src/config/mistakes.ts";
import { resolveSettings } from "../../src/config/resolve-settings.ts";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { openGeo } from "../../src/geo/open-geo.ts";

const PAGES = ["README.md", ...readdirSync(join(ROOT, "docs")).map((name) => join("docs", name))].filter((path) =>
  path.endsWith(".md"),
);

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

interface Example {
  readonly page: string;
  readonly host: string;
  readonly country: string;
}

/** Nodes that the pages start with a country. */
const STARTED: readonly Example[] = PAGES.flatMap((page) =>
  [...read(page).matchAll(/^.*byway node .*--listen ([\d.]+):\d+.*--country ([a-z]{2}).*$/gm)].map(
    ([, host = "", country = ""]) => ({ page, host, country }),
  ),
);

test("nodes of the pages claim the country where the address data that npm brings places them", async (t) => {
  const geo = await openGeo();
  t.after(() => geo.close());
  assert.ok(STARTED.some(({ page }) => page === "README.md"));
  for (const { page, host, country } of STARTED) {
    assert.equal(geo.lookup(host).country, country, `${page}: ${host}`);
  }
});

test("what README asks of a network of one's own leaves by its second node", () => {
  const [, section = ""] = /^## A network of your own\n([\s\S]*?)^## /m.exec(read("README.md")) ?? [];
  const [first, second, ...more] = STARTED.filter(({ page, host }) => page === "README.md" && section.includes(host));
  assert.deepEqual(more, []);
  const asked = /curl -x socks5h:\/\/country-([a-z]{2}):/.exec(section)?.[1];
  assert.equal(asked, second?.country);
  assert.notEqual(asked, first?.country);
});

test("the file of operators.md is read as a node's settings, and joins a network", () => {
  const text = /^```toml\n([\s\S]*?)^```$/m.exec(read("docs/operators.md"))?.[1] ?? assert.fail();
  const { values, origins } = resolveSettings({
    homeDirectory: undefined,
    defaults: { data: "/var/lib/byway" },
    file: { path: "byway.toml", text },
  });
  const mistakes = new Mistakes();
  checkNodeSettings({ clock: new FakeClock(0) }, values, mistakes);
  mistakes.throwIfAny();
  assert.equal(values.bootstrap.length, 1);
  assert.deepEqual([values["node.exit"], values["node.relay"], values["node.log"]], [true, true, "required"]);
  assert.equal(values["node.blocklists"].length, 2);
  assert.equal(origins["node.contact"].layer, "file");
});

test("the unit of operators.md starts what upkeep.md installs", () => {
  const prefix = /npm install --prefix (\S+) /.exec(read("docs/upkeep.md"))?.[1] ?? assert.fail();
  const [, node, program] =
    /^ExecStart=(\S+) (\S+) node --config \S+ --data \S+$/m.exec(read("docs/operators.md")) ?? [];
  const { name, bin } = JSON.parse(read("package.json")) as { readonly name: string; readonly bin: { byway: string } };
  assert.equal(node, `${prefix}/node_modules/.bin/node`);
  assert.equal(program, `${prefix}/node_modules/${name}/${bin.byway}`);
});
