import type { Command, ProgramRow, RowPlace } from "../program-row.ts";

const WHEEL = "example-1.0-py3-none-any.whl";

function pip(line: string, { origin }: RowPlace): Command {
  const environment = { PIP_INDEX_URL: `${origin}/simple`, PIP_DISABLE_PIP_VERSION_CHECK: "1", PIP_NO_CACHE_DIR: "1" };
  return {
    argv: ["sh", "-c", line.replace("pip ", "python3 -m pip ")],
    environment,
    saves: WHEEL,
  };
}

function npm(line: string, { origin }: RowPlace): Command {
  const environment = {
    npm_config_registry: `${origin}/`,
    npm_config_update_notifier: "false",
    npm_config_noproxy: "",
  };
  return { argv: ["sh", "-c", line], environment, saves: "example-1.0.0.tgz" };
}

/** Lists and archives below the working directory, and the target as the only source. */
function apt(line: string, { origin, directory }: RowPlace): Command {
  const settings = `Dir "${directory}"; Dir::State "${directory}"; Dir::State::status "/dev/null"; Dir::Cache "${directory}";
Dir::Etc::sourcelist "${directory}/sources"; Dir::Etc::sourceparts "-"; APT::Sandbox::User "root";
Acquire::Languages "none"; Acquire::Retries "0"; Dir::Bin::methods "/usr/lib/apt/methods"; Acquire::https::CAInfo "${directory}/../home/ca.pem";
`;
  return {
    argv: [
      "sh",
      "-c",
      `mkdir -p lists/partial && cat > settings && echo 'deb [trusted=yes] ${origin}/apt ./' > sources && ${line} && cp lists/*Packages list`,
    ],
    environment: { APT_CONFIG: `${directory}/settings` },
    input: settings,
    saves: "list",
  };
}

/** What installs programs and libraries. */
export const PACKAGE_MANAGERS: readonly ProgramRow[] = [
  {
    program: "pip",
    way: "HTTP, `--proxy`",
    line: "pip download --proxy http://country-de:x@127.0.0.1:1080 example",
    kinds: ["https"],
    needs: ["python3"],
    modules: ["pip"],
    command: pip,
  },
  {
    program: "npm",
    way: "HTTP, `--https-proxy`",
    line: "npm pack --https-proxy=http://country-de:x@127.0.0.1:1080 example",
    note: "`npm install` takes the same option.",
    kinds: ["https"],
    needs: ["npm", "tar"],
    command: npm,
  },
  {
    program: "npm",
    way: "HTTP, environment by `byway env`",
    line: 'eval "$(npx byway env --country de)"; npm pack example',
    kinds: ["https"],
    needs: ["npm", "tar"],
    command: npm,
  },
  {
    program: "apt",
    way: "HTTP, `Acquire::http::Proxy`",
    line: "apt-get -o Acquire::http::Proxy=http://country-de:x@127.0.0.1:1080 update",
    kinds: ["http"],
    needs: ["apt-get"],
    command: apt,
  },
  {
    program: "apt",
    way: "SOCKS5, `Acquire::https::Proxy`",
    line: "apt-get -o Acquire::https::Proxy=socks5h://country-de:x@127.0.0.1:1080 update",
    note: "With `http://` here, apt sends the user name to the target as well, inside its TLS.",
    kinds: ["https"],
    needs: ["apt-get"],
    command: apt,
  },
];
