// What the server of every benchmark answers, in the process of the client or in one of its own.

const INFO = { name: 'echo', version: '1.0.0' };
const CAPABILITIES = { tools: {} };

/** The revisions that are compared, by era. */
export const REVISIONS = { legacy: '2025-11-25', modern: '2026-07-28' };

/** The key by which a request of the modern era is told. */
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

/** The answer to a message; undefined when it wants none. */
export function answerTo({ id, method, params }) {
  if (id === undefined) return undefined;
  const result = resultOf(method, params);
  if (result !== undefined) return { jsonrpc: '2.0', id, result };
  return { jsonrpc: '2.0', id, error: { code: -32601, message: `No ${method} here` } };
}

const NUMBER = /"id":(\d+)/;
const MESSAGE = '"message":"';

/**
 * The answer to a message as text; undefined when it wants none. Tool calls are taken apart without JSON, so that as much as possible of
 * what is measured is the client. Only clients that write what `JSON.stringify` writes can talk to it: all three do.
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
