import assert from "node:assert/strict";
import { test } from "node:test";
import { FakePolicy, firstBytes, verdicts } from "../../test/support/first-bytes-looks.ts";

/** What clients of other protocols say first, and then wait for an answer to. */
const PROTOCOLS: Readonly<Record<string, string>> = {
  "Redis, inline": "GET key\r\n",
  "Redis, RESP": "*1\r\n$4\r\nPING\r\n",
  memcached: "get key\r\n",
  "NNTP HEAD": "HEAD <1@x>\r\n",
  "NNTP POST": "POST\r\n",
  IRC: "NICK a\r\nUSER a 0 * :http://a\r\n",
  STOMP: "CONNECT\naccept-version:1.2\nhost:bad.example\n\n\0",
  "RTSP, not over": "OPTIONS rtsp://cam.b.example/ RTSP/1.0\r\n",
  "SIP keep-alive": "\r\n\r\n",
  SIP: "REGISTER sip:b.example SIP/2.0\r\nVia: SIP/2.0/TCP x\r\n",
  "HTTP/0.9": "GET /\r\n",
  telnet: "\xff\xfb\x18",
  rlogin: "\0",
  VNC: "RFB 003.008\n",
  SSH: "SSH-2.0-x\r\n",
  svn: "( 2 ",
  gopher: "\r\n",
  whois: "domain example.com\r\n",
  finger: "root\r\n",
  SMTP: "EHLO bad.example\r\n",
  IMAP: "a1 LOGIN a b\r\n",
  POP3: "USER a\r\n",
  FTP: "USER anonymous\r\n",
  MQTT: "\x10\x10\0\x04MQTT\x04\x02\0\x3c\0\x04abcd",
  AMQP: "AMQP\0\0\x09\x01",
  PostgreSQL: "\0\0\0\x08\x04\xd2\x16\x2f",
  MySQL: "\x20\0\0\x01\x85\xae\xff\0",
  MongoDB: "\x3a\0\0\0\x01\0\0\0",
  "DNS over TCP": "\0\x1d\x12\x34\x01\0",
  LDAP: "0\x0c\x02\x01\x01\x60\x07",
  XMPP: "<?xml version='1.0'?><stream:stream to='bad.example'>",
  RDP: "\x03\0\0\x13\x0e\xe0",
  NATS: 'CONNECT {"verbose":false}\r\n',
  git: "0032git-upload-pack /x.git\0host=bad.example\0",
  Minecraft: "\x16\0\xf6\x05\x0fmc.server.example",
  modem: "AT\r",
  "a key at a console": "G",
  "two letters": "PO",
  "an empty line": "\r",
  "Ctrl-S": "\x13",
  "Ctrl-S and a letter": "\x13B",
  "Ctrl-V": "\x16",
  "two bytes of a serial line": "\x16\x03",
  "Ctrl-U": "\x15",
  JSON: '{"id":1}\n',
};

test("what clients of other protocols say first passes at once, wherever hosts matter or not", () => {
  for (const [what, text] of Object.entries(PROTOCOLS)) {
    for (const judgesHosts of [true, false]) {
      const said = verdicts(firstBytes("a.example", new FakePolicy(false, judgesHosts)), ...text.split(/(?<=\n)/));
      assert.ok(
        said.every((verdict) => ["open", "pass", "end"].includes(String(verdict))),
        `${what}: ${said}`,
      );
    }
  }
});
