import { toBywayError } from "../core/errors.ts";
import { parseIp } from "../core/ip-address.ts";
import { type Logger, silentLogger } from "../core/logger.ts";
import { unmappedBytes } from "../core/mapped-ipv4.ts";
import type { GeoFacts, GeoSource, Hosting } from "./geo-facts.ts";
import type { GeoFile } from "./geo-file.ts";
import type { GeoRecord } from "./geo-record.ts";

const NOTHING: GeoFacts = { hosting: "unknown" };

/**
 * Several files as one source. A later file wins field by field, but what belongs together stays together: a region and city
 * go when a later file names another country, the name of an AS when it names another number.
 */
export class LayeredGeo implements GeoSource {
  readonly #files: readonly GeoFile[];
  readonly #hostingAsns: ReadonlySet<number>;
  readonly #logger: Logger;
  /** Files that were found damaged, so that each is told once. */
  readonly #damaged = new Set<GeoFile>();

  constructor(
    components: { readonly files: readonly GeoFile[]; readonly logger?: Logger },
    options: { readonly hostingAsns: ReadonlySet<number> },
  ) {
    this.#files = components.files;
    this.#logger = components.logger ?? silentLogger;
    this.#hostingAsns = options.hostingAsns;
  }

  lookup(ip: string): GeoFacts {
    const parsed = parseIp(ip);
    if (parsed === undefined) return NOTHING;
    const address = { ...parsed, bytes: unmappedBytes(parsed.bytes) };
    let facts: GeoRecord | undefined;
    for (const file of this.#files) {
      try {
        const record = file.lookup(address);
        if (record !== undefined) facts = over(facts, record);
      } catch (error) {
        this.#tell(file, error);
      }
    }
    return { ...facts, hosting: facts?.hosting ?? this.#hosting(facts?.asn) };
  }

  #hosting(asn: number | undefined): Hosting {
    if (asn === undefined) return "unknown";
    return this.#hostingAsns.has(asn) ? "hosting" : "not-hosting";
  }

  #tell(file: GeoFile, error: unknown): void {
    if (this.#damaged.has(file)) return;
    this.#damaged.add(file);
    const { message } = toBywayError(error);
    this.#logger.warn("a file of address data is damaged; replace it with `byway geo update`", { reason: message });
  }
}

function over(below: GeoRecord | undefined, above: GeoRecord): GeoRecord {
  if (below === undefined) return above;
  const facts: { -readonly [K in keyof GeoRecord]: GeoRecord[K] } = { ...below };
  if (above.country !== undefined && above.country !== below.country) {
    delete facts.region;
    delete facts.regionCode;
    delete facts.city;
  }
  if (above.asn !== undefined && above.asn !== below.asn) delete facts.isp;
  return Object.assign(facts, above);
}
