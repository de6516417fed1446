import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { systemEnvironment } from '../../src/environment.js';
import type { Environment, TimerHandle } from '../../src/environment.js';
import { MemoryTransport, StdioTransport } from '../../src/index.js';
import type {
  DiscoverResult,
  InitializeResult,
  JSONRPCMessage,
  MCPProtocolVersion,
  RequestId,
} from '../../src/index.js';
import type { Link } from '../../src/transports/link.js';
import type { Heard, InTurn, Script, Step, Steps } from '../fixtures/servers/script.mjs' with {
  'resolution-mode': 'import',
};
import { LinkRecorder } from './link-recorder.js';
import { Waiting } from './waiting.js';

export type { Heard, Script, Step };

/** A request of the client. */
export type HeardRequest = Heard & { readonly id: RequestId; readonly method: string };

// What a script says about one method.

/** Answers with a result. */
export function answer(result: unknown): Step[] {
  return [{ answer: result }];
}

/** Answers with an error. */
export function refuse(code: number, message = 'No', data?: unknown): Step[] {
  return [{ error: { code, message, ...(data !== undefined && { data }) } }];
}

/** Acknowledges a `subscriptions/listen` as it is. */
export const acknowledgement: Step[] = [{ acknowledge: true }];

/** Does nothing. */
export const silence: Step[] = [];

/** Ends, after some words to standard error. */
export function end(how: number | NodeJS.Signals = 0, complaint?: string): Step[] {
  return [...(complaint === undefined ? [] : [{ complain: complaint }]), { end: how }];
}

/** The first time this, the second time that, and from the last one on always the same. */
export function inTurn(...each: Steps[]): InTurn {
  return { inTurn: each };
}

const SERVER = { name: 'scripted', version: '1.0.0' };
const EVERYTHING = {
  completions: {},
  logging: {},
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  tools: { listChanged: true },
};

/** The answer of a modern server to `server/discover`. */
export function discoverResult(more: object = {}): DiscoverResult {
  return {
    resultType: 'complete',
    supportedVersions: ['2026-07-28'],
    capabilities: EVERYTHING,
    ttlMs: 0,
    cacheScope: 'private',
    _meta: { 'io.modelcontextprotocol/serverInfo': SERVER },
    ...more,
  };
}

/** The answer of a legacy server to `initialize`. */
export function initializeResult(version: string = '2025-11-25', more: object = {}): InitializeResult {
  return { protocolVersion: version, capabilities: EVERYTHING, serverInfo: SERVER, ...more };
}

/** A server of the revision 2026-07-28. */
export function modernScript(more: Script = {}): Script {
  return { 'server/discover': answer(discoverResult()), ...more };
}

/** A server of an older revision, that refuses what it does not know. */
export function legacyScript(version: MCPProtocolVersion = '2025-11-25', more: Script = {}): Script {
  return { initialize: answer(initializeResult(version)), ping: answer({}), ...more };
}

/** A server that does nothing by itself: the test speaks for it. */
export function byHand(more: Script = {}): Script {
  return { '*': silence, ...more };
}

/**
 * A server of any era in the test's own process. What its script does not do, the test does: it waits for what the client says, and
 * speaks for the server. It serves one link after the other.
 */
export class ScriptedServer implements AsyncDisposable {
  /** The client's end. */
  readonly transport: MemoryTransport;
  /** Everything that came, over all links, in order. */
  readonly heard: Heard[] = [];
  readonly #far: MemoryTransport;
  readonly #environment: Environment;
  readonly #stop = new AbortController();
  readonly #timers = new Set<TimerHandle>();
  readonly #taken = new Map<string | undefined, number>();
  readonly #waiting = new Waiting();
  #react!: (message: Heard) => Promise<void>;
  #link: Link | undefined;
  #opening: Promise<void> = Promise.resolve();

  private constructor(environment: Environment) {
    [this.transport, this.#far] = MemoryTransport.pair();
    this.#environment = environment;
  }

  /** Starts a server. `environment` is the clock of its script. */
  static async start(script: Script = byHand(), environment: Environment = systemEnvironment): Promise<ScriptedServer> {
    const { play } = await import('../fixtures/servers/script.mjs');
    const server = new ScriptedServer(environment);
    server.#react = play(script, {
      send: (message) => {
        server.says(message);
      },
      wait: (milliseconds) => server.#wait(milliseconds),
      complain: () => undefined,
      end: () => {
        server.hangsUp();
      },
    });
    server.#listen();
    await server.#opening;
    return server;
  }

  /** The methods of everything that came, in order; answers have none. */
  get methods(): string[] {
    return this.heard.map(({ method, result }) => method ?? (result === undefined ? '(error)' : '(result)'));
  }

  /** The next request or notification of this method that was not waited for yet. */
  async hears(method: string): Promise<HeardRequest> {
    return (await this.#next(method)) as HeardRequest;
  }

  /** The next answer of the client to a request of the server. */
  hearsAnswer(): Promise<Heard> {
    return this.#next(undefined);
  }

  /** Sends a message, or anything else. */
  says(message: unknown): void {
    void this.#link?.send(message as JSONRPCMessage)?.catch(() => undefined);
  }

  /** Sends a notification. */
  notifies(method: string, params?: object): void {
    this.says({ jsonrpc: '2.0', method, ...(params !== undefined && { params }) });
  }

  /** Answers a request. */
  answers({ id }: HeardRequest, result: object): void {
    this.says({ jsonrpc: '2.0', id, result });
  }

  /** Answers a request with an error. */
  refuses({ id }: HeardRequest, code: number, message = 'No', data?: unknown): void {
    this.says({ jsonrpc: '2.0', id, error: { code, message, ...(data !== undefined && { data }) } });
  }

  /** Ends the link; the client may open another. */
  hangsUp(): void {
    this.#link = undefined;
    void this.#far.closeLink();
    this.#listen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const timer of this.#timers) this.#environment.clearTimeout(timer);
    await this.#opening;
    await this.#far.closeLink();
  }

  #listen(): void {
    const events = {
      ...new LinkRecorder().events,
      message: (message: unknown) => {
        this.#hear(message as Heard);
      },
      closed: () => {
        this.#link = undefined;
        this.#listen();
      },
    };
    if (this.#stop.signal.aborted) return;
    this.#opening = this.#far.openLink(events, this.#stop.signal).then(
      (link) => {
        this.#link = link;
      },
      () => undefined,
    );
  }

  #hear(message: Heard): void {
    this.heard.push(message);
    void this.#react(message);
    this.#waiting.wake();
  }

  async #next(method: string | undefined): Promise<Heard> {
    const taken = this.#taken.get(method) ?? 0;
    this.#taken.set(method, taken + 1);
    const all = (): Heard[] => this.heard.filter((message) => message.method === method);
    await this.#waiting.until(
      () => all().length > taken,
      () => `expected ${method ?? 'an answer'}, heard ${this.methods.join(', ') || 'nothing'}`,
      4_000,
    );
    return all()[taken] as Heard;
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#environment.setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, milliseconds);
      this.#timers.add(timer);
    });
  }
}

/** A script that plays in processes, each of which begins it anew; or a script for each, the last one for all that follow. */
export class ScriptedProcess implements Disposable {
  readonly transport: StdioTransport;
  readonly #directory = mkdtempSync(path.join(tmpdir(), 'mcp-actors-'));

  constructor(script: Script | readonly Script[]) {
    const program = fileURLToPath(new URL('../fixtures/servers/scripted.mjs', pathToFileURL(__filename)));
    this.transport = new StdioTransport(process.execPath, [program, JSON.stringify(script), this.#transcript]);
  }

  get #transcript(): string {
    return path.join(this.#directory, 'transcript');
  }

  /** What each process heard, in the order of their starts. */
  get heard(): Heard[][] {
    const processes = new Map<number, Heard[]>();
    for (const line of readFileSync(this.#transcript, 'utf8').trim().split('\n')) {
      const { pid, message } = JSON.parse(line) as { pid: number; message?: Heard };
      const heard = processes.get(pid) ?? [];
      processes.set(pid, message === undefined ? heard : [...heard, message]);
    }
    return [...processes.values()];
  }

  /** The methods that each process heard. */
  get methods(): (string | undefined)[][] {
    return this.heard.map((messages) => messages.map(({ method }) => method));
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }
}
