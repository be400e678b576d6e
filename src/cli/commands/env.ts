import type { Command } from "commander";
import type { ProxyUser } from "../../config/setting.ts";
import { formatHostPort, type HostPort } from "../../core/network-address.ts";
import { loadSettings } from "../load-settings.ts";
import { addSettingOptions } from "../setting-options.ts";
import type { Terminal } from "../terminal.ts";

/** Adds `byway env`: lines for `eval "$(byway env)"`. */
export function registerEnv(program: Command, terminal: Terminal): void {
  const command = program.command("env").description('Print the proxy variables of a shell: eval "$(byway env)".');
  addSettingOptions(command, "env").action(async () => {
    const { values } = await loadSettings(terminal, command, "env");
    const variables = proxyVariables(values["client.listen"], values["client.users"][0]);
    const isJson = command.optsWithGlobals<{ readonly json?: true }>().json === true;
    terminal.writeOut(
      isJson
        ? `${JSON.stringify(variables)}\n`
        : Object.entries(variables)
            .map(([name, value]) => `export ${name}=${shellQuote(value)}\n`)
            .join(""),
    );
  });
}

/** The variables that point programs at a local proxy, in both cases: curl reads `http_proxy` in lower case only. */
export function proxyVariables(listen: HostPort, user: ProxyUser | undefined): Readonly<Record<string, string>> {
  const anyAddress = new Map([
    ["0.0.0.0", "127.0.0.1"],
    ["::", "::1"],
  ]);
  const address = formatHostPort({ host: anyAddress.get(listen.host) ?? listen.host, port: listen.port });
  const credentials =
    user === undefined ? "" : `${encodeURIComponent(user.name)}:${encodeURIComponent(user.password)}@`;
  const values = {
    http_proxy: `http://${credentials}${address}`,
    https_proxy: `http://${credentials}${address}`,
    // The h has names resolved at the exit and not here.
    all_proxy: `socks5h://${credentials}${address}`,
    no_proxy: "localhost,127.0.0.1,::1",
  };
  const both = Object.entries(values).flatMap(([name, value]) => [
    [name, value],
    [name.toUpperCase(), value],
  ]);
  return { ...Object.fromEntries(both), NODE_USE_ENV_PROXY: "1" };
}

/** `text` as one word of a POSIX shell. */
export function shellQuote(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
