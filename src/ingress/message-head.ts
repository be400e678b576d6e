import type { HeadCollector } from "../http1/head-collector.ts";
import type { MessageSource } from "./message-source.ts";

/**
 * Reads a head; resolves with undefined when the connection ends before its first byte. Rejects with what `collector` throws,
 * with what `cut` makes of an end in the middle of the head, and with what broke the connection. `onPart` is called when a part
 * of the head has come.
 */
export function readHead(
  source: MessageSource,
  collector: HeadCollector,
  cut: () => Error,
  onPart?: () => void,
): Promise<HeadCollector | undefined> {
  return new Promise((resolve, reject) => {
    source.read({
      get kept() {
        return collector.bytes;
      },
      take: (bytes) => {
        try {
          const taken = collector.take(bytes);
          if (collector.isWhole) {
            source.read(undefined);
            resolve(collector);
          } else onPart?.();
          return taken;
        } catch (error) {
          source.read(undefined);
          reject(error);
          return 0;
        }
      },
      over: (cause) => {
        if (cause !== undefined) reject(cause);
        else if (source.length === 0 && collector.lines.length === 0) resolve(undefined);
        else reject(cut());
      },
    });
  });
}
