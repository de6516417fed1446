const TRUST = 'Trust its authority with NODE_EXTRA_CA_CERTS, or with the `dispatcher` or `agent` of the transport.';
const UNKNOWN_AUTHORITY = `The certificate of the server is not signed by a trusted authority. ${TRUST}`;
const NO_TLS =
  'The server does not use TLS on this port: check the port. Only for a server on this machine, try http:// or ws://.';
const SHOW_ONE = 'Pass the transport a `dispatcher` (WebSocket: an `agent`) with a client certificate.';
const NO_ROUTE = 'There is no route to this address: check the network, the VPN and the address.';
const CUT =
  'The server, or a proxy in front of it, closed the connection: check the log of the server and the timeouts of proxies.';
const NO_HTTP =
  'The server on this port does not use HTTP: check the port, and whether the URL must begin with https://.';
const SLOW_TO_OPEN = 'This address does not respond: check the address, and whether a firewall drops the packets.';

/** Hints by `details.reason`: the error code of the system, of Node or of TLS. */
const REASON_HINTS = new Map<unknown, string>(
  Object.entries({
    ECONNREFUSED: 'No process listens on this port: check that the server is running, and the port in the URL.',
    ENOTFOUND: 'The host does not exist: check the host name in the URL, and the DNS.',
    EAI_AGAIN: 'The DNS does not respond: check the network, and the host name in the URL.',
    EHOSTUNREACH: NO_ROUTE,
    ENETUNREACH: NO_ROUTE,
    ETIMEDOUT: SLOW_TO_OPEN,
    UND_ERR_CONNECT_TIMEOUT: SLOW_TO_OPEN,
    ECONNRESET: CUT,
    EPIPE: CUT,
    UND_ERR_SOCKET: CUT,
    HTTPParserError: NO_HTTP,
    HPE_HEADER_OVERFLOW:
      'The headers of the response are longer than 16 KiB: raise the limit with the option --max-http-header-size of Node.',
    UND_ERR_HEADERS_OVERFLOW:
      'The headers of the response are longer than 16 KiB: pass the transport a `dispatcher` with a larger `maxHeaderSize`.',
    UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
    SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
    DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
    CERT_HAS_EXPIRED: 'The certificate of the server has expired: renew it, or correct the clock of this machine.',
    CERT_NOT_YET_VALID: 'The certificate of the server is not valid yet: check the clock of this machine.',
    ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate of the server is for another name: check the host in the URL.',
    ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
    ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
    ERR_SSL_DATA_LENGTH_TOO_LONG: NO_TLS, // the same in OpenSSL 3.5
  }),
);

const REFUSED_CERTIFICATE = `The server does not accept the client certificate, or requires one and received none. ${SHOW_ONE}`;

/**
 * Hints by the TLS alert of the server (names of RFC 8446, section 6). OpenSSL puts the name into the reason, after a prefix that depends on its
 * version: `SSLV3_ALERT_…` in Node 20 is `SSL/TLS_ALERT_…` in Node 22.
 */
const TLS_ALERT_HINTS = new Map<string | undefined, string>(
  Object.entries({
    CERTIFICATE_REQUIRED: `The server requires a client certificate. ${SHOW_ONE}`,
    NO_CERTIFICATE: `The server requires a client certificate. ${SHOW_ONE}`,
    HANDSHAKE_FAILURE: `The server aborted the TLS handshake, perhaps because it requires a client certificate. ${SHOW_ONE}`,
    BAD_CERTIFICATE: REFUSED_CERTIFICATE,
    UNSUPPORTED_CERTIFICATE: REFUSED_CERTIFICATE,
    CERTIFICATE_UNKNOWN: REFUSED_CERTIFICATE,
    ACCESS_DENIED: REFUSED_CERTIFICATE,
    CERTIFICATE_REVOKED: 'The client certificate was revoked: get a new one.',
    CERTIFICATE_EXPIRED: 'The client certificate has expired: renew it.',
    UNKNOWN_CA: 'The server does not trust the authority that signed the client certificate.',
    PROTOCOL_VERSION: 'Server and client have no common TLS version: the server must support TLS 1.2 or later.',
    INSUFFICIENT_SECURITY: 'The server requires stronger ciphers than Node offers.',
    UNRECOGNIZED_NAME: 'The server has no certificate for this host: check the host in the URL.',
    INTERNAL_ERROR: 'The server failed during the TLS handshake: its log says why.',
  }),
);
const TLS_ALERT = /^ERR_SSL_(?:\S*_ALERT_|TLSV1_)(\S+)$/;

/** The hint for an error of the network or of TLS. */
export function reasonHint(reason: unknown): string | undefined {
  if (typeof reason !== 'string') return undefined;
  const known = REASON_HINTS.get(reason) ?? TLS_ALERT_HINTS.get(TLS_ALERT.exec(reason)?.[1]);
  // All other codes of Node's HTTP parser: they differ between versions of Node for the same bytes.
  return known ?? (reason.startsWith('HPE_') ? NO_HTTP : undefined);
}
