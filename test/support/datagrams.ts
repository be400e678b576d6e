function hex(digits: string): Buffer {
  return Buffer.from(digits.replaceAll(/\s/g, ""), "hex");
}

function krpc(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

const ID = "abcdefghij0123456789";

/** Payloads that BitTorrent alone sends, as its specifications (BEP) show them. */
export const BITTORRENT_DATAGRAMS: Readonly<Record<string, Buffer>> = {
  "a connect request to a tracker, BEP 15": hex("00000417 27101980 00000000 12345678"),
  "a ping of the DHT, BEP 5": krpc(`d1:ad2:id20:${ID}e1:q4:ping1:t2:aa1:y1:qe`),
  "its answer": krpc("d1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re"),
  "get_peers with a version": krpc(
    `d1:ad2:id20:${ID}9:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers1:t2:aa1:v4:LT011:y1:qe`,
  ),
  "an answer with the asker's address, BEP 42": krpc(`d2:ip6:\x01\x02\x03\x04\x05\x061:rd2:id20:${ID}e1:t2:aa1:y1:re`),
  "an error of the DHT": krpc("d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee"),
  "local service discovery, BEP 14": Buffer.from(
    "BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\nInfohash: 00\r\n\r\n\r\n",
  ),
};

/** Payloads of other protocols, most as their specifications show them; those that begin with 41 look like uTP the most. */
export const ORDINARY_DATAGRAMS: Readonly<Record<string, Buffer>> = {
  "a DNS query": hex("abcd 0100 0001 0000 0000 0000 03777777 076578616d706c65 03636f6d 00 0001 0001"),
  "a DNS query of 20 bytes whose number begins as uTP does": hex("4100 0100 0001 0000 0000 0000 02636f00 0002 0001"),
  "a DNS query whose number is the tracker's first bytes": hex("0000 0417 0001 0000 0000 0000 02636f00 0002 0001"),
  "a QUIC Initial, RFC 9001 A.2": Buffer.concat([
    hex("c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9bd8bab936b47d92ec356c"),
    Buffer.alloc(1_152, 0x5a),
  ]),
  "a QUIC packet with a short header": hex("41fe4189655e5cd55c41f69080575d7999c25a5bfb8c9b21"),
  "a QUIC Version Negotiation": hex("c1 00000000 08 8394c8f03e515708 00 00000001 6b3343cf"),
  "a WireGuard handshake initiation": Buffer.concat([hex("01000000 12345678"), Buffer.alloc(140, 0xa5)]),
  "a WireGuard keepalive": Buffer.concat([hex("04000000 12345678 0100000000000000"), Buffer.alloc(16, 0x3c)]),
  "a STUN request of 20 bytes, RFC 8489": hex("00010000 2112a442 b7e7a701bc34d686fa87dfae"),
  "a STUN answer, RFC 5769 §2.2": hex("0101003c 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220"),
  "RTP with G.711, RFC 3550": Buffer.concat([hex("8000 1234 00000001 deadbeef"), Buffer.alloc(160, 0xff)]),
  "RTCP, RFC 3550": hex("80c80006 12345678 d0e1f2a3 b4c5d6e7 00000001 00000002 00000003"),
  "a DTLS hello, RFC 6347": hex("16feff0000000000000000003a 0100002e000000000000002e fefd"),
  "NTP, RFC 5905": Buffer.concat([hex("230006ec"), Buffer.alloc(44)]),
  "SNMP, RFC 1157": hex("302602010104067075626c6963a019020412345678020100020100300b300906052b060102010500"),
  SSDP: Buffer.from("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n"),
  "bencode that is no message of the DHT": Buffer.from("d3:cow3:moo4:spam4:eggse"),
  "bencode with a query and no id": Buffer.from("d1:q4:ping1:t2:aa1:y1:qe"),
  "a game's ping": Buffer.from("\xff\xff\xff\xffTSource Engine Query\0", "latin1"),
  "one byte": hex("41"),
  nothing: Buffer.alloc(0),
};
