import { asnField, countryField, definedRecord, type GeoRecord, textField } from "./geo-record.ts";
import { isMap, type MmdbMap, type MmdbValue } from "./mmdb-decoder.ts";

/**
 * What a record of a MaxMind DB says, in the shapes that are in use: MaxMind's and DB-IP's own nested ones (`country.iso_code`,
 * `city.names.en`), the flat ones of ip-location-db (`country_code`, `state1`, `city`) and of ipinfo (`country`, `asn: "AS64496"`).
 */
export function mmdbRecord(map: MmdbMap): GeoRecord | undefined {
  const subdivisions = map.get("subdivisions");
  const division = Array.isArray(subdivisions) ? (subdivisions[0] as MmdbValue | undefined) : undefined;
  return definedRecord({
    country:
      countryField(inner(map.get("country"), "iso_code")) ??
      countryField(map.get("country_code")) ??
      countryField(map.get("country")),
    region: name(division) ?? textField(map.get("state1")) ?? textField(map.get("region")),
    regionCode: regionCode(inner(division, "iso_code")) ?? regionCode(map.get("region_code")),
    city: name(map.get("city")) ?? textField(map.get("city")),
    asn: asnField(map.get("autonomous_system_number")) ?? asnField(map.get("asn")),
    isp: textField(map.get("autonomous_system_organization")) ?? textField(map.get("as_name")),
  });
}

function inner(value: MmdbValue | undefined, key: string): MmdbValue | undefined {
  return isMap(value) ? value.get(key) : undefined;
}

function name(value: MmdbValue | undefined): string | undefined {
  return textField(inner(inner(value, "names"), "en"));
}

function regionCode(value: unknown): string | undefined {
  return typeof value === "string" && /^[a-z0-9]{1,3}$/i.test(value) ? value.toLowerCase() : undefined;
}
