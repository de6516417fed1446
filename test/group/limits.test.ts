import { createScriptedServer } from '../../src/testing/index.js';
import type { ScriptedRequest, ScriptedServer } from '../../src/testing/index.js';
import { MCPClientGroup } from '../../src/group/index.js';
import { Waiting } from '../support/waiting.js';
import { rejection } from './support.js';

/** A server in this process whose calls end when the test says so. */
class HeldServer implements AsyncDisposable {
  readonly server: ScriptedServer;
  readonly running: ScriptedRequest[] = [];
  readonly #changed: Waiting;
  readonly #name: string;
  readonly #log: string[];

  constructor(name: string, log: string[], changed: Waiting) {
    this.#name = name;
    this.#log = log;
    this.#changed = changed;
    this.server = createScriptedServer({
      revision: '2025-11-25',
      handlers: {
        'tools/list': () => ({ tools: [{ name: 'hold', inputSchema: { type: 'object' } }] }),
        'tools/call': (_params, request) => {
          this.running.push(request);
          this.#log.push(this.#name);
          this.#changed.wake();
          return undefined;
        },
      },
    });
  }

  /** Ends the oldest call. */
  end(): void {
    const request = this.running.shift();
    if (request !== undefined) this.server.respond(request as never, { content: [] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

async function scene(options: object, limits: { readonly a?: number } = {}) {
  const log: string[] = [];
  const changed = new Waiting();
  const [a, b] = [new HeldServer('a', log, changed), new HeldServer('b', log, changed)];
  const group = new MCPClientGroup(
    { a: { target: a.server.transport, concurrency: limits.a }, b: b.server.transport },
    options,
  );
  await group.connect();
  const reached = (calls: number): Promise<void> =>
    changed.until(
      () => log.length === calls,
      () => `the calls are ${log.join()}`,
    );
  const call = (name: 'a' | 'b', more: object = {}): Promise<unknown> => group.callTool(`${name}__hold`, {}, more);
  const end = async (): Promise<void> => {
    await group.close();
    await a[Symbol.asyncDispose]();
    await b[Symbol.asyncDispose]();
  };
  return { group, a, b, log, reached, call, [Symbol.asyncDispose]: end };
}

describe('concurrency', () => {
  it('bounds the calls of one server, and does not delay those of another', async () => {
    await using one = await scene({}, { a: 2 });
    const calls = [one.call('a'), one.call('a'), one.call('a'), one.call('b')];
    await one.reached(3);
    expect(one.log).toEqual(['a', 'a', 'b']);
    one.a.end();
    await one.reached(4);
    for (const server of [one.a, one.a, one.b]) server.end();
    await Promise.all(calls);
  });

  it('bounds all calls, and servers take turns when one ends', async () => {
    await using one = await scene({ concurrency: 2 });
    const calls = [1, 2, 3, 4, 5].map(() => one.call('a'));
    calls.push(one.call('b'), one.call('b'));
    await one.reached(2);
    for (let reached = 3; reached <= 7; reached += 1) {
      if (one.a.running.length > 0) one.a.end();
      else one.b.end();
      await one.reached(reached);
    }
    // Each server had its turn, although the calls of the first one came earlier.
    expect(one.log.slice(0, 6)).toEqual(['a', 'a', 'a', 'b', 'a', 'b']);
    for (let left = 0; left < 2; left += 1) {
      one.a.end();
      one.b.end();
    }
    await Promise.all(calls);
  });

  it('holds after a server with waiting calls was removed', async () => {
    await using one = await scene({ concurrency: 1 });
    const gone = [1, 2, 3].map(() => one.call('a').catch((error: unknown) => error));
    await one.reached(1);
    await one.group.remove('a');
    await Promise.all(gone);
    const calls = [one.call('b'), one.call('b')];
    await one.reached(2);
    // A list takes no slot: its response comes after every call that was sent before it.
    await one.group.client('b').listTools({ useCache: false });
    expect(one.b.running).toHaveLength(1);
    one.b.end();
    await one.reached(3);
    one.b.end();
    await Promise.all(calls);
  });

  it('refuses a call above maxQueued as not sent, and goes on with the others', async () => {
    await using one = await scene({ concurrency: 1, maxQueued: 1 });
    const calls = [one.call('a'), one.call('a')];
    expect(await rejection(one.call('b'))).toMatchObject({
      code: 'MCP_QUEUE_FULL',
      delivery: 'not-sent',
      details: { field: 'maxQueued', limit: 1 },
    });
    await one.reached(1);
    one.a.end();
    await one.reached(2);
    one.a.end();
    await Promise.all(calls);
  });

  it('lets a waiting call be aborted, and time out as not sent, and both give their place away', async () => {
    await using one = await scene({ concurrency: 1 });
    const first = one.call('a');
    await one.reached(1);
    const abort = new AbortController();
    const aborted = rejection(one.call('a', { signal: abort.signal }));
    const late = rejection(one.call('b', { timeout: 50 }));
    const last = one.call('b');
    abort.abort();
    expect(await aborted).toBe(abort.signal.reason);
    expect(await late).toMatchObject({ code: 'MCP_TIMEOUT', delivery: 'not-sent', details: { phase: 'queued' } });
    one.a.end();
    await first;
    await one.reached(2);
    one.b.end();
    await last;
    expect(one.log).toEqual(['a', 'b']);
  });

  it('rejects waiting calls of a server that is removed as not sent, at once', async () => {
    await using one = await scene({ concurrency: 1 });
    const first = rejection(one.call('a'));
    await one.reached(1);
    const [waiting, other] = [rejection(one.call('a', { timeout: 60_000 })), one.call('b')];
    await one.group.remove('a');
    expect(await first).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'unknown' });
    expect(await waiting).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'not-sent' });
    await one.reached(2);
    one.b.end();
    await other;
  });

  it('does not count a call to a server that is being started', async () => {
    const silent = createScriptedServer({ handlers: { '*': () => undefined } });
    await using one = await scene({ concurrency: 1 });
    void one.group.add('silent', silent.transport).catch(() => undefined);
    const waiting = rejection(one.group.client('silent').callTool('hold', {}, { timeout: 200 }));
    const call = one.call('a');
    await one.reached(1);
    one.a.end();
    await call;
    expect(await waiting).toMatchObject({ code: 'MCP_TIMEOUT', delivery: 'not-sent', details: { phase: 'waking' } });
    await silent[Symbol.asyncDispose]();
  });
});

it('a call does not wait for a silent server when another server has the tool', async () => {
  const changed = new Waiting();
  const log: string[] = [];
  await using good = new HeldServer('good', log, changed);
  await using silent = createScriptedServer({ revision: '2025-11-25', handlers: { 'tools/list': () => undefined } });
  await using group = new MCPClientGroup(
    { silent: silent.transport, good: good.server.transport },
    { prefix: (server, name) => `${server}.${name}` },
  );
  const call = group.callTool('good.hold', {});
  await changed.until(
    () => log.length === 1,
    () => 'the call is not sent',
  );
  good.end();
  await call;
});
