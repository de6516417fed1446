import { createScriptedServer } from '../../src/testing/index.js';
import type { ScriptedServer } from '../../src/testing/index.js';
import type { JSONRPCMessage, MCPProtocolVersion } from '../../src/index.js';

const SCHEMA = { type: 'object', properties: { city: { type: 'string', 'x-mcp-header': 'City' } } };
const CAPABILITIES = {
  tools: { listChanged: true },
  prompts: {},
  resources: { subscribe: true },
  logging: {},
  completions: {},
};

/** A server without a fault, message by message: what it says is bent on its way to the client. */
export class HonestServer implements AsyncDisposable {
  readonly #server: ScriptedServer;

  private constructor(server: ScriptedServer) {
    this.#server = server;
  }

  /** @param say hears what the server sends */
  static async start(revision: MCPProtocolVersion, say: (message: JSONRPCMessage) => void): Promise<HonestServer> {
    const modern = revision >= '2026';
    const complete = (result: object): object => ({ ...result, ...(modern && { resultType: 'complete' }) });
    const list = (result: object): object =>
      complete({ ...result, ...(modern && { ttlMs: 1_000, cacheScope: 'private' }) });
    const tool = {
      name: 'work',
      inputSchema: SCHEMA,
      outputSchema: { type: 'object', properties: { n: { type: 'number' } } },
    };
    const server = createScriptedServer({
      revision,
      capabilities: CAPABILITIES,
      handlers: {
        'tools/list': () => list({ tools: [tool, { name: 'other', inputSchema: { type: 'object' } }] }),
        'prompts/list': () => list({ prompts: [{ name: 'p', arguments: [{ name: 'a', required: true }] }] }),
        'resources/list': () => list({ resources: [{ name: 'r', uri: 'file:///r', mimeType: 'text/plain' }] }),
        'tools/call': (_params, { progress }) => {
          progress(1, 2);
          return complete({ content: [{ type: 'text', text: 'done' }], structuredContent: { n: 1 } });
        },
        'prompts/get': () => complete({ messages: [{ role: 'user', content: { type: 'text', text: 'hello' } }] }),
        'resources/read': () => list({ contents: [{ uri: 'file:///r', text: 'r' }] }),
        'completion/complete': () => complete({ completion: { values: ['a'], total: 1, hasMore: false } }),
        'logging/setLevel': () => complete({}),
        'resources/subscribe': () => complete({}),
      },
    });
    await server.transport.connect();
    void (async () => {
      for await (const message of server.transport) say(message);
    })();
    return new HonestServer(server);
  }

  /** Takes a message of the client. */
  receive(message: JSONRPCMessage): void {
    this.#server.transport.sendMessage(message).catch(() => undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.transport.disconnect().then(() => this.#server[Symbol.asyncDispose]());
  }
}
