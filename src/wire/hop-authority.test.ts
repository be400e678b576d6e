import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { onlyTypedErrors } from "../../test/support/hostile-bytes.ts";
import { formatHopAuthority, parseHopAuthority } from "./hop-authority.ts";

const ID = "k51qzi5uqu5dljtg5upm7x7ugan9lql3ewyknv4r4mhhkwzn8n7cnbd1unfwgq";

test("a hop has a name under byway.alt", () => {
  assert.equal(formatHopAuthority(ID), `${ID}.byway.alt:443`);
  assert.equal(parseHopAuthority(`${ID}.byway.alt:443`), ID);
  assert.equal(parseHopAuthority(`${ID.toUpperCase()}.Byway.ALT.:443`), ID);
});

test("other authorities are not those of hops", () => {
  for (const authority of ["example.com:443", "notbyway.alt:443", "byway.alt.example:80", "alt:1", "[::1]:443"]) {
    assert.equal(parseHopAuthority(authority), undefined, authority);
  }
});

test("a malformed hop is refused and never taken for a target", () => {
  const refused = [
    "byway.alt:443",
    "x.byway.alt:443",
    `${ID}.byway.alt:80`,
    `${ID}.byway.alt`,
    `a.${ID}.byway.alt:443`,
    `${ID.slice(1)}.byway.alt:443`,
    `${ID}.ｂyway.alt:80`,
    "",
    "a",
  ];
  for (const authority of refused) {
    assert.throws(() => parseHopAuthority(authority), { code: "ERR_REQUEST_TARGET" }, authority);
  }
  for (const id of ["", "12D3Koo", ID.toUpperCase(), `${ID}a`, `${ID}\n`, `${ID.slice(2)}.x`]) {
    assert.throws(() => formatHopAuthority(id), { code: "ERR_REQUEST_TARGET" }, id);
  }
});

test("any text is a hop, a target or a typed error", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => onlyTypedErrors(() => parseHopAuthority(text))));
  fc.assert(
    fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 3 }), (front, back) => {
      onlyTypedErrors(() => parseHopAuthority(`${front}${ID}.byway.alt${back}:443`));
    }),
  );
});
