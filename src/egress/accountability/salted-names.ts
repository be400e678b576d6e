import { createHmac } from "node:crypto";
import type { Random } from "../../core/random.ts";
import { DAY_MS } from "../../core/units.ts";

const SALT_BYTES = 32;
const NAME_CHARACTERS = 12;

/**
 * Names for links and payers that tell one from another and lead back to nobody: HMAC-SHA-256 with a salt that stays in
 * memory and is another one each day (UTC), so that not even the operator can say later whose a name was.
 */
export class SaltedNames {
  readonly #random: Random;
  #salt: Uint8Array = new Uint8Array(0);
  #day = Number.NaN;

  constructor(components: { random: Random }) {
    this.#random = components.random;
  }

  /** 12 characters of base64url: the same for the same text on the same day. */
  nameOf(text: string, nowMs: number): string {
    const day = Math.floor(nowMs / DAY_MS);
    if (day !== this.#day) {
      this.#salt = this.#random.bytes(SALT_BYTES);
      this.#day = day;
    }
    return createHmac("sha256", this.#salt).update(text).digest("base64url").slice(0, NAME_CHARACTERS);
  }
}
