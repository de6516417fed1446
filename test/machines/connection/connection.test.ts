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
  Stage,
  StagedTransport,
  watch,
} from '../../support/staged.js';

describe('connecting', () => {
  it('detects a modern server with one request', async () => {
    const stage = new Stage({ server: modernServer });
    expect(stage.state).toBe('idle');
    const session = await stage.connect();
    expect(session).toMatchObject({ era: 'modern', protocolVersion: '2026-07-28' });
    expect(stage.states).toEqual(['connecting', 'initializing', 'ready']);
    expect(stage.transport.newest.methods).toEqual(['server/discover']);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('sends initialize to a server that does not know server/discover', async () => {
    const stage = new Stage({ server: legacyServer });
    const session = await stage.connect();
    expect(session).toMatchObject({ era: 'legacy', protocolVersion: '2025-11-25' });
    expect(stage.transport.newest.methods).toEqual(['server/discover', 'initialize', 'notifications/initialized']);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('is one attempt for everybody who asks meanwhile', async () => {
    const stage = new Stage();
    const open = deferred();
    stage.transport.opening = () => open.promise;
    const waiting = [stage.connect(), stage.connect(), stage.connection.join(1_000, undefined)];
    await stage.settle();
    open.resolve();
    const sessions = await Promise.all(waiting);
    expect(new Set(sessions).size).toBe(1);
    expect(await stage.connect()).toBe(sessions[0]);
    expect(stage.transport.attempts).toHaveLength(1);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('fails for each caller at his own deadline, and ends with the last', async () => {
    const stage = new Stage();
    stage.transport.opening = neverOpens;
    const [short, long] = [watch(stage.connect(100)), watch(stage.connect(300))];
    await stage.advance(100);
    await stage.settle();
    expect(short.value).toMatchObject({
      code: 'MCP_TIMEOUT',
      message: 'Connecting took longer than 100 ms',
      delivery: 'not-sent',
      details: { operation: 'connect', timeout: 100, phase: 'connecting' },
    });
    expect(long.settled).toBe(false);
    expect(stage.state).toBe('connecting');
    await stage.advance(200);
    await stage.settle();
    expect(long.value).toMatchObject({ details: { timeout: 300 } });
    expect(stage.state).toBe('closed');
    expect(stage.connection.facts.failure).toMatchObject({ message: 'Connecting took longer than 300 ms' });
    expect(stage.transport.attempts[0]?.aborted).toBe(true);
    expect(stage.environment.pending).toEqual([]);
  });

  it('counts the negotiation in', async () => {
    const stage = new Stage({ server: silentServer });
    const outcome = watch(stage.connect(8_000));
    await stage.advance(8_000);
    await stage.settle();
    expect(outcome.value).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout: 8_000 } });
    expect(stage.states).toEqual(['connecting', 'initializing', 'closed']);
    expect(stage.transport.log.at(-1)).toBe('close');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('continues while a caller waits, and stops when the last caller leaves', async () => {
    const stage = new Stage();
    stage.transport.opening = neverOpens;
    const [first, second] = [new AbortController(), new AbortController()];
    const outcomes = [watch(stage.connect(30_000, first.signal)), watch(stage.connect(30_000, second.signal))];
    await stage.settle();
    first.abort('changed my mind');
    await stage.settle();
    expect(outcomes[0]?.thrown).toBe('changed my mind');
    expect(stage.state).toBe('connecting');
    second.abort('me too');
    await stage.settle();
    expect(outcomes[1]?.thrown).toBe('me too');
    expect(stage.state).toBe('closed');
    expect(stage.transport.attempts.map(({ aborted }) => aborted)).toEqual([true]);
    expect(stage.environment.pending).toEqual([]);
  });

  it('is not begun for a caller who has left already', async () => {
    const stage = new Stage();
    await expect(stage.connect(1_000, AbortSignal.abort('before'))).rejects.toBe('before');
    expect(stage.transport.attempts).toEqual([]);
    expect(stage.state).toBe('idle');
  });

  it('lets go of the signal of its caller', async () => {
    const stage = new Stage();
    const caller = new AbortController();
    await stage.connect(1_000, caller.signal);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
    caller.abort();
    await stage.settle();
    expect(stage.state).toBe('ready');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('does not close what stands when its caller leaves in the moment of success', async () => {
    const stage = new Stage();
    const caller = new AbortController();
    const outcome = watch(stage.connect(1_000, caller.signal));
    // The session is there, and the caller has not heard of it.
    while (stage.state !== 'ready') await Promise.resolve();
    caller.abort();
    await stage.settle();
    expect(outcome.settled).toBe(true);
    expect(stage.state).toBe('ready');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('is not started by join()', async () => {
    const stage = new Stage();
    expect(await stage.connection.join(1_000, undefined)).toMatchObject({ code: 'MCP_NOT_CONNECTED' });
    expect(stage.transport.attempts).toEqual([]);
  });

  it('fails with what the transport says, once, and may be asked again', async () => {
    const stage = new Stage();
    const missing = failure('transport', 'MCP_SPAWN_FAILED', 'No such command: mcp', { delivery: 'not-sent' });
    stage.transport.opening = (attempt) => (attempt === 1 ? rejectedWith(missing) : undefined);
    expect(await stage.connect()).toEqual(missing);
    await stage.settle();
    expect(stage.state).toBe('closed');
    expect(stage.transport.attempts).toHaveLength(1);
    expect(await stage.connect()).toMatchObject({ era: 'modern' });
    expect(stage.connection.facts.failure).toBeUndefined();
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('is tried again as often as allowed where that is wanted, and its callers wait for all of it', async () => {
    const stage = new Stage({ policy: { retryInitialConnect: true, maxReconnectAttempts: 2 }, random: () => 0.5 });
    stage.transport.opening = () => rejectedWith(failure('transport', 'MCP_TRANSPORT_FAILED', 'refused'));
    const outcome = watch(stage.connect());
    await stage.advance(10_000);
    expect(outcome.value).toMatchObject({ message: 'refused' });
    expect(stage.states).toEqual(['connecting', 'reconnecting', 'connecting', 'reconnecting', 'connecting', 'closed']);
    expect(stage.transport.attempts).toHaveLength(3);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('with a transport that is in use is refused', async () => {
    const stage = await Stage.ready();
    const other = new Stage({ transport: stage.transport });
    await expect(other.connect()).rejects.toMatchObject({ code: 'MCP_TRANSPORT_BUSY' });
    await stage.end();
    expect(await other.connect()).toMatchObject({ era: 'modern' });
    expect(await other.end()).toEqual(NOTHING_LEFT);
  });
});

describe('a server that is slow to say what it is', () => {
  it('is asked for a handshake after the silence that was allowed', async () => {
    const stage = new Stage({ server: silentServer, policy: { probeTimeout: 2_000 } });
    const outcome = watch(stage.connect());
    await stage.advance(1_999);
    expect(stage.transport.newest.methods).toEqual(['server/discover']);
    await stage.advance(1);
    await stage.settle();
    expect(stage.transport.newest.methods).toEqual(['server/discover', 'initialize']);
    stage.transport.newest.says({ jsonrpc: '2.0', id: 2, result: initializeResult() });
    await stage.settle();
    expect(outcome.value).toMatchObject({ era: 'legacy' });
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('is modern when it says so before it answers the handshake', async () => {
    const stage = new Stage({ server: silentServer });
    const outcome = watch(stage.connect());
    await stage.advance(7_000);
    stage.transport.newest.says({ jsonrpc: '2.0', id: 1, result: discoverResult() });
    await stage.settle();
    expect(outcome.value).toMatchObject({ era: 'modern' });
    // Nobody may cancel a handshake, and it is not answered any more.
    expect(stage.transport.newest.methods).toEqual(['server/discover', 'initialize']);
    stage.transport.newest.says({ jsonrpc: '2.0', id: 2, result: initializeResult() });
    await stage.settle();
    expect(stage.connection.session?.era).toBe('modern');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('is waited for where only the modern era will do', async () => {
    const stage = new Stage({ server: silentServer, policy: { acceptable: acceptable('modern') } });
    const outcome = watch(stage.connect(20_000));
    await stage.advance(19_999);
    expect(stage.transport.newest.methods).toEqual(['server/discover']);
    await stage.advance(1);
    await stage.settle();
    expect(outcome.value).toMatchObject({ code: 'MCP_TIMEOUT' });
  });
});

describe('a server that ends on server/discover', () => {
  const exited = failure('transport', 'MCP_PROCESS_EXITED', 'exit 1', { details: { exitCode: 1 } });

  it('is started once more and sent initialize at once', async () => {
    const stage = new Stage({
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
    expect(await stage.connect()).toMatchObject({ era: 'legacy' });
    expect(stage.transport.links.map(({ methods }) => methods)).toEqual([
      ['server/discover'],
      ['initialize', 'notifications/initialized'],
    ]);
    // It is known by now, also to the next link.
    stage.transport.newest.ends();
    await stage.advance(60_000);
    expect(stage.transport.newest.methods).toEqual(['initialize', 'notifications/initialized']);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it.each([
    ['before it responds to initialize', undefined],
    ['after it refused initialize', { code: -32601, message: 'No' }],
  ])('is started once more when it ends late, %s', async (_when, refusal) => {
    const stage: Stage = new Stage({
      server: (request, link) => (stage.transport.links.length > 1 ? legacyServer(request, link) : undefined),
      policy: { probeTimeout: 2_000 },
    });
    const outcome = watch(stage.connect());
    await stage.advance(2_000);
    const { newest } = stage.transport;
    if (refusal !== undefined) newest.says({ jsonrpc: '2.0', id: 2, error: refusal });
    await stage.settle();
    expect(stage.connection.path).toBe(
      `linked.initializing.negotiating.${refusal === undefined ? 'handshaking.racing' : 'refused'}`,
    );
    newest.ends(exited);
    await stage.settle();
    expect(outcome.value).toMatchObject({ era: 'legacy' });
    expect(stage.transport.newest.methods).toEqual(['initialize', 'notifications/initialized']);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('and on initialize too fails with both endings', async () => {
    let endings = 0;
    const stage = new Stage({
      server: (_request, link) => {
        endings += 1;
        const why = { ...exited, message: `exit, number ${endings}`, details: { exitCode: endings } };
        queueMicrotask(() => {
          link.ends(why);
        });
        return undefined;
      },
    });
    expect(await stage.connect()).toMatchObject({
      message: 'exit, number 2',
      cause: { message: 'exit, number 1' },
    });
    await stage.settle();
    expect(stage.transport.attempts).toHaveLength(2);
    expect(stage.state).toBe('closed');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });
});

describe('disconnecting', () => {
  it('settles all calls at once, then sends cancellations, then closes the link', async () => {
    const stage = await Stage.ready({ server: modernServer });
    stage.transport.server = silentServer;
    const inFlight = [stage.ask('tools/call'), stage.ask('tools/list', { repeatable: true })].map(watch);
    stage.transport.log.length = 0;
    const gone = stage.connection.disconnect();
    expect(stage.connection.requests.counts).toEqual({ inFlight: 0, queued: 0, asking: 0 });
    await Promise.resolve();
    expect(inFlight.map(({ value }) => (value as RequestFailure).failure?.delivery)).toEqual(['unknown', 'unknown']);
    expect(stage.transport.log).toEqual(['notifications/cancelled', 'notifications/cancelled', 'close']);
    expect(stage.state).toBe('closed');
    expect(stage.connection.facts.failure).toBeUndefined();
    await gone;
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('is over when nothing is left of the link, for everybody who asked for it', async () => {
    const stage = await Stage.ready();
    const slow = deferred();
    stage.transport.closing = () => slow.promise;
    const gone = [stage.connection.disconnect(), stage.connection.disconnect()].map(watch);
    await stage.advance(10_000);
    expect(gone.map(({ settled }) => settled)).toEqual([false, false]);
    slow.resolve();
    await stage.settle();
    expect(gone.map(({ settled }) => settled)).toEqual([true, true]);
    expect(stage.environment.pending).toEqual([]);
  });

  it('stops an attempt, and its callers get the reason', async () => {
    const stage = new Stage();
    stage.transport.opening = neverOpens;
    const outcome = watch(stage.connect());
    await stage.settle();
    void stage.connection.disconnect();
    await stage.settle();
    expect(outcome.value).toMatchObject({
      code: 'MCP_CONNECTION_CLOSED',
      message: 'The connection was closed by disconnect()',
    });
    expect(stage.transport.attempts[0]?.aborted).toBe(true);
    expect(stage.environment.pending).toEqual([]);
  });

  it('is possible before and after everything', async () => {
    const stage = new Stage();
    await stage.connection.disconnect();
    expect(stage.state).toBe('idle');
    await stage.connect();
    await stage.connection.disconnect();
    await stage.connection.disconnect();
    expect(stage.states).toEqual(['connecting', 'initializing', 'ready', 'closed']);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('makes later calls fail as not sent', async () => {
    const stage = await Stage.ready();
    await stage.connection.disconnect();
    const outcome = (await stage.ask('tools/list')) as RequestFailure;
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
    const stage = await Stage.ready();
    stage.transport.closing = closing;
    await stage.connection.disconnect();
    expect(stage.state).toBe('closed');
    stage.transport.closing = () => Promise.resolve();
    expect(await stage.connect()).toMatchObject({ era: 'modern' });
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });
});

describe('connecting while the last link is still being closed', () => {
  async function draining(): Promise<{ stage: Stage; closed: () => void }> {
    const stage = await Stage.ready();
    const slow = deferred();
    stage.transport.closing = () => slow.promise;
    void stage.connection.disconnect();
    await stage.settle();
    return {
      stage,
      closed: () => {
        stage.transport.closing = () => Promise.resolve();
        slow.resolve();
      },
    };
  }

  it('starts when the last link has released everything', async () => {
    const { stage, closed } = await draining();
    const outcome = watch(stage.connect());
    await stage.settle();
    expect(stage.transport.attempts).toHaveLength(1);
    closed();
    await stage.settle();
    expect(outcome.value).toMatchObject({ era: 'modern' });
    expect(stage.transport.attempts).toHaveLength(2);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('fails at its deadline, and then nothing is opened any more', async () => {
    const { stage, closed } = await draining();
    const outcome = watch(stage.connect(500));
    await stage.advance(500);
    await stage.settle();
    expect(outcome.value).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout: 500 } });
    closed();
    await stage.settle();
    expect(stage.transport.attempts).toHaveLength(1);
    expect(stage.environment.pending).toEqual([]);
  });

  it('does not start when its caller leaves, or after disconnect()', async () => {
    const { stage, closed } = await draining();
    const caller = new AbortController();
    const outcomes = [watch(stage.connect(1_000, caller.signal)), watch(stage.connect())];
    await stage.settle();
    caller.abort('no');
    void stage.connection.disconnect();
    await stage.settle();
    expect(outcomes[0]?.thrown).toBe('no');
    expect(outcomes[1]?.value).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
    closed();
    await stage.settle();
    expect(stage.transport.attempts).toHaveLength(1);
    expect(stage.environment.pending).toEqual([]);
  });
});

describe('a legacy session', () => {
  const desired = { logLevel: 'warning', resources: ['file:///a', 'file:///b'] } as const;

  it('is ready only after log level and subscriptions are restored', async () => {
    const stage = new Stage({ server: legacyServer });
    stage.connection.send({ type: 'desire', desired });
    const call = watch(stage.ask('tools/list'));
    await stage.connect();
    await stage.settle();
    expect(stage.transport.newest.methods.slice(3)).toEqual([
      'logging/setLevel',
      'resources/subscribe',
      'resources/subscribe',
    ]);
    expect(call.settled).toBe(true);
    expect(stage.reports).toEqual([]);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('stands also when that is refused, and says so', async () => {
    const stage = new Stage({
      server: (request, link) =>
        request.method === 'resources/subscribe'
          ? { error: { code: -32002, message: 'Unknown resource' } }
          : legacyServer(request, link),
    });
    stage.connection.send({ type: 'desire', desired });
    expect(await stage.connect()).toMatchObject({ era: 'legacy' });
    expect(stage.reports.map(({ code, errorCode }) => [code, errorCode])).toEqual([
      ['MCP_RESOURCE_NOT_FOUND', -32002],
      ['MCP_RESOURCE_NOT_FOUND', -32002],
    ]);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('waits a limited time for the restoring requests, and leaves none of them pending', async () => {
    const stage = new Stage({
      server: (request, link) => (request.method === 'logging/setLevel' ? undefined : legacyServer(request, link)),
    });
    stage.connection.send({ type: 'desire', desired });
    const outcome = watch(stage.connect());
    await stage.advance(4_999);
    expect(stage.state).toBe('initializing');
    await stage.advance(1);
    await stage.settle();
    expect(outcome.value).toMatchObject({ era: 'legacy' });
    expect(stage.reports.map(({ code }) => code)).toEqual(['MCP_TIMEOUT']);
    expect(stage.connection.requests.counts.inFlight).toBe(0);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });
});

describe('what users hand in', () => {
  it('may throw while it inspects, and the connection goes on', async () => {
    const stage = new Stage({
      inspect: () => {
        throw new Error('inspector');
      },
    });
    expect(await stage.connect()).toMatchObject({ era: 'modern' });
    expect(stage.reports[0]).toMatchObject({ code: 'MCP_HANDLER_FAILED' });
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('may be a transport that throws instead of sending', async () => {
    const stage = new Stage({ server: legacyServer });
    stage.transport.sending = ({ ...message }) => {
      if ('method' in message && message.method === 'notifications/initialized') throw new Error('not today');
      return undefined;
    };
    expect(await stage.connect()).toMatchObject({ era: 'legacy' });
    await stage.settle();
    expect(stage.reports.map(({ message }) => message)).toEqual(['not today']);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('may be a transport that throws instead of opening', async () => {
    const transport = new StagedTransport();
    transport.opening = () => {
      throw new Error('not at all');
    };
    const stage = new Stage({ transport });
    expect(await stage.connect()).toMatchObject({ kind: 'transport', message: 'not at all', delivery: 'not-sent' });
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });
});

describe('a listener for states', () => {
  it('may disconnect in the moment of success', async () => {
    const stage: Stage = new Stage({
      entered: (state) => {
        if (state === 'ready') void stage.connection.disconnect();
      },
    });
    const outcome = await stage.connect();
    await stage.settle();
    expect(outcome).toMatchObject({ era: 'modern' });
    expect(stage.states).toEqual(['connecting', 'initializing', 'ready', 'closed']);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('may disconnect before anything has begun', async () => {
    const stage: Stage = new Stage({
      entered: (state) => {
        if (state === 'connecting') void stage.connection.disconnect();
      },
    });
    expect(await stage.connect()).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
    expect(stage.transport.links).toEqual([]);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('may call and connect in every state', async () => {
    const outcomes: ReturnType<typeof watch>[] = [];
    const stage: Stage = new Stage({
      random: () => 0,
      entered: (state) => {
        outcomes.push(watch(stage.ask(`in ${state}`, { timeout: 1_000 })));
        if (state !== 'closed') outcomes.push(watch(stage.connect(1_000)));
      },
    });
    await stage.connect();
    await stage.settle();
    stage.transport.newest.ends();
    await stage.advance(2_000);
    await stage.settle();
    expect(stage.states.slice(3)).toEqual(['reconnecting', 'connecting', 'initializing', 'ready']);
    expect(outcomes.map(({ value }) => value instanceof RequestFailure)).toEqual(outcomes.map(() => false));
    expect(await stage.end()).toEqual(NOTHING_LEFT);
    expect(outcomes.every(({ settled }) => settled)).toBe(true);
  });

  it('may connect again as soon as the connection is closed', async () => {
    let again: Promise<unknown> | undefined;
    const stage: Stage = new Stage({
      policy: { autoReconnect: false },
      entered: (state) => {
        if (state === 'closed') again ??= stage.connect();
      },
    });
    await stage.connect();
    stage.transport.newest.ends();
    await stage.settle();
    expect(await again).toMatchObject({ era: 'modern' });
    expect(stage.state).toBe('ready');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });
});
