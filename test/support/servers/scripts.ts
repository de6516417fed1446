import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Environment } from '../../../src/util/environment.js';
import { StdioTransport } from '../../../src/index.js';
import type { DiscoverResult, InitializeResult, MCPProtocolVersion } from '../../../src/index.js';
import { createScriptedServer } from '../../../src/testing/index.js';
import type { ScriptedServer } from '../../../src/testing/index.js';
import type { ReceivedMessage, InTurn, Script, Step, Steps } from '../../fixtures/servers/script.mjs' with {
  'resolution-mode': 'import',
};

export type { ReceivedRequest, ScriptedServer } from '../../../src/testing/index.js';
export type { ReceivedMessage, Script, Step };

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

/** Starts a server in the test's own process that plays a script. What the script does not do, the test does by hand. */
export async function scriptedServer(script: Script = byHand(), environment?: Environment): Promise<ScriptedServer> {
  const { play } = await import('../../fixtures/servers/script.mjs');
  const react = play(script);
  const send = (message: unknown): void => {
    server.send(message);
  };
  // Between two ends in one process there are no texts: what is no JSON cannot be sent.
  const write = (text: string): void => {
    send(JSON.parse(text));
  };
  const end = (): void => {
    server.hangUp();
  };
  const server: ScriptedServer = createScriptedServer({
    // Which revision is spoken is the script's business. This one sends notifications as they are.
    revision: '2025-11-25',
    ...(environment && { environment }),
    handlers: {
      '*': (params, { id, method, wait }) => {
        const message: ReceivedMessage = { jsonrpc: '2.0', id, method, params };
        return react(message, { send, write, wait, complain: () => undefined, end });
      },
    },
  });
  return server;
}

/** A script that plays in processes, each of which begins it anew; or a script for each, the last one for all that follow. */
export class ScriptedProcess implements Disposable {
  readonly transport: StdioTransport;
  readonly #directory = mkdtempSync(path.join(tmpdir(), 'mcp-actors-'));

  constructor(script: Script | readonly Script[]) {
    const program = fileURLToPath(new URL('../../fixtures/servers/scripted.mjs', pathToFileURL(__filename)));
    this.transport = new StdioTransport(process.execPath, [program, JSON.stringify(script), this.#transcript]);
  }

  get #transcript(): string {
    return path.join(this.#directory, 'transcript');
  }

  /** What each process received, in the order of their starts. */
  get received(): ReceivedMessage[][] {
    const processes = new Map<number, ReceivedMessage[]>();
    for (const line of readFileSync(this.#transcript, 'utf8').trim().split('\n')) {
      const { pid, message } = JSON.parse(line) as { pid: number; message?: ReceivedMessage };
      const received = processes.get(pid) ?? [];
      processes.set(pid, message === undefined ? received : [...received, message]);
    }
    return [...processes.values()];
  }

  /** The methods that each process received. */
  get methods(): (string | undefined)[][] {
    return this.received.map((messages) => messages.map(({ method }) => method));
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }
}
