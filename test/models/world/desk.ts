import type { MCPProtocolVersion } from '../../../src/index.js';
import type { JSONRPCMessage, JSONRPCRequest } from '../../../src/protocol/messages/json-rpc.js';
import { eraOf } from '../../../src/protocol/revisions.js';

/** A request that the server holds. */
interface Held {
  readonly id: string | number;
  readonly method: string;
  /** The link or exchange by which it came. */
  readonly visit: object;
  readonly reply: () => void;
}

type Reply = (answer: object) => void;

const ABOUT = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
const CAPABILITIES = { tools: {}, resources: {} };
const SERVER_INFO = { name: 'world', version: '1' };

/**
 * What a server of the world does with what it hears, by whatever way it came. It runs each call as it comes, which the ledger shows,
 * and answers at once or, while it is slow, when it catches up.
 */
export class Desk {
  readonly revision: MCPProtocolVersion;
  /** How often each call was run, by its key. */
  readonly ledger = new Map<string, number>();
  readonly #changed: () => void;
  #slow = false;
  #held: Held[] = [];

  /** `changed` is called after everything that happens. */
  constructor(revision: MCPProtocolVersion, changed: () => void) {
    this.revision = revision;
    this.#changed = changed;
  }

  get modern(): boolean {
    return eraOf(this.revision) === 'modern';
  }

  /** The methods of what is held. */
  get holding(): string[] {
    return this.#held.map(({ method }) => method).sort();
  }

  /** The ids of what is held. */
  get held(): ReadonlySet<unknown> {
    return new Set(this.#held.map(({ id }) => id));
  }

  slowDown(): void {
    this.#slow = true;
  }

  /** Answers what is held, in the order in which it came, and from now on everything at once. */
  catchUp(): void {
    this.#slow = false;
    for (const { reply } of this.#held.splice(0)) reply();
    this.#changed();
  }

  /** It is a new server that is there now, which is prompt and holds nothing. */
  startAnew(): void {
    this.#slow = false;
    this.#held = [];
    this.#changed();
  }

  hear(message: JSONRPCMessage, visit: object, reply: Reply): void {
    if ('method' in message && 'id' in message) this.#serve(message, visit, reply);
    else if ('method' in message && message.method === 'notifications/cancelled') {
      const id = message.params?.requestId;
      this.#held = this.#held.filter((one) => one.id !== id);
    }
    this.#changed();
  }

  /** Nobody hears any more what would be said there. */
  leave(visit: object): void {
    this.#held = this.#held.filter((one) => one.visit !== visit);
    this.#changed();
  }

  #serve(request: JSONRPCRequest, visit: object, reply: Reply): void {
    const { id, method } = request;
    const answer = { jsonrpc: '2.0', id, ...this.#answer(request) };
    const say = (): void => {
      reply(answer);
    };
    if (this.#slow) this.#held.push({ id, method, visit, reply: say });
    else say();
  }

  #answer({ method, params = {} }: JSONRPCRequest): object {
    switch (method) {
      case 'server/discover':
        if (this.modern) {
          const _meta = { 'io.modelcontextprotocol/serverInfo': SERVER_INFO };
          return { result: { ...ABOUT, supportedVersions: [this.revision], capabilities: CAPABILITIES, _meta } };
        }
        break;
      case 'initialize':
        if (!this.modern) {
          return {
            result: { protocolVersion: this.revision, capabilities: CAPABILITIES, serverInfo: SERVER_INFO },
          };
        }
        break;
      case 'ping':
        if (!this.modern) return { result: {} };
        break;
      case 'resources/read': {
        const text = this.#run(params.uri);
        return { result: { ...ABOUT, contents: [{ uri: params.uri, text }] } };
      }
      case 'tools/call': {
        const text = this.#run((params.arguments as { key: string }).key);
        return { result: { ...ABOUT, content: [{ type: 'text', text }] } };
      }
      default:
    }
    return { error: { code: -32601, message: `Method not found: ${method}` } };
  }

  #run(key: unknown): string {
    const name = String(key);
    this.ledger.set(name, (this.ledger.get(name) ?? 0) + 1);
    return name;
  }
}
