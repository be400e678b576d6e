/** A host and port. `host` is a name or an IP address without brackets, `port` 1-65535 (0 only when asking to listen). */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Writes `host:port`, an IPv6 address in brackets (RFC 3986 §3.2.2). */
export function formatHostPort(address: HostPort): string {
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
