import type { Command, ProgramRow } from "../program-row.ts";

const PROXY = "http://country-de:x@127.0.0.1:1080";
const WEB = ["http", "https"] as const;

const GO = (line: string): string =>
  `package main
import (
	"io"
	"net/http"
	"net/url"
	"os"
)
func main() {
	PARSE
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}
	answer, err := client.Get(os.Args[1])
	if err != nil {
		panic(err)
	}
	io.Copy(os.Stdout, answer.Body)
}
`.replace("PARSE", line);

function go(line: string, { origin, directory, home }: { origin: string; directory: string; home: string }): Command {
  return {
    argv: ["sh", "-c", `cat > main.go && GOCACHE=${home}/go GO111MODULE=off go run ${directory}/main.go ${origin}/`],
    input: GO(line),
  };
}

/** Perl, Ruby, Go and PHP. */
export const LANGUAGES: readonly ProgramRow[] = [
  {
    program: "Perl LWP",
    way: "HTTP, `proxy`",
    line: `$agent->proxy(["http", "https"], "${PROXY.replace("@", "\\@")}");`,
    language: "perl",
    note: "In Perl's double quotes the `@` needs a backslash.",
    kinds: WEB,
    needs: ["perl"],
    command: (line, { origin }) => ({
      argv: [
        "perl",
        "-MLWP::UserAgent",
        "-e",
        `my $agent = LWP::UserAgent->new; ${line} print $agent->get("${origin}/")->content`,
      ],
    }),
  },
  {
    program: "Ruby Net::HTTP",
    way: "HTTP, arguments",
    line: 'Net::HTTP.start("example.com", 443, "127.0.0.1", 1080, "country-de", "x", use_ssl: true) { |http| http.get("/") }',
    language: "ruby",
    kinds: WEB,
    needs: ["ruby"],
    command: (line, { kind }) => ({
      argv: [
        "ruby",
        "-rnet/http",
        "-e",
        `$stdout.binmode; $stdout.write((${kind === "http" ? line.replace(", use_ssl: true", "") : line}).body)`,
      ],
    }),
  },
  {
    program: "Go net/http",
    way: "HTTP, `ProxyURL`",
    line: `proxy, _ := url.Parse("${PROXY}")`,
    language: "go",
    note: "Then `http.Transport{Proxy: http.ProxyURL(proxy)}`.",
    kinds: WEB,
    needs: ["go"],
    command: go,
  },
  {
    program: "Go net/http",
    way: "SOCKS5, `ProxyURL`",
    line: 'proxy, _ := url.Parse("socks5://country-de:x@127.0.0.1:1080")',
    language: "go",
    kinds: WEB,
    needs: ["go"],
    command: go,
  },
  {
    program: "PHP",
    way: "SOCKS5, `CURLOPT_PROXY`",
    line: 'curl_setopt($curl, CURLOPT_PROXY, "socks5h://country-de:x@127.0.0.1:1080");',
    language: "php",
    kinds: WEB,
    needs: ["php"],
    command: (line, { origin, home }) => ({
      argv: [
        "php",
        "-d",
        `curl.cainfo=${home}/ca.pem`,
        "-r",
        `$curl = curl_init("${origin}/"); ${line} curl_exec($curl);`,
      ],
    }),
  },
];
