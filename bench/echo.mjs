// The responses of the server of all benchmarks, in the process of the client or in its own process.

const INFO = { name: 'echo', version: '1.0.0' };
const CAPABILITIES = { tools: {} };

/** The revisions that are compared, by era. */
export const REVISIONS = { legacy: '2025-11-25', modern: '2026-07-28' };

/** The metadata key that every modern request has. */
export const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';

/** The result of a request; undefined for a method that this server does not have. */
export function resultOf(method, params) {
  switch (method) {
    case 'tools/call': {
      const content = [{ type: 'text', text: params.arguments.message }];
      return params._meta?.[VERSION_KEY] === undefined ? { content } : { resultType: 'complete', content };
    }
    case 'initialize':
      return { protocolVersion: REVISIONS.legacy, capabilities: CAPABILITIES, serverInfo: INFO };
    case 'server/discover':
      return {
        resultType: 'complete',
        supportedVersions: [REVISIONS.modern],
        capabilities: CAPABILITIES,
        ttlMs: 0,
        cacheScope: 'private',
        _meta: { 'io.modelcontextprotocol/serverInfo': INFO },
      };
    case 'ping':
      return {};
    default:
      return undefined;
  }
}

/** The response to a message; undefined for a notification. */
export function answerTo({ id, method, params }) {
  if (id === undefined) return undefined;
  const result = resultOf(method, params);
  if (result !== undefined) return { jsonrpc: '2.0', id, result };
  return { jsonrpc: '2.0', id, error: { code: -32601, message: `No ${method} here` } };
}

const NUMBER = /"id":(\d+)/;
const MESSAGE = '"message":"';

/**
 * The response to a message as text; undefined for a notification. Tool calls are parsed without JSON, so that most of the measured time is
 * that of the client. The client must write messages as `JSON.stringify` does: all three do.
 */
export function answerTextTo(text) {
  if (!text.includes('"tools/call"')) {
    const answer = answerTo(JSON.parse(text));
    return answer === undefined ? undefined : JSON.stringify(answer);
  }
  const [, id] = NUMBER.exec(text);
  const start = text.indexOf(MESSAGE) + MESSAGE.length;
  const message = text.slice(start, text.indexOf('"', start));
  const type = text.includes(VERSION_KEY) ? '"resultType":"complete",' : '';
  return `{"jsonrpc":"2.0","id":${id},"result":{${type}"content":[{"type":"text","text":"${message}"}]}}`;
}
