import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY_MS } from "../core/units.ts";
import { volumeSpeed } from "./volume-speed.ts";

const GB = 1e9;

test("free below 80 %, then what lasts until the reset, never below 1 Mbit/s", () => {
  const rows: [cap: number, used: number, days: number, speed: number | undefined][] = [
    [2_000_000, 0, 30, undefined],
    [2_000_000, 1_000_000, 30, undefined],
    // 100 TB are left until 95 %, for ten days: two bytes of the line for each that is carried.
    [2_000_000, 1_800_000, 10, (100_000 * GB) / 2 / (10 * 86_400)],
    [2_000_000, 1_950_000, 10, (50_000 * GB) / 2 / (10 * 86_400)],
    [200, 170, 10, 125_000],
    [200, 200, 10, 125_000],
    [200, 250, 10, 125_000],
    // The brake: a twentieth of what is left, as the line moves each byte twice.
    [1, 0, 30, GB / 20],
    [1, 0.5, 30, GB / 40],
  ];
  for (const [cap, used, days, speed] of rows) {
    const actual = volumeSpeed({ capBytes: cap * GB, usedBytes: used * GB, leftMs: days * DAY_MS });
    if (speed === undefined || actual === undefined) assert.equal(actual, speed, `${used} of ${cap}`);
    else assert.ok(Math.abs(actual / speed - 1) < 1e-9, `${used} of ${cap}: ${actual}`);
  }
});

test("whatever the line, the cap is never passed by 1 %, and where the floor allows it lasts until the reset", () => {
  for (const capGb of [1, 200, 5000]) {
    for (const lineBytes of [2_500_000, 125_000_000, 12_500_000_000]) {
      const capBytes = capGb * GB;
      let used = 0;
      let second = 0;
      let closedAt: number | undefined;
      const month = 30 * 86_400;
      while (second < month && used < capBytes) {
        const leftMs = (month - second) * 1000;
        const speed = Math.min(
          volumeSpeed({ capBytes, usedBytes: used, leftMs }) ?? Number.POSITIVE_INFINITY,
          lineBytes,
        );
        // Seconds one by one where much may happen in one; a look that comes every second sees no less.
        const step = used < 0.7 * capBytes || used > 0.94 * capBytes || speed * 2 > capBytes / 1000 ? 1 : 60;
        used += speed * 2 * step;
        second += step;
        if (used >= 0.95 * capBytes) closedAt ??= second;
      }
      assert.ok(used <= capBytes * 1.01, `${capGb} GB at ${lineBytes} B/s: ${used / capBytes}`);
      // With the 15 % that the landing has, the floor alone lasts a month from 4,320 GB on.
      if (capGb >= 5000)
        assert.ok((closedAt ?? month) >= 0.999 * month, `${capGb} GB at ${lineBytes} B/s closes at ${closedAt} s`);
    }
  }
});
