/*
 * The static table of RFC 7541, appendix A: `name`, or `name value` where there is a value. Index 1 is the first.
 */
const ROWS = `:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`
  .split("\n")
  .map((row) => row.split(/ (.*)/));

/** Names by index; 0 has none. */
export const STATIC_NAMES: readonly string[] = ["", ...ROWS.map(([name = ""]) => name)];

/** Values by index, empty where the table has none. */
export const STATIC_VALUES: readonly string[] = ["", ...ROWS.map(([, value = ""]) => value)];
