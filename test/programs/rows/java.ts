import type { Command, ProgramRow, RowPlace } from "../program-row.ts";

const WEB = ["http", "https"] as const;

/** The body of a class that fetches `args[0]` and writes it; `line` is in the middle. */
function java(flags: (line: string) => readonly string[], code: (line: string) => string) {
  return (line: string, { origin, home }: RowPlace): Command => ({
    argv: [
      "sh",
      "-c",
      'cat > Fetch.java && exec java "$@" Fetch.java "$0/"',
      origin,
      `-Djavax.net.ssl.trustStore=${home}/trust.p12`,
      "-Djavax.net.ssl.trustStorePassword=changeit",
      // One file is run once: compiling it further would take longer than it runs.
      "-XX:TieredStopAtLevel=1",
      ...flags(line),
    ],
    input: `import java.io.*;
import java.net.*;
import java.net.http.*;
public class Fetch {
  public static void main(String[] args) throws Exception {
    URI uri = URI.create(args[0]);
    ${code(line)}
    stream.transferTo(System.out);
    System.out.flush();
    System.exit(0);
  }
}
`,
  });
}

const OPEN = "InputStream stream = uri.toURL().openConnection().getInputStream();";
const PROXY_FOR_CONNECT = "-Djdk.http.auth.tunneling.disabledSchemes=";

/** Java's own two clients. */
export const JAVA: readonly ProgramRow[] = [
  {
    program: "Java `URLConnection`",
    way: "SOCKS5, properties",
    line: "java -DsocksProxyHost=127.0.0.1 -DsocksProxyPort=1080 -Dhttp.nonProxyHosts= -Duser.name=country-de App",
    note: "Works for everything on `java.net.Socket`, not for `HttpClient`. Java sends the name of the system's user unless an `Authenticator` has another.",
    kinds: WEB,
    needs: ["java", "javac"],
    inReadme: true,
    command: java(
      (line) => line.split(" ").slice(1, -1),
      () => OPEN,
    ),
  },
  {
    program: "Java HttpClient",
    way: "HTTP, authenticator",
    line: `HttpClient client = HttpClient.newBuilder()
    .proxy(ProxySelector.of(new InetSocketAddress("127.0.0.1", 1080)))
    .authenticator(new Authenticator() {
      @Override protected PasswordAuthentication getPasswordAuthentication() {
        return new PasswordAuthentication("country-de", "x".toCharArray());
      }
    })
    .build();`,
    language: "java",
    note: "For https, run Java with `-Djdk.http.auth.tunneling.disabledSchemes=` and send `Proxy-Authorization` yourself: next entry.",
    kinds: ["http"],
    needs: ["java", "javac"],
    command: java(
      () => [],
      (line) =>
        `${line}\nInputStream stream = client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofInputStream()).body();`,
    ),
  },
  {
    program: "Java HttpClient",
    way: "HTTP, header",
    line: `HttpClient client = HttpClient.newBuilder()
    .proxy(ProxySelector.of(new InetSocketAddress("127.0.0.1", 1080))).build();
String name = java.util.Base64.getEncoder().encodeToString("country-de:x".getBytes());
HttpRequest request = HttpRequest.newBuilder(uri).header("Proxy-Authorization", "Basic " + name).build();`,
    language: "java",
    note: "Run Java with `-Djdk.http.auth.tunneling.disabledSchemes=`: without it, Java leaves the header out of https.",
    kinds: WEB,
    needs: ["java", "javac"],
    inReadme: true,
    command: java(
      () => [PROXY_FOR_CONNECT],
      (line) => `${line}\nInputStream stream = client.send(request, HttpResponse.BodyHandlers.ofInputStream()).body();`,
    ),
  },
  {
    program: "Java HttpURLConnection",
    way: "HTTP, properties and authenticator",
    line: `System.setProperty("https.proxyHost", "127.0.0.1");
System.setProperty("https.proxyPort", "1080");
System.setProperty("jdk.http.auth.tunneling.disabledSchemes", "");
Authenticator.setDefault(new Authenticator() {
  @Override protected PasswordAuthentication getPasswordAuthentication() {
    return new PasswordAuthentication("country-de", "x".toCharArray());
  }
});`,
    language: "java",
    note: "For http the two properties are `http.proxyHost` and `http.proxyPort`.",
    kinds: WEB,
    needs: ["java", "javac"],
    command: java(
      () => [],
      (line) => `${line}\n${OPEN}`,
    ),
  },
];
