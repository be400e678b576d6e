import type { Command } from "commander";
import type { ProxyUser } from "../../config/setting.ts";
import { formatHostPort, type HostPort } from "../../core/network-address.ts";
import { writeUserName } from "../../ingress/write-user-name.ts";
import { checkConstraints } from "../../routing/constraint-keys.ts";
import type { Constraints } from "../../routing/constraints.ts";
import { addConstraintOptions, givenConstraints } from "../constraint-options.ts";
import { isJson, jsonLine } from "../json-line.ts";
import { loadSettings } from "../load-settings.ts";
import { addSettingOptions } from "../setting-options.ts";
import { shellQuote } from "../shell-quote.ts";
import type { Terminal } from "../terminal.ts";

/** Adds `byway env`: lines for `eval "$(byway env)"`. */
export function registerEnv(program: Command, terminal: Terminal): void {
  const command = program
    .command("env")
    .description('Print proxy variables for a shell: eval "$(byway env --country de --session a1)".');
  addConstraintOptions(command);
  addSettingOptions(command, "env").action(async () => {
    const { values } = await loadSettings(terminal, command, "env");
    const constraints = givenConstraints(command);
    checkConstraints(constraints);
    const variables = proxyVariables(values["client.listen"], values["client.users"][0], constraints);
    terminal.writeOut(
      isJson(command)
        ? jsonLine(variables)
        : Object.entries(variables)
            .map(([name, value]) => `export ${name}=${shellQuote(value)}\n`)
            .join(""),
    );
  });
}

/**
 * The variables that point programs at a local proxy, in both cases: curl reads `http_proxy` in lower case only. They bear a user
 * name and a password always: some programs send no name that has no password, and those that the proxy asks have one to send.
 */
export function proxyVariables(
  listen: HostPort,
  user: ProxyUser | undefined,
  constraints: Constraints = {},
): Readonly<Record<string, string>> {
  const anyAddress = new Map([
    ["0.0.0.0", "127.0.0.1"],
    ["::", "::1"],
  ]);
  const address = formatHostPort({ host: anyAddress.get(listen.host) ?? listen.host, port: listen.port });
  const name = writeUserName(user?.name, constraints);
  const proxy = `http://${encodeURIComponent(name)}:${encodeURIComponent(user?.password ?? "x")}@${address}`;
  const values = {
    http_proxy: proxy,
    https_proxy: proxy,
    // Not socks5h, which httpx refuses before its first request. HTTP has names resolved at the exit too.
    all_proxy: proxy,
    no_proxy: "localhost,127.0.0.1,::1",
  };
  const both = Object.entries(values).flatMap(([name, value]) => [
    [name, value],
    [name.toUpperCase(), value],
  ]);
  return { ...Object.fromEntries(both), NODE_USE_ENV_PROXY: "1" };
}
