import { AUTH_HINTS } from './auth-hints.js';
import type { Circumstances, Finder, Hintable, HintTable } from './hintable.js';
import { redirectHint, statusHint } from './http-hints.js';
import { reasonHint } from './network-hints.js';
import { exitHint, NOISE, spawnHint, stderrHint } from './process-hints.js';

const BUG_OF_SERVER = 'This is a bug of the server: report it to its authors.';
const BROKEN_RESPONSE =
  'The response of the server is not valid JSON: it may have NaN or a raw control character in it, or be cut off or mixed with other output. Report it to the authors of the server.';
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
  ['skills/get', 'skill: skills.list() returns the skills that the server lists'],
]);

/** Hints by failure code: one thing that the user can do. */
const CODE_HINTS: HintTable = {
  MCP_SPAWN_FAILED: spawnHint,
  MCP_PROCESS_EXITED: exitHint,
  MCP_TRANSPORT_FAILED: ({ details }) => reasonHint(details?.reason),
  MCP_HTTP_STATUS: statusHint,
  ...AUTH_HINTS,
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
  MCP_INVALID_RESULT: ({ details }) =>
    details?.issues === undefined
      ? BUG_OF_SERVER
      : 'Compare the schema of the call with the results of the tool: the result is in `details.result` and the issues are in `details.issues`.',
  MCP_RPC_ERROR: ({ errorCode, details }) => {
    // Some frameworks use the code of an unknown method for an unknown name.
    const isUnknown = errorCode === -32_601 || (errorCode === -32_602 && details?.method === 'skills/get');
    const list = isUnknown ? NAMED_IN_LISTS.get(details?.method) : undefined;
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
  MCP_SKILL_INVALID: ({ details }) => {
    if (details?.limit !== undefined)
      return 'A skill of this size is outside of the specification: report it to the authors of the server.';
    if (details?.received === '"dynamic"')
      return 'Pass `allowDynamic: true` if the content of this skill may be used without verification.';
    return 'The skill may have changed: get its current entry with `client.skills.get(uri)`, and have the user approve it again. If that fails, too, report it to the authors of the server.';
  },
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

const HINTS = new Map<string, string | Finder>(Object.entries(CODE_HINTS));

/** The hint for a failure: one thing that the user can do, if any. */
export function hintOf(failure: Hintable, about: Circumstances = {}): string | undefined {
  const found = HINTS.get(failure.code);
  return typeof found === 'function' ? found(failure, about) : found;
}
