import { getEventListeners } from 'node:events';

import { failure } from '../../../src/util/failure.js';
import { acceptable } from '../../../src/protocol/negotiation.js';
import { RequestFailure } from '../../../src/machines/request/outcome.js';
import { rejectedWith } from '../../../src/transports/link.js';
import { discoverResult, initializeResult } from '../../support/servers/scripts.js';
import {
  deferred,
  legacyServer,
  modernServer,
  neverOpens,
  NOTHING_LEFT,
  silentServer,
  ManualConnection,
  ManualTransport,
  watch,
} from '../../support/manual-connection.js';

describe('connecting', () => {
  it('detects a modern server with one request', async () => {
    const manual = new ManualConnection({ server: modernServer });
    expect(manual.state).toBe('idle');
    const session = await manual.connect();
    expect(session).toMatchObject({ era: 'modern', protocolVersion: '2026-07-28' });
    expect(manual.states).toEqual(['connecting', 'initializing', 'ready']);
    expect(manual.transport.newest.methods).toEqual(['server/discover']);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('sends initialize to a server that does not know server/discover', async () => {
    const manual = new ManualConnection({ server: legacyServer });
    const session = await manual.connect();
    expect(session).toMatchObject({ era: 'legacy', protocolVersion: '2025-11-25' });
    expect(manual.transport.newest.methods).toEqual(['server/discover', 'initialize', 'notifications/initialized']);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('is one attempt for everybody who asks meanwhile', async () => {
    const manual = new ManualConnection();
    const open = deferred();
    manual.transport.opening = () => open.promise;
    const waiting = [manual.connect(), manual.connect(), manual.connection.join(1_000, undefined)];
    await manual.settle();
    open.resolve();
    const sessions = await Promise.all(waiting);
    expect(new Set(sessions).size).toBe(1);
    expect(await manual.connect()).toBe(sessions[0]);
    expect(manual.transport.attempts).toHaveLength(1);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('fails for each caller at his own deadline, and ends with the last', async () => {
    const manual = new ManualConnection();
    manual.transport.opening = neverOpens;
    const [short, long] = [watch(manual.connect(100)), watch(manual.connect(300))];
    await manual.advance(100);
    await manual.settle();
    expect(short.value).toMatchObject({
      code: 'MCP_TIMEOUT',
      message: 'Connecting took longer than 100 ms',
      delivery: 'not-sent',
      details: { operation: 'connect', timeout: 100, phase: 'connecting' },
    });
    expect(long.settled).toBe(false);
    expect(manual.state).toBe('connecting');
    await manual.advance(200);
    await manual.settle();
    expect(long.value).toMatchObject({ details: { timeout: 300 } });
    expect(manual.state).toBe('closed');
    expect(manual.connection.facts.failure).toMatchObject({ message: 'Connecting took longer than 300 ms' });
    expect(manual.transport.attempts[0]?.aborted).toBe(true);
    expect(manual.environment.pending).toEqual([]);
  });

  it('counts the negotiation in', async () => {
    const manual = new ManualConnection({ server: silentServer });
    const outcome = watch(manual.connect(8_000));
    await manual.advance(8_000);
    await manual.settle();
    expect(outcome.value).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout: 8_000 } });
    expect(manual.states).toEqual(['connecting', 'initializing', 'closed']);
    expect(manual.transport.log.at(-1)).toBe('close');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('continues while a caller waits, and stops when the last caller leaves', async () => {
    const manual = new ManualConnection();
    manual.transport.opening = neverOpens;
    const [first, second] = [new AbortController(), new AbortController()];
    const outcomes = [watch(manual.connect(30_000, first.signal)), watch(manual.connect(30_000, second.signal))];
    await manual.settle();
    first.abort('changed my mind');
    await manual.settle();
    expect(outcomes[0]?.thrown).toBe('changed my mind');
    expect(manual.state).toBe('connecting');
    second.abort('me too');
    await manual.settle();
    expect(outcomes[1]?.thrown).toBe('me too');
    expect(manual.state).toBe('closed');
    expect(manual.transport.attempts.map(({ aborted }) => aborted)).toEqual([true]);
    expect(manual.environment.pending).toEqual([]);
  });

  it('is not begun for a caller who has left already', async () => {
    const manual = new ManualConnection();
    await expect(manual.connect(1_000, AbortSignal.abort('before'))).rejects.toBe('before');
    expect(manual.transport.attempts).toEqual([]);
    expect(manual.state).toBe('idle');
  });

  it('lets go of the signal of its caller', async () => {
    const manual = new ManualConnection();
    const caller = new AbortController();
    await manual.connect(1_000, caller.signal);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
    caller.abort();
    await manual.settle();
    expect(manual.state).toBe('ready');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('does not close what stands when its caller leaves in the moment of success', async () => {
    const manual = new ManualConnection();
    const caller = new AbortController();
    const outcome = watch(manual.connect(1_000, caller.signal));
    // The session is there, and the caller has not heard of it.
    while (manual.state !== 'ready') await Promise.resolve();
    caller.abort();
    await manual.settle();
    expect(outcome.settled).toBe(true);
    expect(manual.state).toBe('ready');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('is not started by join()', async () => {
    const manual = new ManualConnection();
    expect(await manual.connection.join(1_000, undefined)).toMatchObject({ code: 'MCP_NOT_CONNECTED' });
    expect(manual.transport.attempts).toEqual([]);
  });

  it('fails with what the transport says, once, and may be asked again', async () => {
    const manual = new ManualConnection();
    const missing = failure('transport', 'MCP_SPAWN_FAILED', 'No such command: mcp', { delivery: 'not-sent' });
    manual.transport.opening = (attempt) => (attempt === 1 ? rejectedWith(missing) : undefined);
    expect(await manual.connect()).toEqual(missing);
    await manual.settle();
    expect(manual.state).toBe('closed');
    expect(manual.transport.attempts).toHaveLength(1);
    expect(await manual.connect()).toMatchObject({ era: 'modern' });
    expect(manual.connection.facts.failure).toBeUndefined();
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('is tried again as often as allowed where that is wanted, and its callers wait for all of it', async () => {
    const manual = new ManualConnection({
      policy: { retryInitialConnect: true, maxReconnectAttempts: 2 },
      random: () => 0.5,
    });
    manual.transport.opening = () => rejectedWith(failure('transport', 'MCP_TRANSPORT_FAILED', 'refused'));
    const outcome = watch(manual.connect());
    await manual.advance(10_000);
    expect(outcome.value).toMatchObject({ message: 'refused' });
    expect(manual.states).toEqual(['connecting', 'reconnecting', 'connecting', 'reconnecting', 'connecting', 'closed']);
    expect(manual.transport.attempts).toHaveLength(3);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('with a transport that is in use is refused', async () => {
    const manual = await ManualConnection.ready();
    const other = new ManualConnection({ transport: manual.transport });
    await expect(other.connect()).rejects.toMatchObject({ code: 'MCP_TRANSPORT_BUSY' });
    await manual.end();
    expect(await other.connect()).toMatchObject({ era: 'modern' });
    expect(await other.end()).toEqual(NOTHING_LEFT);
  });
});

describe('a server that is slow to say what it is', () => {
  it('is asked for a handshake after the silence that was allowed', async () => {
    const manual = new ManualConnection({ server: silentServer, policy: { probeTimeout: 2_000 } });
    const outcome = watch(manual.connect());
    await manual.advance(1_999);
    expect(manual.transport.newest.methods).toEqual(['server/discover']);
    await manual.advance(1);
    await manual.settle();
    expect(manual.transport.newest.methods).toEqual(['server/discover', 'initialize']);
    manual.transport.newest.says({ jsonrpc: '2.0', id: 2, result: initializeResult() });
    await manual.settle();
    expect(outcome.value).toMatchObject({ era: 'legacy' });
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('is modern when it says so before it answers the handshake', async () => {
    const manual = new ManualConnection({ server: silentServer });
    const outcome = watch(manual.connect());
    await manual.advance(7_000);
    manual.transport.newest.says({ jsonrpc: '2.0', id: 1, result: discoverResult() });
    await manual.settle();
    expect(outcome.value).toMatchObject({ era: 'modern' });
    // Nobody may cancel a handshake, and it is not answered any more.
    expect(manual.transport.newest.methods).toEqual(['server/discover', 'initialize']);
    manual.transport.newest.says({ jsonrpc: '2.0', id: 2, result: initializeResult() });
    await manual.settle();
    expect(manual.connection.session?.era).toBe('modern');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('is waited for where only the modern era will do', async () => {
    const manual = new ManualConnection({ server: silentServer, policy: { acceptable: acceptable('modern') } });
    const outcome = watch(manual.connect(20_000));
    await manual.advance(19_999);
    expect(manual.transport.newest.methods).toEqual(['server/discover']);
    await manual.advance(1);
    await manual.settle();
    expect(outcome.value).toMatchObject({ code: 'MCP_TIMEOUT' });
  });
});

describe('a server that ends on server/discover', () => {
  const exited = failure('transport', 'MCP_PROCESS_EXITED', 'exit 1', { details: { exitCode: 1 } });

  it('is started once more and sent initialize at once', async () => {
    const manual = new ManualConnection({
      server: (request, link) => {
        if (request.method === 'server/discover') {
          queueMicrotask(() => {
            link.ends(exited);
          });
          return undefined;
        }
        return legacyServer(request, link);
      },
    });
    expect(await manual.connect()).toMatchObject({ era: 'legacy' });
    expect(manual.transport.links.map(({ methods }) => methods)).toEqual([
      ['server/discover'],
      ['initialize', 'notifications/initialized'],
    ]);
    // It is known by now, also to the next link.
    manual.transport.newest.ends();
    await manual.advance(60_000);
    expect(manual.transport.newest.methods).toEqual(['initialize', 'notifications/initialized']);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it.each([
    ['before it responds to initialize', undefined],
    ['after it refused initialize', { code: -32601, message: 'No' }],
  ])('is started once more when it ends late, %s', async (_when, refusal) => {
    const manual: ManualConnection = new ManualConnection({
      server: (request, link) => (manual.transport.links.length > 1 ? legacyServer(request, link) : undefined),
      policy: { probeTimeout: 2_000 },
    });
    const outcome = watch(manual.connect());
    await manual.advance(2_000);
    const { newest } = manual.transport;
    if (refusal !== undefined) newest.says({ jsonrpc: '2.0', id: 2, error: refusal });
    await manual.settle();
    expect(manual.connection.path).toBe(
      `linked.initializing.negotiating.${refusal === undefined ? 'handshaking.racing' : 'refused'}`,
    );
    newest.ends(exited);
    await manual.settle();
    expect(outcome.value).toMatchObject({ era: 'legacy' });
    expect(manual.transport.newest.methods).toEqual(['initialize', 'notifications/initialized']);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('and on initialize too fails with both endings', async () => {
    let endings = 0;
    const manual = new ManualConnection({
      server: (_request, link) => {
        endings += 1;
        const why = { ...exited, message: `exit, number ${endings}`, details: { exitCode: endings } };
        queueMicrotask(() => {
          link.ends(why);
        });
        return undefined;
      },
    });
    expect(await manual.connect()).toMatchObject({
      message: 'exit, number 2',
      cause: { message: 'exit, number 1' },
    });
    await manual.settle();
    expect(manual.transport.attempts).toHaveLength(2);
    expect(manual.state).toBe('closed');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });
});

describe('disconnecting', () => {
  it('settles all calls at once, then sends cancellations, then closes the link', async () => {
    const manual = await ManualConnection.ready({ server: modernServer });
    manual.transport.server = silentServer;
    const inFlight = [manual.ask('tools/call'), manual.ask('tools/list', { repeatable: true })].map(watch);
    manual.transport.log.length = 0;
    const gone = manual.connection.disconnect();
    expect(manual.connection.requests.counts).toEqual({ inFlight: 0, queued: 0, asking: 0 });
    await Promise.resolve();
    expect(inFlight.map(({ value }) => (value as RequestFailure).failure?.delivery)).toEqual(['unknown', 'unknown']);
    expect(manual.transport.log).toEqual(['notifications/cancelled', 'notifications/cancelled', 'close']);
    expect(manual.state).toBe('closed');
    expect(manual.connection.facts.failure).toBeUndefined();
    await gone;
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('is over when nothing is left of the link, for everybody who asked for it', async () => {
    const manual = await ManualConnection.ready();
    const slow = deferred();
    manual.transport.closing = () => slow.promise;
    const gone = [manual.connection.disconnect(), manual.connection.disconnect()].map(watch);
    await manual.advance(10_000);
    expect(gone.map(({ settled }) => settled)).toEqual([false, false]);
    slow.resolve();
    await manual.settle();
    expect(gone.map(({ settled }) => settled)).toEqual([true, true]);
    expect(manual.environment.pending).toEqual([]);
  });

  it('stops an attempt, and its callers get the reason', async () => {
    const manual = new ManualConnection();
    manual.transport.opening = neverOpens;
    const outcome = watch(manual.connect());
    await manual.settle();
    void manual.connection.disconnect();
    await manual.settle();
    expect(outcome.value).toMatchObject({
      code: 'MCP_CONNECTION_CLOSED',
      message: 'The connection was closed by disconnect()',
    });
    expect(manual.transport.attempts[0]?.aborted).toBe(true);
    expect(manual.environment.pending).toEqual([]);
  });

  it('is possible before and after everything', async () => {
    const manual = new ManualConnection();
    await manual.connection.disconnect();
    expect(manual.state).toBe('idle');
    await manual.connect();
    await manual.connection.disconnect();
    await manual.connection.disconnect();
    expect(manual.states).toEqual(['connecting', 'initializing', 'ready', 'closed']);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('makes later calls fail as not sent', async () => {
    const manual = await ManualConnection.ready();
    await manual.connection.disconnect();
    const outcome = (await manual.ask('tools/list')) as RequestFailure;
    expect(outcome.failure).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
  });

  it.each([
    ['rejects', () => rejectedWith(failure('transport', 'MCP_TRANSPORT_FAILED', 'close() failed'))],
    [
      'throws',
      () => {
        throw new Error('close() failed');
      },
    ],
  ])('is over also when closing the link %s', async (_how, closing) => {
    const manual = await ManualConnection.ready();
    manual.transport.closing = closing;
    await manual.connection.disconnect();
    expect(manual.state).toBe('closed');
    manual.transport.closing = () => Promise.resolve();
    expect(await manual.connect()).toMatchObject({ era: 'modern' });
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });
});

describe('connecting while the last link is still being closed', () => {
  async function draining(): Promise<{ manual: ManualConnection; closed: () => void }> {
    const manual = await ManualConnection.ready();
    const slow = deferred();
    manual.transport.closing = () => slow.promise;
    void manual.connection.disconnect();
    await manual.settle();
    return {
      manual,
      closed: () => {
        manual.transport.closing = () => Promise.resolve();
        slow.resolve();
      },
    };
  }

  it('starts when the last link has released everything', async () => {
    const { manual, closed } = await draining();
    const outcome = watch(manual.connect());
    await manual.settle();
    expect(manual.transport.attempts).toHaveLength(1);
    closed();
    await manual.settle();
    expect(outcome.value).toMatchObject({ era: 'modern' });
    expect(manual.transport.attempts).toHaveLength(2);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('fails at its deadline, and then nothing is opened any more', async () => {
    const { manual, closed } = await draining();
    const outcome = watch(manual.connect(500));
    await manual.advance(500);
    await manual.settle();
    expect(outcome.value).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout: 500 } });
    closed();
    await manual.settle();
    expect(manual.transport.attempts).toHaveLength(1);
    expect(manual.environment.pending).toEqual([]);
  });

  it('does not start when its caller leaves, or after disconnect()', async () => {
    const { manual, closed } = await draining();
    const caller = new AbortController();
    const outcomes = [watch(manual.connect(1_000, caller.signal)), watch(manual.connect())];
    await manual.settle();
    caller.abort('no');
    void manual.connection.disconnect();
    await manual.settle();
    expect(outcomes[0]?.thrown).toBe('no');
    expect(outcomes[1]?.value).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
    closed();
    await manual.settle();
    expect(manual.transport.attempts).toHaveLength(1);
    expect(manual.environment.pending).toEqual([]);
  });
});

describe('a legacy session', () => {
  const desired = { logLevel: 'warning', resources: ['file:///a', 'file:///b'] } as const;

  it('is ready only after log level and subscriptions are restored', async () => {
    const manual = new ManualConnection({ server: legacyServer });
    manual.connection.send({ type: 'desire', desired });
    const call = watch(manual.ask('tools/list'));
    await manual.connect();
    await manual.settle();
    expect(manual.transport.newest.methods.slice(3)).toEqual([
      'logging/setLevel',
      'resources/subscribe',
      'resources/subscribe',
    ]);
    expect(call.settled).toBe(true);
    expect(manual.reports).toEqual([]);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('stands also when that is refused, and says so', async () => {
    const manual = new ManualConnection({
      server: (request, link) =>
        request.method === 'resources/subscribe'
          ? { error: { code: -32002, message: 'Unknown resource' } }
          : legacyServer(request, link),
    });
    manual.connection.send({ type: 'desire', desired });
    expect(await manual.connect()).toMatchObject({ era: 'legacy' });
    expect(manual.reports.map(({ code, errorCode }) => [code, errorCode])).toEqual([
      ['MCP_RESOURCE_NOT_FOUND', -32002],
      ['MCP_RESOURCE_NOT_FOUND', -32002],
    ]);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('waits a limited time for the restoring requests, and leaves none of them pending', async () => {
    const manual = new ManualConnection({
      server: (request, link) => (request.method === 'logging/setLevel' ? undefined : legacyServer(request, link)),
    });
    manual.connection.send({ type: 'desire', desired });
    const outcome = watch(manual.connect());
    await manual.advance(4_999);
    expect(manual.state).toBe('initializing');
    await manual.advance(1);
    await manual.settle();
    expect(outcome.value).toMatchObject({ era: 'legacy' });
    expect(manual.reports.map(({ code }) => code)).toEqual(['MCP_TIMEOUT']);
    expect(manual.connection.requests.counts.inFlight).toBe(0);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });
});

describe('what users hand in', () => {
  it('may throw while it inspects, and the connection goes on', async () => {
    const manual = new ManualConnection({
      inspect: () => {
        throw new Error('inspector');
      },
    });
    expect(await manual.connect()).toMatchObject({ era: 'modern' });
    expect(manual.reports[0]).toMatchObject({ code: 'MCP_HANDLER_FAILED' });
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('may be a transport that throws instead of sending', async () => {
    const manual = new ManualConnection({ server: legacyServer });
    manual.transport.sending = ({ ...message }) => {
      if ('method' in message && message.method === 'notifications/initialized') throw new Error('not today');
      return undefined;
    };
    expect(await manual.connect()).toMatchObject({ era: 'legacy' });
    await manual.settle();
    expect(manual.reports.map(({ message }) => message)).toEqual(['not today']);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('may be a transport that throws instead of opening', async () => {
    const transport = new ManualTransport();
    transport.opening = () => {
      throw new Error('not at all');
    };
    const manual = new ManualConnection({ transport });
    expect(await manual.connect()).toMatchObject({ kind: 'transport', message: 'not at all', delivery: 'not-sent' });
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });
});

describe('a listener for states', () => {
  it('may disconnect in the moment of success', async () => {
    const manual: ManualConnection = new ManualConnection({
      entered: (state) => {
        if (state === 'ready') void manual.connection.disconnect();
      },
    });
    const outcome = await manual.connect();
    await manual.settle();
    expect(outcome).toMatchObject({ era: 'modern' });
    expect(manual.states).toEqual(['connecting', 'initializing', 'ready', 'closed']);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('may disconnect before anything has begun', async () => {
    const manual: ManualConnection = new ManualConnection({
      entered: (state) => {
        if (state === 'connecting') void manual.connection.disconnect();
      },
    });
    expect(await manual.connect()).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
    expect(manual.transport.links).toEqual([]);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('may call and connect in every state', async () => {
    const outcomes: ReturnType<typeof watch>[] = [];
    const manual: ManualConnection = new ManualConnection({
      random: () => 0,
      entered: (state) => {
        outcomes.push(watch(manual.ask(`in ${state}`, { timeout: 1_000 })));
        if (state !== 'closed') outcomes.push(watch(manual.connect(1_000)));
      },
    });
    await manual.connect();
    await manual.settle();
    manual.transport.newest.ends();
    await manual.advance(2_000);
    await manual.settle();
    expect(manual.states.slice(3)).toEqual(['reconnecting', 'connecting', 'initializing', 'ready']);
    expect(outcomes.map(({ value }) => value instanceof RequestFailure)).toEqual(outcomes.map(() => false));
    expect(await manual.end()).toEqual(NOTHING_LEFT);
    expect(outcomes.every(({ settled }) => settled)).toBe(true);
  });

  it('may connect again as soon as the connection is closed', async () => {
    let again: Promise<unknown> | undefined;
    const manual: ManualConnection = new ManualConnection({
      policy: { autoReconnect: false },
      entered: (state) => {
        if (state === 'closed') again ??= manual.connect();
      },
    });
    await manual.connect();
    manual.transport.newest.ends();
    await manual.settle();
    expect(await again).toMatchObject({ era: 'modern' });
    expect(manual.state).toBe('ready');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });
});
