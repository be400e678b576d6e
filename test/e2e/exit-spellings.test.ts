import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import { parseConstraints } from "../../src/routing/constraint-keys.ts";
import { placeOf } from "../../src/testnet/places.ts";
import { type Network, startNetwork } from "../support/network.ts";
import { type Origin, type SeenByOrigin, startOrigin } from "../support/origin.ts";
import { curl, withoutPrograms } from "../support/run-program.ts";

const NODES = 12;
const LOS_ANGELES = [7];
const GERMANY = [0, 6];
const UNITED_STATES = [1, 7];
const MOBILE = [2, 5, 7];

/** What users write, and the nodes (by their place in the network) that it may leave through. */
const SPELLINGS: readonly [userName: string, password: string, nodes: readonly number[]][] = [
  ["country-us", "", UNITED_STATES],
  ["country-US", "", UNITED_STATES],
  ["cc-us", "", UNITED_STATES],
  ["cr-us", "", UNITED_STATES],
  ["country-us+de", "", [...UNITED_STATES, ...GERMANY]],
  ["user-alice-country-us-state-ca", "", LOS_ANGELES],
  ["country-us-region-california", "", LOS_ANGELES],
  ["country-us-st-us_california", "", LOS_ANGELES],
  ["country-us-city-los_angeles", "", LOS_ANGELES],
  ["ct-Los_Angeles", "", LOS_ANGELES],
  ["asn-64503", "", LOS_ANGELES],
  ["isp-example_net_us_west", "", LOS_ANGELES],
  ["network-mobile", "", MOBILE],
  ["type-mobile-country-us", "", LOS_ANGELES],
  [
    "user-alice-country-us-state-ca-city-los_angeles-asn-64503-network-mobile-session-abc123-sesstime-10-hops-3-protocol-udp-strict",
    "",
    LOS_ANGELES,
  ],
  ["country-us-network-mobile-preset-fast", "", LOS_ANGELES],
  ["country-de-maxprice-0.5-minTrust-0.1", "", GERMANY],
  ["alice,country=us,city=los_angeles", "", LOS_ANGELES],
  ["user_alice,country_us,city_los_angeles", "", LOS_ANGELES],
  ["alice-country-us-city-los_angeles", "", LOS_ANGELES],
  ["alice", "x_country-us_city-los angeles", LOS_ANGELES],
  ["alice", "pw_country-us_session-8alnumxx_lifetime-10m", UNITED_STATES],
];

/** User names of other networks' customers, unchanged. */
const PROVIDERS: readonly [userName: string, password: string, nodes: readonly number[]][] = [
  ["brd-customer-hl_1234-zone-static-country-us-state-ca-session-a1", "secret", LOS_ANGELES],
  ["brd-customer-hl_1234-zone-static-country-us-city-losangeles-const-session-a2", "secret", LOS_ANGELES],
  ["customer-U-cc-US-st-us_california-city-los_angeles-sessid-abc-sesstime-30", "secret", LOS_ANGELES],
  ["user-U-country-us-session-x-sessionduration-30", "secret", UNITED_STATES],
  ["groups-RESIDENTIAL,session-x,country-US", "secret", [1]],
  ["user_123,type_mobile,country_US,session_x,sesstime_30,sessreplace_false", "secret", LOS_ANGELES],
  ["geonode_abc-country-US-type-residential-session-X-lifetime-5", "secret", [1]],
  ["USER-res-us-sid-12345", "secret", [1]],
  ["login__cr.us;sessttl.60", "secret", UNITED_STATES],
  ["xxx_c_US_city_Los-Angeles_s_100_ttl_30s", "secret", LOS_ANGELES],
];

suite("saying which exit", { skip: withoutPrograms("curl") }, () => {
  const cleanup = new AsyncDisposableStack();
  let origin: Origin;
  let network: Network;
  let lenient: HostPort;

  before(async () => {
    origin = cleanup.use(await startOrigin());
    const listen = { host: "127.0.0.1", port: 0 };
    const listeners = [{ listen, lenient: true }];
    network = cleanup.use(
      await startNetwork({ targets: [origin.http], nodes: NODES, client: { listeners, spareCircuits: 0 } }),
    );
    lenient = network.testnet.client.addresses[1] as HostPort;
  });
  after(() => cleanup.disposeAsync());

  const ask = async (proxy: HostPort, scheme: string, credentials: string, more: readonly string[] = []) => {
    const url = `http://${formatHostPort(origin.http)}/seen`;
    const args = ["-x", `${scheme}://${formatHostPort(proxy)}`, ...(credentials === ":" ? [] : ["-U", credentials])];
    return curl([...args, ...more, url]);
  };
  const countryAndCity = (nodes: readonly number[]): string[] =>
    nodes.map((node) => `${placeOf(node).country} ${placeOf(node).city}`);
  const placeSeen = ({ stdout, stderr }: { stdout: string; stderr: string }): string => {
    assert.match(stdout, /sourceAddress/, stderr);
    const { sourceAddress } = JSON.parse(stdout) as SeenByOrigin;
    const node = network.testnet.nodes.findIndex(({ address }) => address.host === sourceAddress);
    return countryAndCity([node])[0] ?? "";
  };

  for (const [userName, password, nodes] of SPELLINGS) {
    test(`${userName}${password === "" ? "" : ` with the password ${password}`}`, async () => {
      for (const scheme of ["http", "socks5h"]) {
        const place = placeSeen(await ask(network.proxy, scheme, `${userName}:${password}`));
        assert.ok(countryAndCity(nodes).includes(place), `${scheme}: left from ${place}`);
      }
    });
  }

  for (const [userName, password, nodes] of PROVIDERS) {
    test(`another network's ${userName}`, async () => {
      for (const scheme of ["http", "socks5h"]) {
        const place = placeSeen(await ask(lenient, scheme, `${userName}:${password}`));
        assert.ok(countryAndCity(nodes).includes(place), `${scheme}: left from ${place}`);
      }
    });
  }

  test("byway-select, on CONNECT and on a plain request, which never reaches the target", async () => {
    const select = 'byway-select: country=us, city="los angeles"';
    const plain = await ask(network.proxy, "http", ":", ["-H", select, "-H", "byway-debug: 1"]);
    assert.equal(placeSeen(plain), "us Los Angeles");
    assert.doesNotMatch(plain.stdout, /byway-/i);
    const connected = await ask(network.proxy, "http", ":", ["-p", "--proxy-header", select]);
    assert.equal(placeSeen(connected), "us Los Angeles");
  });

  test("the library takes the same words", async () => {
    const constraints = parseConstraints("country=us, state=ca, hops=2");
    const { stream, route } = await network.testnet.client.connect(origin.http, constraints);
    stream.destroy();
    assert.deepEqual([route.hops.length, route.exit.country, route.exit.asn], [2, "us", 64503]);
  });

  test("what is asked for and is not there is refused with the reason", async () => {
    const table = [
      ["contry-us", 400, /did you mean country/],
      ["country-usa", 400, /country must be/],
      ["country-us-hops-9", 400, /hops must be/],
      ["preset-private-hops-1", 400, /ERR_PARAMETER_CONFLICT/],
      ["zip-10001", 400, /zip/],
      ["country-us-city-berlin", 503, /0 in city berlin/],
      ["asn-1", 503, /no node fits asn=1/],
      ["country-us-minTrust-0.99", 503, /trust/],
    ] as const;
    for (const [userName, status, told] of table) {
      const { stdout } = await ask(network.proxy, "http", `${userName}:`, ["-w", "%{http_code}"]);
      assert.ok(stdout.endsWith(String(status)), `${userName}: ${stdout}`);
      assert.match(stdout, told, userName);
    }
  });

  test("a provider's zone has a free name, and the country beside it counts", async () => {
    const place = placeSeen(await ask(network.proxy, "http", "brd-customer-x-zone-static-country-us:"));
    assert.match(place, /^us /);
  });

  test("a lenient listener tells what it passed over", async () => {
    const { stdout } = await ask(lenient, "http", "brd-customer-x-zone-static-country-us-os-windows:x", ["-D", "-"]);
    assert.match(stdout, /^byway-ignored: .*os/im);
    const unknown = await ask(lenient, "http", "contry-us:x", ["-w", "%{http_code}"]);
    assert.match(unknown.stdout, /400$/);
  });
});
