import { describeAge } from '../util/age.js';

/** What a hint is found by: a failure, or an error that was made of one. */
export interface Hintable {
  readonly code: string;
  readonly message: string;
  readonly errorCode?: number | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** Where it happened, as far as that is known. */
export interface Circumstances {
  /** The state in which the connection failed. */
  readonly state?: string | undefined;
  /** The server process wrote a line to its standard output that is not JSON. */
  readonly noise?: boolean | undefined;
}

type Finder = (failure: Hintable, about: Circumstances) => string | undefined;

const NOISE =
  'The server prints something that is not JSON to its standard output. Make it log to standard error instead, or silence it.';
const BUG_OF_SERVER = 'This is a bug of the server: report it to its authors.';
const BROKEN_RESPONSE =
  'The response of the server is not valid JSON: it may have NaN or a raw control character in it, or be cut off or mixed with other output. Report it to the authors of the server.';
const MISSING_COMMAND =
  'The command, or one that it calls, is not there: install it, or give its full path. Only a part of your environment is passed on: see `inheritEnv`.';

/** What servers, and the programs that start them, write to standard error, the most telling first. */
const STDERR_HINTS: readonly (readonly [RegExp, string])[] = [
  [/EADDRINUSE|address already in use/i, 'Its port is taken: an older copy of the server may still run.'],
  [
    /Need to install the following packages|Ok to proceed\?/i,
    'npx waits for permission to install the package: add `-y` to its arguments.',
  ],
  [
    /npm (?:ERR!|error) (?:code )?E404|404 Not Found - GET/i,
    'The package registry has no package of this name: check its name and version.',
  ],
  [
    /npm (?:ERR!|error) (?:code )?(?:ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN)/i,
    'The package registry cannot be reached: check the network and the proxy, or install the package beforehand.',
  ],
  // Only the words of shells and of env: a server may write "not found" about anything.
  [
    /command not found|: not found$|^\S*\bk?sh: .*No such file or directory|^\S*\benv: .*No such file or directory|is not recognized as an internal or external command/im,
    MISSING_COMMAND,
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
    'The server ran out of memory: give it more, for example with NODE_OPTIONS=--max-old-space-size in `env`.',
  ],
  [/EACCES|Permission denied/i, 'The server may not use a file or port that it needs: check their permissions.'],
  [/ENOSPC|no space left/i, 'The disk is full.'],
  [
    /ENOENT|No such file or directory/i,
    'The server does not find a file or directory: its stderr names it. Check the paths in `args`, and `cwd`.',
  ],
  [/Unsupported engine|requires (?:node|python)/i, 'The server requires another version of Node or Python.'],
  [
    /(?:api[_ -]?key|(?<!unexpected )token|environment variable)\b.{0,60}\b(?:required|missing|not set|must be set|undefined)|(?:required|missing).{0,40}(?:api[_ -]?key|token|environment variable)/i,
    'The server misses a setting, perhaps a secret: give it in `env`. Only a part of your environment is passed on: see `inheritEnv`.',
  ],
];

const EXIT_HINTS = new Map<unknown, string>([
  [
    0,
    'The server ended as if it was done: it may need an argument that makes it serve over stdio, such as `stdio` or `--stdio`.',
  ],
  [126, 'The command was found and may not be executed: check its permissions.'],
  [127, MISSING_COMMAND],
]);

const CRASHED =
  'The server crashed in native code: look for a newer version of the server, or of the program that runs it (node, python).';
const STOPPED = 'Another process, or a person, asked the server to stop with this signal.';
const SIGNAL_HINTS = new Map<unknown, string>([
  ['SIGKILL', 'The process got SIGKILL. If nobody sent it, the system probably ran out of memory.'],
  ['SIGTERM', STOPPED],
  ['SIGINT', STOPPED],
  ['SIGHUP', STOPPED],
  ['SIGSEGV', CRASHED],
  ['SIGABRT', CRASHED],
  ['SIGILL', CRASHED],
  ['SIGBUS', CRASHED],
]);

const TRUST = 'Trust its authority with NODE_EXTRA_CA_CERTS, or with the `dispatcher` or `agent` of the transport.';
const UNKNOWN_AUTHORITY = `The certificate of the server is not signed by a trusted authority. ${TRUST}`;
const NO_TLS =
  'The server does not speak TLS at this port: check the port. Only for a server on this machine, try http:// or ws://.';
const SHOW_ONE = 'Give the transport a `dispatcher` (WebSocket: an `agent`) with a client certificate.';
const NO_ROUTE = 'There is no route to this address: check the network, the VPN, and the address.';
const CUT =
  'The server, or a proxy before it, cut the connection: look at the log of the server, and at time limits of proxies.';
const NO_HTTP =
  'The server at this port does not speak HTTP: check the port, and whether the URL has to begin with https://.';
const SLOW_TO_OPEN = 'Nothing answers at this address: check the address, and whether a firewall drops the packets.';

/** By what the system or TLS said, which is in `details.reason`. */
const REASON_HINTS = new Map<unknown, string>(
  Object.entries({
    ECONNREFUSED: 'Nothing listens there: check that the server runs, and the port in the URL.',
    ENOTFOUND: 'There is no such host: check the host name in the URL, and the DNS.',
    EAI_AGAIN: 'The DNS does not answer: check the network, and the host name in the URL.',
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
      'The headers of the response are longer than 16 KiB: give the transport a `dispatcher` with a larger `maxHeaderSize`.',
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

const REFUSED_CERTIFICATE = `The server does not accept the client certificate, or requires one and got none. ${SHOW_ONE}`;

/**
 * By the TLS alert that the server sent (names of RFC 8446, section 6). OpenSSL puts the name into the reason, after a prefix that differs between
 * its versions: `SSLV3_ALERT_…` in Node 20 is `SSL/TLS_ALERT_…` in Node 22.
 */
const TLS_ALERT_HINTS = new Map<string | undefined, string>(
  Object.entries({
    CERTIFICATE_REQUIRED: `The server wants a client certificate. ${SHOW_ONE}`,
    NO_CERTIFICATE: `The server wants a client certificate. ${SHOW_ONE}`,
    HANDSHAKE_FAILURE: `The server broke off the TLS handshake, perhaps because it requires a client certificate. ${SHOW_ONE}`,
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
  "The server, or a proxy before it, cannot serve now: wait. Requests that may be repeated are repeated; `retry: 'safe'` says so of a call.";
const GATEWAY =
  'A proxy got no usable response from the server behind it: check that the server runs, and the time limit of the proxy.';
const NOT_AN_ENDPOINT = 'The server did not answer with JSON or an event stream: check the URL.';

/** By the status of HTTP. */
const STATUS_HINTS = new Map<unknown, string | Finder>([
  [
    400,
    'The server rejects the request as invalid. Its words, if it gave any, are in the message; its log may say more.',
  ],
  [
    403,
    'The server does not accept this client: check its list of allowed hosts and origins, and whether it requires a token.',
  ],
  [404, elsewhere],
  [405, elsewhere],
  [406, 'The server cannot answer in a format that the client accepts: a proxy may have changed the Accept header.'],
  [407, 'A proxy requires credentials: give the transport a `dispatcher` (WebSocket: an `agent`) that has them.'],
  [408, 'The server did not get the whole request in time: the network, or a proxy, is slow.'],
  [413, 'The request is too large for the server, or for a proxy before it: send less, or raise its limit.'],
  [415, 'The server does not accept JSON at this URL: is this the MCP endpoint?'],
  [429, later],
  [500, 'The server failed: its log says why.'],
  [502, GATEWAY],
  [503, later],
  [504, GATEWAY],
  ...[499, 520, 521, 522, 523, 524, 525, 526, 527, 530, 598, 599].map((status) => [status, GATEWAY] as const),
]);

/** `details.reason` of a body that is complete and is no response to the request. */
export const NO_RESPONSE = 'no response in the body';

const GIVE_HANDLERS =
  'Give the client handlers for server requests: the options `elicitation`, `sampling` and `roots`.';

/** By the code of a JSON-RPC error. */
const RPC_HINTS = new Map<unknown, string>([
  [-32_021, GIVE_HANDLERS],
  [-32_042, 'Give the client a handler that opens pages for the user: the option `elicitation: { url }`.'],
  [-32_601, 'The server does not have this method: look at the capabilities in `getServerInfo()`.'],
  [-32_602, 'Check the parameters: those of a tool have to fit its `inputSchema`, those of a prompt its `arguments`.'],
  [-32_603, 'The server failed: its log says why.'],
  [-32_600, 'The server rejects the request as invalid: it may speak another revision of MCP. Pin one with `era`.'],
  [-32_700, 'The server could not read the request: something between client and server may have changed it.'],
  [
    -32_020,
    "A header does not fit the request: a proxy may change or drop headers that begin with Mcp-. Older revisions do without most of them: try `era: 'legacy'`.",
  ],
]);

/** What a request names, and where the names are found, by its method. */
const NAMED_IN_LISTS = new Map<unknown, string>([
  ['prompts/get', 'prompt: listPrompts() says which it has'],
  ['resources/read', 'resource: listResources() and listResourceTemplates() say which it has'],
]);

/** States in which the server has answered before: it did not fail at its start. */
const ESTABLISHED: ReadonlySet<string | undefined> = new Set(['ready', 'degraded']);

/** One thing that a person can do, by the code of the failure. Codes whose messages say everything have none. */
const CODE_HINTS: Readonly<Record<string, string | Finder>> = {
  MCP_SPAWN_FAILED: spawnHint,
  MCP_PROCESS_EXITED: exitHint,
  MCP_TRANSPORT_FAILED: ({ details }) => reasonHint(details?.reason),
  MCP_HTTP_STATUS: (failure, about) => {
    const { contentType, contentEncoding, status } = failure.details ?? {};
    if (contentEncoding !== undefined)
      return 'The client asks for `accept-encoding: identity`: let the server, or the proxy before it, send this path uncompressed.';
    const isPage = typeof contentType === 'string' && /^\s*text\/html\b/i.test(contentType);
    const found = STATUS_HINTS.get(status);
    // A gateway says with a page, too, that it failed.
    if (isPage && (status === 403 || (found === undefined && !(typeof status === 'number' && status >= 500))))
      return 'This is a page for browsers, perhaps one to sign in: check the URL. MCP endpoints are often at …/mcp.';
    if (typeof status === 'number' && status < 300) return NOT_AN_ENDPOINT;
    return typeof found === 'function' ? found(failure, about) : found;
  },
  MCP_AUTHENTICATION_REQUIRED: authenticationHint,
  MCP_REDIRECT_REFUSED: redirectHint,
  MCP_SESSION_LOST:
    'The server forgot the session: it was restarted, or of several instances behind one address each knows only its own sessions.',
  MCP_STREAM_BROKEN: ({ details }) =>
    details?.reason === NO_RESPONSE
      ? 'The server took the request and sent something else than a response to it: check that the URL is that of an MCP endpoint.'
      : 'The response was cut off: look at the log of the server, and at the limits of proxies on time and size.',
  MCP_TIMEOUT: timeoutHint,
  MCP_TRANSPORT_BUSY: 'Construct a new transport for each client.',
  MCP_MESSAGE_TOO_LARGE: ({ details }) => {
    const field = typeof details?.field === 'string' ? details.field : 'maxMessageBytes';
    return `Raise \`${field}\` if messages of this size are expected.`;
  },
  MCP_MEMORY_LIMIT: 'Make fewer calls at the same time, or raise `limits.maxHeldBytes` of the client.',
  MCP_NOT_CONNECTED: ({ message }) =>
    message.startsWith('Not connected: ')
      ? 'It was connected, or tried to be, before: call connect() again. With `autoReconnect` the client reopens a lost connection by itself.'
      : 'Call connect() first, or construct the client with `MCPClient.connect`.',
  MCP_CRASH_LOOP:
    'Find out why the connection is lost so often. If so many restarts are expected, raise `maxRestarts`.',
  MCP_INTERNAL:
    'This is a bug of mcp-actors, or of a custom transport: report it, with the stack of the cause. connect() begins anew.',
  MCP_CONNECTION_LOST: ({ message, details }) => {
    if (typeof details?.misses === 'number')
      return 'The server hangs, or the network drops the messages: look at the log of the server.';
    if (message.includes('reconnect()')) return undefined;
    return 'With `autoReconnect` the client reopens a lost connection, in at most `maxReconnectAttempts` attempts.';
  },
  MCP_QUEUE_FULL: ({ message }) => {
    if (message.includes('receiveMessage()'))
      return 'Call receiveMessage() for each message, or iterate over the transport.';
    if (message.includes('posted')) return 'Wait for calls to finish before making more.';
    return 'Raise `maxQueued`, or wait for calls to finish before making more.';
  },
  MCP_INVALID_JSON: ({ details }) => {
    if (details?.requestId !== undefined) return BROKEN_RESPONSE;
    return details?.excerpt === undefined
      ? `The server, or a proxy before it, sent text that is not JSON: check the URL.`
      : NOISE;
  },
  MCP_INVALID_RESULT: BUG_OF_SERVER,
  MCP_RPC_ERROR: ({ errorCode, details }) => {
    // Some frameworks refuse an unknown name with the code of an unknown method.
    const list = errorCode === -32_601 ? NAMED_IN_LISTS.get(details?.method) : undefined;
    return list === undefined ? RPC_HINTS.get(errorCode) : `The server may not have this ${list}.`;
  },
  MCP_TOOL_ERROR: ({ errorCode }) => {
    if (errorCode === undefined)
      return "The tool reported this itself: `result` of the error is its whole answer. With `onToolError: 'return'` it is returned instead.";
    return errorCode === -32_601
      ? 'The server does not have this tool, or no tools at all: listTools() says which it has.'
      : RPC_HINTS.get(errorCode);
  },
  MCP_RESOURCE_NOT_FOUND: 'listResources() and listResourceTemplates() say which resources the server has.',
  MCP_UNSUPPORTED_VERSION: ({ details }) => {
    if (details?.method === undefined)
      return 'Client and server share no protocol revision: update one of them, or check a pinned `era`.';
    return `Another revision has this method. If the server speaks one, \`era\` selects it.`;
  },
  MCP_INPUT_LIMIT: ({ details }) => {
    const field = typeof details?.field === 'string' ? details.field : 'limits.maxInputRounds';
    return `If so many server requests are expected, raise \`${field}\`.`;
  },
  MCP_CAPABILITY_MISSING: ({ errorCode, details }) => {
    if (details?.resultType === 'input_required' || errorCode === -32_021) return GIVE_HANDLERS;
    if (details?.refused !== undefined)
      return 'The server announces no changes of these: read them again from time to time.';
    return 'Look at the capabilities in `getServerInfo()` before calling.';
  },
};

function spawnHint({ message, details }: Hintable): string | undefined {
  const { command, errno } = details ?? {};
  if (message.includes('working directory')) return 'Check the option `cwd`.';
  if (errno === 'EACCES')
    return 'Make the command executable, or start it by its interpreter, such as node, with the file in `args`.';
  if (errno === 'EMFILE' || errno === 'ENFILE' || errno === 'EAGAIN' || errno === 'ENOMEM')
    return 'The system has no more processes, files or memory to give: close what is not needed, or raise its limits.';
  if (errno === 'E2BIG') return 'The arguments and the environment are too long together: shorten `args` and `env`.';
  const [program = '', ...words] = typeof command === 'string' ? command.split(/\s+/) : [];
  if (words.length > 0) {
    // A path may have spaces in it.
    const isName = !/[\\/]/.test(program);
    return isName
      ? 'The command is the name of one program: what follows it goes into `args`, one by one.'
      : 'Check that the command is installed. It is the path of one program: arguments go into `args`, one by one.';
  }
  return 'Check that the command is installed and on PATH, and that cwd exists.';
}

function exitHint({ details }: Hintable, { state, noise }: Circumstances): string {
  const { stderr, exitCode, signal } = details ?? {};
  const found = (typeof stderr === 'string' ? stderrHint(stderr) : undefined) ?? SIGNAL_HINTS.get(signal) ?? undefined;
  if (found !== undefined) return found;
  if (ESTABLISHED.has(state))
    return 'The server ended while it was in use: its log, or its stderr in `details`, may say why. With `autoReconnect` it is started again.';
  return (
    EXIT_HINTS.get(exitCode) ??
    (noise === true ? NOISE : undefined) ??
    'Run the command by hand and look at what it prints; a missing environment variable or package is common.'
  );
}

/** The last text that was searched. Thousands of calls may fail with one process, and searching 4 KiB takes a third of a millisecond. */
let searched: { readonly stderr: string; readonly hint: string | undefined } | undefined;

function stderrHint(stderr: string): string | undefined {
  if (searched?.stderr !== stderr) {
    searched = { stderr, hint: STDERR_HINTS.find(([pattern]) => pattern.test(stderr))?.[1] };
  }
  return searched.hint;
}

function authenticationHint({ details }: Hintable): string {
  const { requiredScope, resourceMetadata, error, status, url, authorization } = details ?? {};
  if (status === undefined) return 'Your `auth.token()` has to give a token: the cause says why it did not.';
  if (typeof requiredScope === 'string' && (error === 'insufficient_scope' || status === 403))
    return `The token does not allow this: get one with the scope "${requiredScope}".`;
  if (status === 403)
    return 'The server knows who asks and does not allow this: check the scopes and permissions of the token.';
  const where = typeof resourceMetadata === 'string' ? ` ${resourceMetadata} says where to get one.` : '';
  if (error === 'invalid_token' || authorization === 'sent')
    return `The server does not accept this token: it may have expired, or be for another server: renew it.${where}`;
  const option = typeof url === 'string' && url.startsWith('ws') ? 'headers: { Authorization }' : 'auth: { token }';
  return `The server requires a token: give the transport \`${option}\`.${where}`;
}

/** Never advises to send over HTTP what was to be sent over TLS. */
function redirectHint({ details }: Hintable): string | undefined {
  const { from, to, location, status } = details ?? {};
  if (typeof to !== 'string') return 'The server redirects in circles, or nowhere: check the URL.';
  if (!/^(?:http|ws)s?:\/\//.test(to)) return 'The server redirects to something that is not HTTP: check the URL.';
  const target = typeof location === 'string' ? location : to;
  const isDowngrade = typeof from === 'string' && /^(?:https|wss):/.test(from) && /^(?:http|ws):/.test(to);
  const safe = isDowngrade ? overTls(new URL(target), new URL(from)) : target;
  if (status === undefined && from !== undefined)
    return `The server announces a wrong address for messages: configure its public address, ${isDowngrade ? 'with https://' : 'which is that of its stream'}.`;
  if (!isDowngrade) return `If ${target} is to be trusted, use it as the URL.`;
  return `The server redirects to plain HTTP, where everybody on the way can read tokens and messages. Use ${safe} as the URL, and let the server, or the proxy before it, redirect to https://.`;
}

/** The target of a redirect over TLS. On the host that redirects, TLS is at the port of the request, not at that of the target. */
function overTls(target: URL, from: URL): string {
  return target.hostname === from.hostname
    ? `${from.origin}${target.pathname}`
    : `https://${target.host}${target.pathname}`;
}

function timeoutHint({ message, details }: Hintable, { state, noise }: Circumstances): string | undefined {
  const { phase, operation } = details ?? {};
  if (operation === 'restore') return undefined;
  if (phase === 'connecting') {
    if (noise === true) return NOISE;
    const known = typeof details?.stderr === 'string' ? stderrHint(details.stderr) : undefined;
    if (known !== undefined) return known;
    if (typeof details?.launcher === 'string')
      return `Start the server once by hand with \`${details.launcher}\`, which keeps what it downloads, or raise \`connectTimeout\`.`;
    return state === 'initializing'
      ? 'The server was reached or started but does not answer: is it a server of MCP, and of this transport? A slow start needs a longer `connectTimeout`.'
      : 'Nothing could be reached in this time: check the command or the URL. A slow start needs a longer `connectTimeout`.';
  }
  if (phase === 'queued')
    return 'It waited for the connection and was never sent: `client.explain()` says what the connection is doing.';
  if (phase === 'asking')
    return 'A handler of yours, or a person, took longer than that: raise `maxTotalTimeout`, or `timeout` if the server has to say that the person is done.';
  if (operation === 'subscriptions/listen')
    return 'The server does not acknowledge the subscription: its log may say why.';
  const option = message.includes('(maxTotalTimeout)')
    ? 'raise `maxTotalTimeout`'
    : 'raise `timeout`, or let the server report progress';
  return `If the operation is meant to take this long, ${option}.`;
}

/** The one thing that a person can do about a failure, if there is one. */
export function hintOf(failure: Hintable, about: Circumstances = {}): string | undefined {
  const found = Object.hasOwn(CODE_HINTS, failure.code) ? CODE_HINTS[failure.code] : undefined;
  return typeof found === 'function' ? found(failure, about) : found;
}

/** An HTTP server that does not serve MCP at this path. */
function elsewhere({ details }: Hintable): string {
  const shown = typeof details?.url === 'string' ? details.url : '';
  const parts = /^([a-z]+:\/\/[^/]*)(\/.*)?$/.exec(shown);
  if (parts === null) return 'Is this the MCP endpoint? Check the path of the URL.';
  const [, origin = '', given = ''] = parts;
  const path = given.replace(/\/+$/, '');
  const base = path.replace(/\/(?:mcp|sse|ws)$/, '');
  const names = origin.startsWith('ws') ? ['mcp', 'ws'] : ['mcp', 'sse'];
  const below = names.map((name) => `${base}/${name}`);
  // A path that does not end in one of the names may have been added to the address of the server by mistake.
  const candidates = base === path && base !== '' ? [...below, '/mcp'] : below;
  const others = candidates.filter((one) => one !== given).map((one) => origin + one);
  return `Is this the MCP endpoint? Try ${others.join(' or ')}.`;
}

function later({ details }: Hintable): string {
  const { retryAfter } = details ?? {};
  return typeof retryAfter === 'number'
    ? `The server asks for the next request in ${describeAge(retryAfter)}: wait that long.`
    : OVERLOADED;
}
