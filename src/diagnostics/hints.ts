import { describeAge } from '../util/age.js';

/** The fields of a failure, or of an error, that select a hint. */
export interface Hintable {
  readonly code: string;
  readonly message: string;
  readonly errorCode?: number | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** The circumstances of a failure, if known. */
export interface Circumstances {
  /** The state in which the connection failed. */
  readonly state?: string | undefined;
  /** Whether the server process wrote a line to stdout that is not JSON. */
  readonly noise?: boolean | undefined;
}

type Finder = (failure: Hintable, about: Circumstances) => string | undefined;

const NOISE =
  'The server prints text that is not JSON to its standard output. Configure it to log to standard error, or disable the output.';
const BUG_OF_SERVER = 'This is a bug of the server: report it to its authors.';
const BROKEN_RESPONSE =
  'The response of the server is not valid JSON: it may have NaN or a raw control character in it, or be cut off or mixed with other output. Report it to the authors of the server.';
const MISSING_COMMAND =
  'The command, or a command that it runs, was not found: install it, or use its full path. The server inherits only a part of your environment: see `inheritEnv`.';

/** Hints for texts on stderr of servers and of the programs that start them, the most specific first. */
const STDERR_HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /EADDRINUSE|address already in use/i,
    'The port of the server is in use: an older process of the server may still be running.',
  ],
  [
    /Need to install the following packages|Ok to proceed\?/i,
    'npx waits for a confirmation to install the package: add `-y` to its arguments.',
  ],
  [
    /npm (?:ERR!|error) (?:code )?E404|404 Not Found - GET/i,
    'The package registry has no package of this name: check its name and version.',
  ],
  [
    /npm (?:ERR!|error) (?:code )?(?:ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN)/i,
    'The package registry is not reachable: check the network and the proxy, or install the package first.',
  ],
  // Only messages of shells and of env: a server may write "not found" about anything.
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
  [/EACCES|Permission denied/i, 'The server has no permission for a file or port: its stderr names it.'],
  [/ENOSPC|no space left/i, 'The disk is full.'],
  [
    /ENOENT|No such file or directory/i,
    'The server cannot find a file or directory: its stderr names it. Check the paths in `args`, and `cwd`.',
  ],
  [/Unsupported engine|requires (?:node|python)/i, 'The server requires another version of Node or Python.'],
  [
    /(?:api[_ -]?key|(?<!unexpected )token|environment variable)\b.{0,60}\b(?:required|missing|not set|must be set|undefined)|(?:required|missing).{0,40}(?:api[_ -]?key|token|environment variable)/i,
    'A setting of the server is missing, perhaps a secret: set it in `env`. The server inherits only a part of your environment: see `inheritEnv`.',
  ],
];

const EXIT_HINTS = new Map<unknown, string>([
  [0, 'The server exited without an error: it may need an argument to serve over stdio, such as `stdio` or `--stdio`.'],
  [126, 'The command exists but is not executable: check its permissions.'],
  [127, MISSING_COMMAND],
]);

const CRASHED =
  'The server crashed in native code: try a newer version of the server, or of its runtime (node, python).';
const STOPPED = 'Another process or a user stopped the server with this signal.';
const SIGNAL_HINTS = new Map<unknown, string>([
  ['SIGKILL', 'The process got SIGKILL. If no process sent it, the kernel probably ran out of memory.'],
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

function reasonHint(reason: unknown): string | undefined {
  if (typeof reason !== 'string') return undefined;
  const known = REASON_HINTS.get(reason) ?? TLS_ALERT_HINTS.get(TLS_ALERT.exec(reason)?.[1]);
  // All other codes of Node's HTTP parser: they differ between versions of Node for the same bytes.
  return known ?? (reason.startsWith('HPE_') ? NO_HTTP : undefined);
}

const OVERLOADED =
  "The server, or a proxy in front of it, is overloaded: wait. The client repeats requests that are safe to repeat; `retry: 'safe'` marks a call as safe.";
const GATEWAY =
  'A proxy received no valid response from the server behind it: check that the server is running, and the timeout of the proxy.';
const NOT_AN_ENDPOINT = 'The response is neither JSON nor an event stream: check the URL.';

/** Hints by HTTP status. */
const STATUS_HINTS = new Map<unknown, string | Finder>([
  [
    400,
    'The server rejects the request as invalid. The message contains its reason, if it sent one; its log may contain more.',
  ],
  [
    403,
    'The server does not accept this client: check its list of allowed hosts and origins, and whether it requires a token.',
  ],
  [404, elsewhere],
  [405, elsewhere],
  [406, 'The server cannot respond in a format that the client accepts: a proxy may have changed the Accept header.'],
  [407, 'A proxy requires credentials: pass the transport a `dispatcher` (WebSocket: an `agent`) with them.'],
  [408, 'The server did not receive the whole request in time: the network or a proxy is slow.'],
  [413, 'The request is too large for the server, or for a proxy in front of it: send less, or raise its limit.'],
  [415, 'The server does not accept JSON at this URL: is this the MCP endpoint?'],
  [429, later],
  [500, 'The server failed: check its log.'],
  [502, GATEWAY],
  [503, later],
  [504, GATEWAY],
  ...[499, 520, 521, 522, 523, 524, 525, 526, 527, 530, 598, 599].map((status) => [status, GATEWAY] as const),
]);

/** `details.reason` of a complete body that contains no response to the request. */
export const NO_RESPONSE = 'no response in the body';

const GIVE_HANDLERS =
  'Pass the client handlers for server requests: the options `elicitation`, `sampling` and `roots`.';

/** Hints by JSON-RPC error code. */
const RPC_HINTS = new Map<unknown, string>([
  [-32_021, GIVE_HANDLERS],
  [-32_042, 'Pass the client a handler that opens pages for the user: the option `elicitation: { url }`.'],
  [-32_601, 'The server does not support this method: check the capabilities in `getServerInfo()`.'],
  [
    -32_602,
    'Check the parameters: arguments of a tool must match its `inputSchema`, arguments of a prompt its `arguments`.',
  ],
  [-32_603, 'The server failed: check its log.'],
  [
    -32_600,
    'The server rejects the request as invalid: it may implement another revision of MCP. Select one with `era`.',
  ],
  [-32_700, 'The server could not parse the request: a proxy may have changed it.'],
  [
    -32_020,
    "A header does not match the request: a proxy may change or drop headers that begin with Mcp-. Older revisions do not need most of them: try `era: 'legacy'`.",
  ],
]);

/** What a request names, and which method lists the names. */
const NAMED_IN_LISTS = new Map<unknown, string>([
  ['prompts/get', 'prompt: listPrompts() returns the prompts'],
  ['resources/read', 'resource: listResources() and listResourceTemplates() return the resources'],
]);

/** States after a successful start of the server. */
const ESTABLISHED: ReadonlySet<string | undefined> = new Set(['ready', 'degraded']);

/** Hints by failure code: one thing that the user can do. Codes without an entry have messages that suffice. */
const CODE_HINTS: Readonly<Record<string, string | Finder>> = {
  MCP_SPAWN_FAILED: spawnHint,
  MCP_PROCESS_EXITED: exitHint,
  MCP_TRANSPORT_FAILED: ({ details }) => reasonHint(details?.reason),
  MCP_HTTP_STATUS: (failure, about) => {
    const { contentType, contentEncoding, status } = failure.details ?? {};
    if (contentEncoding !== undefined)
      return 'The client asks for `accept-encoding: identity`: configure the server, or the proxy in front of it, to send this path uncompressed.';
    const isPage = typeof contentType === 'string' && /^\s*text\/html\b/i.test(contentType);
    const found = STATUS_HINTS.get(status);
    // A gateway may also report its failure with a page.
    if (isPage && (status === 403 || (found === undefined && !(typeof status === 'number' && status >= 500))))
      return 'The response is a web page, perhaps for sign-in: check the URL. MCP endpoints often end in /mcp.';
    if (typeof status === 'number' && status < 300) return NOT_AN_ENDPOINT;
    return typeof found === 'function' ? found(failure, about) : found;
  },
  MCP_AUTHENTICATION_REQUIRED: authenticationHint,
  MCP_AUTH_DISCOVERY_FAILED: 'Pass the issuer that the server trusts: option `authorizationServer` of oauth().',
  MCP_AUTH_RESPONSE_INVALID:
    'The response is not one to this request: do not use it, and report it to the operator of the authorization server.',
  MCP_AUTH_UNREACHABLE: ({ details }) => reasonHint(details?.reason),
  MCP_AUTH_UNSUPPORTED:
    'If the authorization server supports it and only does not announce it, pass its metadata: option `authorizationServer` of oauth().',
  MCP_AUTH_URL_FORBIDDEN:
    'The server names a URL that it should not. If you trust it, the option that the message names allows the URL.',
  MCP_CLIENT_UNKNOWN:
    'Register the program at the authorization server by hand, and pass the option `client: { id }` of oauth().',
  MCP_ISSUER_MISMATCH: ({ details }) =>
    typeof details?.received === 'string'
      ? `The operator of the server must correct this. If you trust the other issuer, pass \`authorizationServer: '${details.received}'\`.`
      : 'The response is from another server than the one that was asked: do not use it.',
  MCP_REGISTRATION_REFUSED:
    'The authorization server decides who may register: allow the redirect URI there, or register by hand and pass `client: { id }`.',
  MCP_RESOURCE_MISMATCH: 'Check the URL of the server: a part of its path may be missing, or too much.',
  MCP_SCOPE_INSUFFICIENT: 'Sign in with an account that has these permissions, or ask the administrator of the server.',
  MCP_SIGN_IN_CANCELLED: 'Call connect() again when the person wants to sign in.',
  MCP_SIGN_IN_DENIED: 'Ask the administrator of the server for access.',
  MCP_SIGN_IN_REQUIRED: 'Connect with `prompt: "auto"` of oauth() while a person is present.',
  MCP_SIGN_IN_TIMEOUT:
    'Check that the page was shown, and that its redirect reaches `prompt.complete()`. The next sign-in registers the client again.',
  MCP_TOKEN_REFUSED:
    'The server does not accept this issuer or audience: compare the options `authorizationServer` and `resource` of oauth() with what it expects.',
  MCP_TOKEN_REQUEST_REFUSED: tokenRequestHint,
  MCP_TOKEN_STORE_FAILED: 'Check the store that was passed to oauth(): tokens are lost with this process.',
  MCP_REDIRECT_REFUSED: redirectHint,
  MCP_SESSION_LOST:
    'The server lost the session: it was restarted, or it has several instances that do not share sessions.',
  MCP_STREAM_BROKEN: ({ details }) =>
    details?.reason === NO_RESPONSE
      ? 'The server accepted the request but sent no response to it: check that the URL is an MCP endpoint.'
      : 'The response was cut off: check the log of the server, and the time and size limits of proxies.',
  MCP_TIMEOUT: timeoutHint,
  MCP_TRANSPORT_BUSY: 'Create a new transport for each client.',
  MCP_MESSAGE_TOO_LARGE: ({ details }) => {
    const field = typeof details?.field === 'string' ? details.field : 'maxMessageBytes';
    return `Raise \`${field}\` if messages of this size are expected.`;
  },
  MCP_MEMORY_LIMIT: 'Make fewer calls at the same time, or raise `limits.maxHeldBytes` of the client.',
  MCP_NOT_CONNECTED: ({ message }) =>
    message.startsWith('Not connected: ')
      ? 'The connection was closed: call connect() again. With `autoReconnect` the client reconnects by itself.'
      : 'Call connect() first, or create the client with `MCPClient.connect`.',
  MCP_CRASH_LOOP:
    'Find out why the connection is lost so often. If this many restarts are expected, raise `maxRestarts`.',
  MCP_INTERNAL:
    'This is a bug of mcp-actors or of a custom transport: report it with the stack of the cause. connect() starts again.',
  MCP_CONNECTION_LOST: ({ message, details }) => {
    if (typeof details?.misses === 'number')
      return 'The server hangs, or the network drops messages: check the log of the server.';
    if (message.includes('reconnect()')) return undefined;
    return 'With `autoReconnect` the client reconnects, in at most `maxReconnectAttempts` attempts.';
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
      ? `The server, or a proxy in front of it, sent text that is not JSON: check the URL.`
      : NOISE;
  },
  MCP_INVALID_RESULT: BUG_OF_SERVER,
  MCP_RPC_ERROR: ({ errorCode, details }) => {
    // Some frameworks use the code of an unknown method for an unknown name.
    const list = errorCode === -32_601 ? NAMED_IN_LISTS.get(details?.method) : undefined;
    return list === undefined ? RPC_HINTS.get(errorCode) : `The server may not have this ${list}.`;
  },
  MCP_TOOL_ERROR: ({ errorCode }) => {
    if (errorCode === undefined)
      return "The tool itself reported this error: `result` of the error is its whole result. With `onToolError: 'return'` the call returns it instead.";
    return errorCode === -32_601
      ? 'The server does not have this tool, or no tools at all: listTools() returns its tools.'
      : RPC_HINTS.get(errorCode);
  },
  MCP_RESOURCE_NOT_FOUND: 'listResources() and listResourceTemplates() return the resources of the server.',
  MCP_UNSUPPORTED_VERSION: ({ details }) => {
    if (details?.method === undefined)
      return 'Client and server have no common protocol revision: update one of them, or check the option `era`.';
    return `This method belongs to another revision. If the server supports that revision, select it with \`era\`.`;
  },
  MCP_INPUT_LIMIT: ({ details }) => {
    const field = typeof details?.field === 'string' ? details.field : 'limits.maxInputRounds';
    return `If this many server requests are expected, raise \`${field}\`.`;
  },
  MCP_CAPABILITY_MISSING: ({ errorCode, details }) => {
    if (details?.resultType === 'input_required' || errorCode === -32_021) return GIVE_HANDLERS;
    if (details?.refused !== undefined)
      return 'The server sends no notifications about these changes: read them again from time to time.';
    return 'Check the capabilities in `getServerInfo()` before the call.';
  },
};

function spawnHint({ message, details }: Hintable): string | undefined {
  const { command, errno } = details ?? {};
  if (message.includes('working directory')) return 'Check the option `cwd`.';
  if (errno === 'EACCES')
    return 'Make the file executable, or run it with its interpreter, such as node, and the file in `args`.';
  if (errno === 'EMFILE' || errno === 'ENFILE' || errno === 'EAGAIN' || errno === 'ENOMEM')
    return 'The system has no free processes, files or memory: close other programs, or raise its limits.';
  if (errno === 'E2BIG') return 'The arguments and the environment together are too long: shorten `args` and `env`.';
  const [program = '', ...words] = typeof command === 'string' ? command.split(/\s+/) : [];
  if (words.length > 0) {
    // A path may contain spaces.
    const isName = !/[\\/]/.test(program);
    return isName
      ? '`command` is the name of one program: put each argument into `args`.'
      : 'Check that the command is installed. `command` is the path of one program: put each argument into `args`.';
  }
  return 'Check that the command is installed and on PATH, and that `cwd` exists.';
}

function exitHint({ details }: Hintable, { state, noise }: Circumstances): string {
  const { stderr, exitCode, signal } = details ?? {};
  const found = (typeof stderr === 'string' ? stderrHint(stderr) : undefined) ?? SIGNAL_HINTS.get(signal) ?? undefined;
  if (found !== undefined) return found;
  if (ESTABLISHED.has(state))
    return 'The server process ended during use: check its log, or its stderr in `details`. With `autoReconnect` the client restarts it.';
  return (
    EXIT_HINTS.get(exitCode) ??
    (noise === true ? NOISE : undefined) ??
    'Run the command in a terminal and check its output; often an environment variable or a package is missing.'
  );
}

/** The last searched text and its hint: thousands of calls may fail with one process, and a search of 4 KiB takes 0.3 ms. */
let searched: { readonly stderr: string; readonly hint: string | undefined } | undefined;

function stderrHint(stderr: string): string | undefined {
  if (searched?.stderr !== stderr) {
    searched = { stderr, hint: STDERR_HINTS.find(([pattern]) => pattern.test(stderr))?.[1] };
  }
  return searched.hint;
}

/** What to change, by the error of the authorization server. RFC 6749, 5.2; RFC 8707, 2. */
const TOKEN_ERRORS = new Map<unknown, string>([
  ['invalid_client', 'Check the secret and the `authMethod` of the option `client` of oauth().'],
  [
    'invalid_grant',
    'The code or the refresh token is not valid any more: sign in again. Check the clock of this machine.',
  ],
  ['invalid_scope', 'Check the option `scopes` of oauth().'],
  [
    'invalid_target',
    'The server does not accept this `resource`: pass the option `resource` of oauth(), or `resource: false`.',
  ],
]);

function tokenRequestHint({ details }: Hintable): string {
  return TOKEN_ERRORS.get(details?.error) ?? 'Check the settings of this client at the authorization server.';
}

function authenticationHint({ details }: Hintable): string {
  const { requiredScope, resourceMetadata, error, status, url, authorization } = details ?? {};
  if (status === undefined) return 'Your `auth.token()` must return a token: see the cause.';
  if (typeof requiredScope === 'string' && (error === 'insufficient_scope' || status === 403))
    return `The token does not allow this: get one with the scope "${requiredScope}".`;
  if (status === 403) return 'The server does not allow this for the token: check its scopes and permissions.';
  const where = typeof resourceMetadata === 'string' ? ` ${resourceMetadata} describes where to get one.` : '';
  if (error === 'invalid_token' || authorization === 'sent')
    return `The server does not accept this token: it may have expired, or be for another server. Renew it.${where}`;
  const option =
    typeof url === 'string' && url.startsWith('ws')
      ? 'headers: { Authorization }'
      : 'auth: { token }` or `auth: oauth({ … })';
  return `The server requires a token: pass the transport \`${option}\`.${where}`;
}

/** Never suggests an http: URL in place of an https: one. */
function redirectHint({ details }: Hintable): string | undefined {
  const { from, to, location, status } = details ?? {};
  if (typeof to !== 'string') return 'The redirects of the server have no end or no target: check the URL.';
  if (!/^(?:http|ws)s?:\/\//.test(to)) return 'The server redirects to a URL that is not HTTP: check the URL.';
  const target = typeof location === 'string' ? location : to;
  const isDowngrade = typeof from === 'string' && /^(?:https|wss):/.test(from) && /^(?:http|ws):/.test(to);
  const safe = isDowngrade ? overTls(new URL(target), new URL(from)) : target;
  if (status === undefined && from !== undefined)
    return `The server sends a wrong address for messages: configure its public address, ${isDowngrade ? 'with https://' : 'on the origin of its stream'}.`;
  if (!isDowngrade) return `If you trust ${target}, use it as the URL.`;
  return `The server redirects to plain HTTP, which does not protect tokens and messages. Use ${safe} as the URL, and configure the server, or the proxy in front of it, to redirect to https://.`;
}

/** The target of a redirect with https:. On the same host TLS uses the port of the request, not of the target. */
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
      return `Start the server once in a terminal with \`${details.launcher}\`, so that its download is cached, or raise \`connectTimeout\`.`;
    return state === 'initializing'
      ? 'The server is running but does not respond: check that it is an MCP server for this transport. If it starts slowly, raise `connectTimeout`.'
      : 'The server was not reached in this time: check the command or the URL. If it starts slowly, raise `connectTimeout`.';
  }
  if (phase === 'queued')
    return 'The request waited for the connection and was not sent: `client.explain()` shows the state of the connection.';
  if (phase === 'asking')
    return 'A handler or the user took too long: raise `maxTotalTimeout`, or `timeout` if the server must confirm that the user has finished.';
  if (operation === 'subscriptions/listen') return 'The server does not acknowledge the subscription: check its log.';
  const option = message.includes('(maxTotalTimeout)')
    ? 'raise `maxTotalTimeout`'
    : 'raise `timeout`, or let the server report progress';
  return `If the operation needs this much time, ${option}.`;
}

/** The hint for a failure: one thing that the user can do, if any. */
export function hintOf(failure: Hintable, about: Circumstances = {}): string | undefined {
  const found = Object.hasOwn(CODE_HINTS, failure.code) ? CODE_HINTS[failure.code] : undefined;
  return typeof found === 'function' ? found(failure, about) : found;
}

/** The hint for an HTTP server without MCP at this path, with other paths to try. */
function elsewhere({ details }: Hintable): string {
  const shown = typeof details?.url === 'string' ? details.url : '';
  const parts = /^([a-z]+:\/\/[^/]*)(\/.*)?$/.exec(shown);
  if (parts === null) return 'Is this the MCP endpoint? Check the path of the URL.';
  const [, origin = '', given = ''] = parts;
  const path = given.replace(/\/+$/, '');
  const base = path.replace(/\/(?:mcp|sse|ws)$/, '');
  const names = origin.startsWith('ws') ? ['mcp', 'ws'] : ['mcp', 'sse'];
  const below = names.map((name) => `${base}/${name}`);
  // The user may have added a wrong path to the address of the server.
  const candidates = base === path && base !== '' ? [...below, '/mcp'] : below;
  const others = candidates.filter((one) => one !== given).map((one) => origin + one);
  return `Is this the MCP endpoint? Try ${others.join(' or ')}.`;
}

function later({ details }: Hintable): string {
  const { retryAfter } = details ?? {};
  return typeof retryAfter === 'number'
    ? `The server accepts the next request in ${describeAge(retryAfter)}: wait until then.`
    : OVERLOADED;
}
