import { fileURLToPath } from "node:url";
import type { ProgramRow } from "../program-row.ts";

const PLAYWRIGHT = fileURLToPath(new URL("../../../node_modules/playwright-core/index.mjs", import.meta.url));

/** Browsers. */
export const BROWSERS: readonly ProgramRow[] = [
  {
    program: "Playwright",
    way: "HTTP, `proxy`",
    line: `await chromium.launch({ proxy: { server: "http://127.0.0.1:1080", username: "country-de", password: "x", bypass: "<-loopback>" } })`,
    language: "js",
    note: 'For a target on this machine add `bypass: "<-loopback>"`.',
    kinds: ["http", "https"],
    needs: ["chromium"],
    inReadme: true,
    command: (line, { origin }) => ({
      argv: [process.execPath, "--input-type=module", "-"],
      input: `import { chromium as browserType } from "${PLAYWRIGHT}";
const chromium = {
  launch: (options) =>
    browserType.launch({ ...options, executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] }),
};
const browser = ${line};
const page = await browser.newPage({ ignoreHTTPSErrors: true });
// What is no page is downloaded, and then there is no answer.
const arrived = page.waitForEvent("download");
arrived.catch(() => {});
const answer = await page.goto("${origin}/").catch(() => null);
if (answer !== null) process.stdout.write(await answer.body());
else for await (const chunk of await (await arrived).createReadStream()) process.stdout.write(chunk);
await browser.close();
`,
    }),
  },
];
