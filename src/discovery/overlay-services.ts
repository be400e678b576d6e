import type { Clock } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { OverlayServices } from "../overlay/overlay.ts";
import { openAdvertisement } from "../peers/signed-advertisement.ts";
import { decodeAdvertisement } from "../wire/advertisement.ts";
import { decodeEnvelope } from "../wire/envelope.ts";
import { ExchangeServer, type ExchangeServerComponents } from "./exchange-server.ts";

/** What the directory does for strangers who come over the overlay: answers them, and says which records are good. */
export function overlayServices(
  components: ExchangeServerComponents & { readonly clock: Clock },
  { localNetwork }: { readonly localNetwork: boolean },
): OverlayServices {
  const exchange = new ExchangeServer(components);
  return {
    answer: (asker, request) => exchange.answer(asker, request),
    checkRecord(peer, envelope) {
      try {
        const advertisement = openAdvertisement(envelope, { nowMs: components.clock.nowMs(), localNetwork });
        if (advertisement.peer === peer) return;
        throw new BywayError("ERR_ADVERTISEMENT_SIGNATURE", "the record of a peer holds another's advertisement");
      } catch (error) {
        const refusal = toBywayError(error);
        // A record that was good when it was put grows old in everybody's store.
        if (refusal.code !== "ERR_ADVERTISEMENT_EXPIRED") components.book.rejections.addError(refusal);
        throw refusal;
      }
    },
    newestRecord(envelopes) {
      const numbers = envelopes.map((envelope) => decodeAdvertisement(decodeEnvelope(envelope).payload).seq);
      return numbers.indexOf(Math.max(...numbers));
    },
  };
}
