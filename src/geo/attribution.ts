/** Whom data comes from and what its licence is: shown wherever Byway shows what it uses. */
export interface Attribution {
  /** A phrase that names the makers. */
  readonly credit: string;
  /** SPDX identifier where there is one. */
  readonly licence: string;
}

/** What the title in a MaxMind DB tells of its maker, and what the maker asks for. */
const MAKERS: readonly (readonly [RegExp, Attribution])[] = [
  [/^dbip/i, { credit: "IP Geolocation by DB-IP (https://db-ip.com)", licence: "CC-BY-4.0 for the Lite files" }],
  [
    /^geo(?:lite|ip)/i,
    {
      credit: "This product includes GeoLite Data created by MaxMind, available from https://www.maxmind.com",
      licence: "GeoLite End User License Agreement",
    },
  ],
  [
    /ipinfo/i,
    { credit: "IP address data powered by IPinfo (https://ipinfo.io)", licence: "CC-BY-SA-4.0 for IPinfo Lite" },
  ],
];

/** The attribution of a file that the operator brought; where its maker is not known from `title`, the operator must see to it. */
export function attributionOf(title: string | undefined): Attribution {
  const made = MAKERS.find(([pattern]) => title !== undefined && pattern.test(title));
  return made?.[1] ?? { credit: "the operator's own file", licence: "as its maker states" };
}
