import type { Delivery } from './failure.js';
import { printable } from './printable.js';

/** What failures and errors have in common: enough to tell the story. */
interface Explainable {
  readonly code: string;
  readonly message: string;
  readonly errorCode?: number | undefined;
  readonly delivery?: Delivery | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

const DELIVERY: Readonly<Record<Delivery, string>> = {
  'not-sent': 'The request never ran: it is safe to repeat.',
  unknown: 'The request was sent and not answered: it may have run.',
  answered: 'The server answered.',
};

/** One thing a person can do, by code. Codes that say everything themselves have none. */
const HINTS: Readonly<Record<string, string>> = {
  MCP_SPAWN_FAILED: 'Check that the command is installed and on PATH, and that cwd exists.',
  MCP_PROCESS_EXITED:
    'Run the command by hand and look at what it prints; a missing environment variable or package is common.',
  MCP_TIMEOUT: 'If the operation is meant to take this long, raise `timeout`, or let the server report progress.',
  MCP_TRANSPORT_BUSY: 'Construct a new transport for each client.',
  MCP_MESSAGE_TOO_LARGE: 'Raise `maxMessageBytes` if messages of this size are expected.',
  MCP_NOT_CONNECTED: 'Call connect() first, or construct the client with `MCPClient.connect`.',
  MCP_CONNECTION_LOST:
    'With `autoReconnect` a lost connection comes back by itself, if that takes no more than `maxReconnectAttempts`.',
  MCP_QUEUE_FULL: 'Raise `maxQueued`, or wait for calls to finish before making more.',
  MCP_UNSUPPORTED_VERSION: 'Client and server share no protocol revision: update one of them, or check a pinned `era`.',
  MCP_CAPABILITY_MISSING: 'Look at the capabilities in `getServerInfo()` before calling.',
  MCP_AUTHENTICATION_REQUIRED: 'The server wants a valid token.',
};

const TRUST = 'Trust its authority with NODE_EXTRA_CA_CERTS, or with the `dispatcher` or `agent` of the transport.';
const UNKNOWN_AUTHORITY = `The certificate of the server was signed by nobody that this client trusts. ${TRUST}`;
const NO_TLS = 'The server does not speak TLS at this port: the URL may have to begin with http:// or ws://.';
const SHOW_ONE = 'Give the transport a `dispatcher` or `agent` with one.';

/** The same for a transport that failed, by what the system or TLS said, which is in `details.reason`. */
const TRANSPORT_HINTS = new Map<unknown, string>(
  Object.entries({
    ECONNREFUSED: 'Nothing listens there: check that the server runs, and its port.',
    ENOTFOUND: 'There is no such host: check its name, and the DNS.',
    UND_ERR_HEADERS_OVERFLOW:
      'The headers of an answer may have 16 KiB; a `dispatcher` with `maxHeaderSize` lets them have more.',
    UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
    SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
    DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
    CERT_HAS_EXPIRED:
      'The certificate of the server has expired: it has to be renewed; or check the clock of this machine.',
    CERT_NOT_YET_VALID: 'The certificate of the server is not valid yet: check the clock of this machine.',
    ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate of the server is for another name: check the host in the URL.',
    ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
    ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
    ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: `The server wants a client certificate. ${SHOW_ONE}`,
    ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: `The server broke off the TLS handshake, perhaps for want of a client certificate. ${SHOW_ONE}`,
  }),
);

/** At most this much of a server's standard error goes into an explanation. */
const LONGEST_TAIL = 2_000;

/** At most so many causes are told: what others throw may be its own cause. */
const DEEPEST = 20;

/** Tells a failure, and what led to it, in lines for a person. */
export function explainFailure(start: Explainable): string {
  const lines: string[] = [];
  let indent = '';
  for (let current: unknown = start; current !== undefined; current = causeOf(current)) {
    if (indent.length > 2 * DEEPEST) break;
    lines.push(`${indent}${indent === '' ? '' : 'because '}${headline(current)}`);
    if (isExplainable(current)) {
      for (const line of facts(current)) lines.push(`${indent}  ${line}`);
    }
    indent += '  ';
  }
  if (start.delivery !== undefined) lines.push(DELIVERY[start.delivery]);
  const hint = hintFor(start);
  if (hint !== undefined) lines.push(`Hint: ${hint}`);
  return printable(lines.join('\n'));
}

/** The hint of the innermost cause that has one: that is where something can be done. */
export function hintFor(start: Explainable): string | undefined {
  let hint: string | undefined;
  let depth = 0;
  for (let current: unknown = start; isExplainable(current) && depth <= DEEPEST; current = causeOf(current)) {
    const { code, details } = current;
    hint = (code === 'MCP_TRANSPORT_FAILED' ? TRANSPORT_HINTS.get(details?.reason) : HINTS[code]) ?? hint;
    depth += 1;
  }
  return hint;
}

function headline(value: unknown): string {
  if (!isExplainable(value)) return value instanceof Error ? value.message : 'something that is not an error';
  return `${value.message} [${value.code}]`;
}

function facts(value: Explainable): string[] {
  const lines: string[] = [];
  const { stderr, ...rest } = value.details ?? {};
  for (const [name, fact] of Object.entries(rest)) {
    if (typeof fact === 'string' || typeof fact === 'number' || fact === null) lines.push(`${name}: ${String(fact)}`);
  }
  if (typeof stderr === 'string' && stderr !== '') lines.push(`stderr: ${stderr.slice(-LONGEST_TAIL).trimEnd()}`);
  return lines;
}

function isExplainable(value: unknown): value is Explainable {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Explainable).code === 'string' &&
    typeof (value as Explainable).message === 'string'
  );
}

function causeOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as { cause?: unknown }).cause : undefined;
}
