import type { PostedMessage } from '../support/servers/http-server.js';

/** The server's end of a connection that carries messages both ways. */
export interface Peer {
  /** Writes bytes as they are. Resolves when they have left this process, as far as it can tell. */
  write(text: string | Buffer): Promise<void>;
  /** Sends a message. */
  send(message: object): Promise<void>;
  /** Reads nothing from now on. */
  stopReading(): void;
}

/** Handles a message; true when nothing else is to be done with it. */
export type Hostility = (message: PostedMessage, peer: Peer) => boolean;

/** What an honest legacy server does with a message: it has one tool, and each call of a tool succeeds. */
export function answerHonestly({ id, method }: PostedMessage, peer: Peer, tools: readonly object[] = [TOOL]): void {
  if (id === undefined || method === undefined) return;
  const result = honestResult(method, tools);
  const error = { code: -32_601, message: 'Method not found' };
  void peer.send({ jsonrpc: '2.0', id, ...(result === undefined ? { error } : { result }) });
}

const TOOL = { name: 'work', inputSchema: { type: 'object' } };

export function honestResult(method: string, tools: readonly object[] = [TOOL]): object | undefined {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: '2025-11-25',
        capabilities: { tools: { listChanged: true }, logging: {} },
        serverInfo: { name: 'hostile', version: '1' },
      };
    case 'ping':
      return {};
    case 'tools/list':
      return { tools };
    case 'tools/call':
      return { content: [{ type: 'text', text: 'done' }] };
    default:
      return undefined;
  }
}

/** Messages that are the same but for their number, as lines. */
export function lines(count: number, line: (number: number) => string): string {
  return Array.from({ length: count }, (_, number) => `${line(number)}\n`).join('');
}

/** JSON that is nested so deep: `[[[…]]]`, `{"a":{"a":…}}`. */
export function nestedArrays(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth);
}

export function nestedObjects(depth: number, key: string, inner = '{}'): string {
  return `{"${key}":`.repeat(depth) + inner + '}'.repeat(depth);
}
