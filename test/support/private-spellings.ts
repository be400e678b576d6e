import type { Random } from "../../src/core/random.ts";
import { below, oneOf } from "./mutated-bytes.ts";

type Quad = readonly [number, number, number, number];

/** The address, gateway and networks that a node has in these spellings' world. */
export const OWN = {
  addresses: ["198.41.5.5", "2620:fe::5"],
  gateways: ["198.41.5.1"],
  prefixes: ["198.41.5.5/24", "2620:fe::5/64"],
} as const;

function quad(random: Random): Quad {
  const b = (): number => below(random, 256);
  return oneOf<() => Quad>(random, [
    () => [10, b(), b(), b()],
    () => [127, b(), b(), b()],
    () => [192, 168, b(), b()],
    () => [172, 16 + below(random, 16), b(), b()],
    () => [169, 254, b(), b()],
    () => [100, 64 + below(random, 64), b(), b()],
    () => [0, b(), b(), b()],
    () => [224 + below(random, 32), b(), b(), b()],
    () => [198, 41, 5, b()],
  ])();
}

/** A number as some reader takes it: decimal, octal or hexadecimal, with zeros before it. */
function number(value: number, random: Random): string {
  const octal = `0${"0".repeat(below(random, 4))}${value.toString(8)}`;
  const hex = `${oneOf(random, ["0x", "0X"])}${"0".repeat(below(random, 4))}${value.toString(16)}`;
  return oneOf(random, [String(value), octal, hex, hex.toUpperCase().replace("0X", "0x")]);
}

const DOTS = [".", "。", "．", "｡"];
const CIRCLED = "⓪①②③④⑤⑥⑦⑧⑨";

/** Letters, digits and dots as Unicode has them elsewhere, all of which fold to the plain ones. */
function folded(text: string, random: Random): string {
  return [...text]
    .map((char) => {
      if (char === ".") return oneOf(random, DOTS);
      if (!/[0-9A-Za-z]/.test(char) || random.float() < 0.5) return char;
      const wide = String.fromCodePoint((char.codePointAt(0) ?? 0) + 0xfee0);
      return /[0-9]/.test(char) ? oneOf(random, [wide, CIRCLED[Number(char)] ?? wide]) : wide;
    })
    .join("");
}

function ipv4(random: Random): string {
  const [a, b, c, d] = quad(random);
  const all = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  const n = (value: number): string => number(value, random);
  const plain = oneOf(random, [
    `${n(a)}.${n(b)}.${n(c)}.${n(d)}`,
    `${n(a)}.${n(b)}.${n((c << 8) | d)}`,
    `${n(a)}.${n(all & 0xffffff)}`,
    n(all),
    `${a}.${b}.${c}.${d}`,
  ]);
  const ends = ["", "", "", ".", "..", "\u00ad", "\u200b", "%00", "\0", " ", "\t", "/", "?", "#", ":80", "@a.example"];
  return `${oneOf(random, [plain, folded(plain, random)])}${oneOf(random, ends)}`;
}

function ipv6(random: Random): string {
  const [a, b, c, d] = quad(random);
  const word = (high: number, low: number): string => ((high << 8) | low).toString(16);
  const words = `${word(a, b)}:${word(c, d)}`;
  const dotted = `${a}.${b}.${c}.${d}`;
  const local = [
    "::1",
    "::",
    "0::1",
    "0:0:0:0:0:0:0:1",
    "::0001",
    "ff02::1",
    "100::1",
    "4000::1",
    "e000::1",
    "fec0::1",
  ];
  const holding = [
    ...["::ffff:", "::", "::ffff:0:", "64:ff9b::"].flatMap((prefix) => [`${prefix}${words}`, `${prefix}${dotted}`]),
    ...[`64:ff9b:1::${words}`, `2002:${words}::`, `2001:0:${words}::1`, `fe80::${words}`, `2620:fe::${words}`],
    `2001:0:0:0:0:0:${word(a ^ 255, b ^ 255)}:${word(c ^ 255, d ^ 255)}`,
    `fd${word(0, below(random, 256)).padStart(2, "0")}::${words}`,
  ];
  const text = oneOf(random, [...holding, ...holding, ...local]);
  const zone = oneOf(random, ["", "", "", "%eth0", "%25lo", "%1"]);
  const written = oneOf(random, [text, text.toUpperCase()]) + zone;
  return oneOf(random, [written, `[${written}]`, `[[${written}]]`, `[${written}`, `[${written}]:80`]);
}

const SUFFIXES = [
  "localhost",
  "local",
  "internal",
  "home.arpa",
  "lan",
  "onion",
  "byway.alt",
  "invalid",
  "corp",
  "intranet",
  "private",
  "home",
  "localdomain",
  "alt",
];

function name(random: Random): string {
  const suffix = oneOf(random, SUFFIXES);
  const whole = oneOf(random, [suffix, `a.${suffix}`, `x.y.${suffix}`, "router", "1.2.3.4.5", "a.1", "a.0x1"]);
  const hidden = whole.replace(/(?<=.)/, oneOf(random, ["", "\u00ad", "\u200b", "\u2060"]));
  return `${oneOf(random, [whole, whole.toUpperCase(), hidden, folded(whole, random)])}${oneOf(random, ["", "."])}`;
}

/** An address that is not public, or a name that is only this machine's or network's, in a spelling of chance's. */
export function privateSpelling(random: Random): string {
  return oneOf(random, [ipv4, ipv4, ipv6, ipv6, name])(random);
}
