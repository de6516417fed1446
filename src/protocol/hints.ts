import { describeAge } from './age.js';

/** What a hint is found by: a failure, or an error that was made of one. */
export interface Hintable {
  readonly code: string;
  readonly message: string;
  readonly errorCode?: number | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** Where it happened, as far as that is known. */
export interface Circumstances {
  /** What the connection was doing. */
  readonly state?: string | undefined;
  /** The server wrote something to its standard output that is no message. */
  readonly noise?: boolean | undefined;
}

type Finder = (failure: Hintable, about: Circumstances) => string | undefined;

const NOISE =
  'The server writes to its standard output what is no message: have it log to standard error, or silence what it prints.';

/** What servers, and what starts them, write to standard error, the most telling first. */
const STDERR_HINTS: readonly (readonly [RegExp, string])[] = [
  [/EADDRINUSE|address already in use/i, 'Its port is taken: an older copy of the server may still run.'],
  [
    /Need to install the following packages|Ok to proceed\?/i,
    'npx waits for somebody to agree to an installation: add `-y` to its arguments.',
  ],
  [
    /npm (?:ERR!|error) (?:code )?E404|404 Not Found - GET/i,
    'The package registry has no package of this name: check its name and version.',
  ],
  [
    /npm (?:ERR!|error) (?:code )?(?:ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN)/i,
    'The package registry cannot be reached: check the network and the proxy, or install the package beforehand.',
  ],
  [
    /command not found|: not found|No such file or directory|is not recognized as an internal or external command/i,
    'The command, or one that it calls, is not there: install it, or give its full path. Only a safe part of your environment is passed on.',
  ],
  [
    /Cannot find (?:module|package)|ERR_MODULE_NOT_FOUND/,
    'A file or package of the server is missing: check the path in `args` and `cwd`, and run its installation or build.',
  ],
  [
    /ModuleNotFoundError|ImportError/,
    'A Python package of the server is missing: install it into the environment that the command uses.',
  ],
  [
    /heap out of memory|MemoryError|Cannot allocate memory/i,
    'The server ran out of memory: give it more, such as with NODE_OPTIONS=--max-old-space-size in `env`.',
  ],
  [/EACCES|Permission denied/i, 'The server may not use a file or port that it needs: check their permissions.'],
  [/ENOSPC|no space left/i, 'The disk is full.'],
  [/Unsupported engine|requires (?:node|python)/i, 'The server needs another version of what runs it.'],
  [
    /(?:api[_ -]?key|token|environment variable)\b.{0,60}\b(?:required|missing|not set|must be set|undefined)|(?:required|missing).{0,40}(?:api[_ -]?key|token|environment variable)/i,
    'The server misses a setting, perhaps a secret: give it in `env`. Only a safe part of your environment is passed on.',
  ],
];

const EXIT_HINTS = new Map<unknown, string>([
  [0, 'The server ended as if it was done: it may need an argument that makes it speak over stdio.'],
  [126, 'The command was found and may not be executed: check its permissions.'],
  [
    127,
    'The command, or one that it calls, is not there: install it, or give its full path. Only a safe part of your environment is passed on.',
  ],
]);

const CRASHED = 'The server crashed in native code: look for a newer version of it, or of what runs it.';
const SIGNAL_HINTS = new Map<unknown, string>([
  ['SIGKILL', 'Somebody killed the server. Where nobody did, it was the system, for want of memory.'],
  ['SIGTERM', 'Somebody asked the server to end.'],
  ['SIGSEGV', CRASHED],
  ['SIGABRT', CRASHED],
  ['SIGILL', CRASHED],
  ['SIGBUS', CRASHED],
]);

const TRUST = 'Trust its authority with NODE_EXTRA_CA_CERTS, or with the `dispatcher` or `agent` of the transport.';
const UNKNOWN_AUTHORITY = `The certificate of the server was signed by nobody that this client trusts. ${TRUST}`;
const NO_TLS = 'The server does not speak TLS at this port: the URL may have to begin with http:// or ws://.';
const SHOW_ONE = 'Give the transport a `dispatcher` or `agent` with one.';
const NO_ROUTE = 'The network does not lead there: check the network, a VPN, and the address.';
const CUT =
  'The server, or something in between, cut the connection: look at what the server logged, and at time limits of proxies.';
const NO_HTTP =
  'What listens there does not speak HTTP: check the port, and whether the URL has to begin with https://.';
const SLOW_TO_OPEN = 'Nothing answers there: check the address, and whether a firewall drops what goes there.';

/** By what the system or TLS said, which is in `details.reason`. */
const REASON_HINTS = new Map<unknown, string>(
  Object.entries({
    ECONNREFUSED: 'Nothing listens there: check that the server runs, and its port.',
    ENOTFOUND: 'There is no such host: check its name, and the DNS.',
    EAI_AGAIN: 'The DNS does not answer: check the network.',
    EHOSTUNREACH: NO_ROUTE,
    ENETUNREACH: NO_ROUTE,
    ETIMEDOUT: SLOW_TO_OPEN,
    UND_ERR_CONNECT_TIMEOUT: SLOW_TO_OPEN,
    ECONNRESET: CUT,
    EPIPE: CUT,
    UND_ERR_SOCKET: CUT,
    HTTPParserError: NO_HTTP,
    HPE_HEADER_OVERFLOW:
      'The headers of an answer may have 16 KiB; the option --max-http-header-size of Node lets them have more.',
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
    ERR_SSL_DATA_LENGTH_TOO_LONG: NO_TLS, // the same in OpenSSL 3.5
  }),
);

const REFUSED_CERTIFICATE = `The server does not accept the client certificate, or requires one and got none. ${SHOW_ONE}`;

/**
 * By the TLS alert that the server sent (names of RFC 8446, section 6). OpenSSL puts the name into the reason, after a prefix that differs between
 * its versions: `SSLV3_ALERT_…` in Node 20 is `SSL/TLS_ALERT_…` in Node 22.
 */
const TLS_ALERT_HINTS = new Map<string | undefined, string>(
  Object.entries({
    CERTIFICATE_REQUIRED: `The server wants a client certificate. ${SHOW_ONE}`,
    NO_CERTIFICATE: `The server wants a client certificate. ${SHOW_ONE}`,
    HANDSHAKE_FAILURE: `The server broke off the TLS handshake, perhaps for want of a client certificate. ${SHOW_ONE}`,
    BAD_CERTIFICATE: REFUSED_CERTIFICATE,
    UNSUPPORTED_CERTIFICATE: REFUSED_CERTIFICATE,
    CERTIFICATE_UNKNOWN: REFUSED_CERTIFICATE,
    ACCESS_DENIED: REFUSED_CERTIFICATE,
    CERTIFICATE_REVOKED: 'The client certificate was revoked: get a new one.',
    CERTIFICATE_EXPIRED: 'The client certificate has expired: renew it.',
    UNKNOWN_CA: 'The server does not trust the authority that signed the client certificate.',
    PROTOCOL_VERSION: 'Server and client share no version of TLS: the server has to support TLS 1.2 or later.',
    INSUFFICIENT_SECURITY: 'The server requires stronger ciphers than Node offers.',
    UNRECOGNIZED_NAME: 'The server has no certificate for this host: check the host in the URL.',
    INTERNAL_ERROR: 'The server failed during the TLS handshake: its log says why.',
  }),
);
const TLS_ALERT = /^ERR_SSL_(?:\S*_ALERT_|TLSV1_)(\S+)$/;

function reasonHint(reason: unknown): string | undefined {
  if (typeof reason !== 'string') return undefined;
  const known = REASON_HINTS.get(reason) ?? TLS_ALERT_HINTS.get(TLS_ALERT.exec(reason)?.[1]);
  // All other codes of Node's HTTP parser, which has different ones for the same bytes from version to version.
  return known ?? (reason.startsWith('HPE_') ? NO_HTTP : undefined);
}

const OVERLOADED =
  'The server, or what stands before it, cannot serve now. With `retry` safe calls are sent again by themselves.';

/** By the status of HTTP. */
const STATUS_HINTS = new Map<unknown, string | Finder>([
  [400, 'The server found the request wrong. What it said is in the reason; its log may say more.'],
  [
    403,
    'The server lets nobody in like this: check its list of allowed hosts and origins, and whether it wants a token.',
  ],
  [404, elsewhere],
  [405, elsewhere],
  [406, 'The server finds nothing to answer in: a proxy may have changed the Accept header of the request.'],
  [407, 'A proxy wants to know who asks: give its credentials to the `dispatcher` of the transport.'],
  [408, 'The server waited in vain for the request: the network, or something in between, is slow.'],
  [413, 'The request is too large for the server, or for a proxy before it.'],
  [415, 'The server does not take JSON there. Is this the MCP endpoint?'],
  [429, later],
  [500, 'The server failed: its log says why.'],
  [502, 'A proxy got no usable answer of the server behind it: check that the server runs.'],
  [503, later],
  [504, 'A proxy waited in vain for the server behind it: raise its time limit, or check that the server runs.'],
]);

const ANSWER_QUESTIONS =
  'Give the client what answers such questions: the options `elicitation`, `sampling` and `roots`.';

/** By the code of a JSON-RPC error. */
const RPC_HINTS = new Map<unknown, string>([
  [-32_021, ANSWER_QUESTIONS],
  [-32_042, 'Give the client what opens pages for the user: the option `elicitation: { url }`.'],
  [-32_601, 'The server does not have this method: look at the capabilities in `getServerInfo()`.'],
  [-32_602, 'Check the parameters: those of a tool have to fit its `inputSchema`, those of a prompt its `arguments`.'],
  [-32_603, 'The server failed: its log says why.'],
  [-32_600, 'The server found the request wrong: it may speak another revision. Pin one with `era`.'],
  [-32_700, 'The server could not read the request: something in between may have changed it.'],
  [
    -32_020,
    "A header does not fit the request: a proxy may change or drop headers that begin with Mcp-. Older revisions do without most of them: try `era: 'legacy'`.",
  ],
]);

/** One thing that a person can do, by the code of the failure. Codes that say everything themselves have none. */
const CODE_HINTS: Readonly<Record<string, string | Finder>> = {
  MCP_SPAWN_FAILED: ({ details }) => {
    const command = details?.command;
    if (details?.errno === 'EACCES')
      return 'Make the command executable, or start it by what interprets it, such as node.';
    if (typeof command === 'string' && /\s/.test(command) && !/[\\/]/.test(command))
      return 'The command is the name of one program: what follows it goes into `args`, one by one.';
    return 'Check that the command is installed and on PATH, and that cwd exists.';
  },
  MCP_PROCESS_EXITED: ({ details }, { noise }) => {
    const { stderr, exitCode, signal } = details ?? {};
    const known = typeof stderr === 'string' ? STDERR_HINTS.find(([pattern]) => pattern.test(stderr))?.[1] : undefined;
    return (
      known ??
      SIGNAL_HINTS.get(signal) ??
      EXIT_HINTS.get(exitCode) ??
      (noise === true ? NOISE : undefined) ??
      'Run the command by hand and look at what it prints; a missing environment variable or package is common.'
    );
  },
  MCP_TRANSPORT_FAILED: ({ details }) => reasonHint(details?.reason),
  MCP_HTTP_STATUS: (failure, about) => {
    const { contentType, contentEncoding, status } = failure.details ?? {};
    if (contentEncoding !== undefined)
      return 'The client asks for `accept-encoding: identity`: let the server, or the proxy before it, send this path uncompressed.';
    const isPage = typeof contentType === 'string' && /^\s*text\/html\b/i.test(contentType);
    const found = STATUS_HINTS.get(status);
    if (isPage && (found === undefined || status === 403))
      return 'This is a page for browsers, perhaps one to sign in: check the URL. MCP endpoints are often at …/mcp.';
    return typeof found === 'function' ? found(failure, about) : found;
  },
  MCP_AUTHENTICATION_REQUIRED: ({ details }) => {
    const { requiredScope, resourceMetadata, error } = details ?? {};
    if (details === undefined || !('status' in details))
      return 'The token has to come from `auth.token()`: look at why it fails.';
    if (typeof requiredScope === 'string' && (error === 'insufficient_scope' || details.status === 403))
      return `The token does not allow this: get one with the scope "${requiredScope}".`;
    if (error === 'invalid_token') return 'The token is not valid, or no longer: renew it.';
    const where = typeof resourceMetadata === 'string' ? ` Where to get one is said at ${resourceMetadata}.` : '';
    return `The server wants a valid token: give the transport \`auth: { token }\`.${where}`;
  },
  MCP_REDIRECT_REFUSED: ({ details }) =>
    typeof details?.to === 'string' ? `If ${details.to} is to be trusted, use its URL.` : undefined,
  MCP_SESSION_LOST:
    'The server forgets its sessions: of several instances behind one address each may know only its own.',
  MCP_STREAM_BROKEN:
    'The answer was cut off: look at what the server logged, and at limits of proxies in time and size.',
  MCP_TIMEOUT: ({ details }, { state, noise }) => {
    if (details?.phase === 'connecting') {
      if (noise === true) return NOISE;
      if (state === 'initializing')
        return 'It can be reached and does not answer: is it a server of MCP, and of this transport? A slow start needs a longer `connectTimeout`.';
      return 'Nothing could be reached in this time: check the command or the URL. A slow start needs a longer `connectTimeout`.';
    }
    if (details?.phase === 'queued')
      return 'It waited for the connection and was never sent: `explain()` of the client says what keeps that.';
    if (details?.phase === 'asking')
      return 'Somebody was asked, and took longer than that: raise `maxTotalTimeout`, or `timeout` if the server has to say that it is done.';
    return 'If the operation is meant to take this long, raise `timeout`, or let the server report progress.';
  },
  MCP_TRANSPORT_BUSY: 'Construct a new transport for each client.',
  MCP_MESSAGE_TOO_LARGE: ({ details }) => {
    const field = typeof details?.field === 'string' ? details.field : 'maxMessageBytes';
    return `Raise \`${field}\` if messages of this size are expected.`;
  },
  MCP_NOT_CONNECTED: 'Call connect() first, or construct the client with `MCPClient.connect`.',
  MCP_CRASH_LOOP: 'Find out why the server dies. If so many restarts are expected, raise `maxRestarts`.',
  MCP_CONNECTION_LOST: ({ details }) =>
    typeof details?.misses === 'number'
      ? 'The server hangs, or the network swallows what is sent: look at what the server logged last.'
      : 'With `autoReconnect` a lost connection comes back by itself, if that takes no more than `maxReconnectAttempts`.',
  MCP_QUEUE_FULL: 'Raise `maxQueued`, or wait for calls to finish before making more.',
  MCP_INVALID_JSON: NOISE,
  MCP_INVALID_RESULT: 'The answer does not keep to the protocol, which is for those to mend who make the server.',
  MCP_RPC_ERROR: ({ errorCode }) => RPC_HINTS.get(errorCode),
  MCP_UNSUPPORTED_VERSION: 'Client and server share no protocol revision: update one of them, or check a pinned `era`.',
  MCP_INPUT_LIMIT: ({ details }) => {
    const field = typeof details?.field === 'string' ? details.field : 'limits.maxInputRounds';
    return `If the server is meant to ask this much, raise \`${field}\`.`;
  },
  MCP_CAPABILITY_MISSING: ({ details }) =>
    details?.resultType === 'input_required'
      ? ANSWER_QUESTIONS
      : 'Look at the capabilities in `getServerInfo()` before calling.',
};

/** The one thing that a person can do about a failure, if there is one. */
export function hintOf(failure: Hintable, about: Circumstances = {}): string | undefined {
  const found = Object.hasOwn(CODE_HINTS, failure.code) ? CODE_HINTS[failure.code] : undefined;
  return typeof found === 'function' ? found(failure, about) : found;
}

/** There is a server of HTTP, and at this path it is not one of MCP. */
function elsewhere({ details }: Hintable): string {
  const shown = typeof details?.url === 'string' ? details.url.replace(/\/+$/, '') : '';
  const base = shown.replace(/\/(?:mcp|sse)$/, '');
  const others = [`${base}/mcp`, `${base}/sse`].filter((one) => one !== shown);
  return `Is this the MCP endpoint? Try ${others.join(' or ')}.`;
}

function later({ details }: Hintable): string {
  const { retryAfter } = details ?? {};
  return typeof retryAfter === 'number'
    ? `The server asks to be asked again in ${describeAge(retryAfter)}.`
    : OVERLOADED;
}
