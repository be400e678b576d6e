import { nearestName } from "./nearest-name.ts";

/** The codes that ISO 3166-1 assigns, in lower case, and `xk`, which address data has for Kosovo. */
export const COUNTRY_CODES: ReadonlySet<string> = new Set(
  (
    "ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs bt bv bw by bz " +
    "ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh er es et fi fj fk fm fo fr " +
    "ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp " +
    "ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq mr ms mt " +
    "mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw " +
    "sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz " +
    "ua ug um us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw xk"
  ).split(" "),
);

let names: ReadonlyMap<string, string> | undefined;

/**
 * The code of the country whose English name `text` is, or nearly is; undefined where there is none, and for texts of less
 * than four letters, which resemble many. In user names a space is written `_`.
 */
export function countryByName(text: string): string | undefined {
  names ??= englishNames();
  if (text.length < 4 || text.length > 40) return undefined;
  const { name } = nearestName(text.replaceAll("_", " "), names.keys(), text.length > 5 ? 2 : 1);
  return names.get(name);
}

function englishNames(): ReadonlyMap<string, string> {
  const english = new Intl.DisplayNames("en", { type: "region", fallback: "none" });
  return new Map([...COUNTRY_CODES].flatMap((code) => nameOf(english, code)));
}

function nameOf(english: Intl.DisplayNames, code: string): readonly (readonly [string, string])[] {
  const name = english.of(code.toUpperCase());
  return name === undefined ? [] : [[name, code]];
}
