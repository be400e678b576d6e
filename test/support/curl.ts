import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Runs curl without its configuration and the environment's proxies. */
export async function curl(...args: readonly string[]): Promise<{ readonly exit: number; readonly output: string }> {
  try {
    const { stdout } = await run("curl", ["-q", "-sS", "-m", "20", ...args], { env: { PATH: process.env.PATH } });
    return { exit: 0, output: stdout };
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string };
    return { exit: code, output: stdout };
  }
}
