import { systemClock } from "../../src/core/clock.ts";
import { generateIdentity, type Identity } from "../../src/identity/identity.ts";
import { decodeEnvelope } from "../../src/wire/envelope.ts";
import { signedPeer } from "./signed-peer.ts";

/** Who signed them. */
export const SIGNER: Identity = generateIdentity();
/** A signed advertisement with all fields, and its payload. */
export const ENVELOPE: Uint8Array = signedPeer(systemClock, SIGNER, {
  endpoints: [
    { host: "9.9.9.9", port: 4433 },
    { host: "2620:fe::fe", port: 443 },
  ],
  protocols: ["tcp", "udp"],
  policy: { acceptedPorts: [{ first: 80, last: 443 }] },
  region: "Hesse",
  city: "Frankfurt",
  isp: "Example Net",
  asn: 64_500,
  network: "hosting",
  upMbps: 5,
  downMbps: 6,
  availability: { last7Days: 0.5, last30Days: 1 },
  load: 0.25,
  family: [SIGNER.peerId],
});
export const PAYLOAD: Uint8Array = decodeEnvelope(ENVELOPE).payload;
