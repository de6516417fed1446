import type { Inheritance } from '../../../src/machines/connection/connection-context.js';
import type { Continuation, SessionExport } from '../../../src/machines/connection/session-export.js';
import { RequestFailure } from '../../../src/machines/request/outcome.js';
import { isFailure } from '../../../src/util/failure.js';
import type { Failure } from '../../../src/util/failure.js';
import type { Link, LinkEvents, LinkMemory } from '../../../src/transports/link.js';
import {
  legacyServer,
  modernServer,
  NOTHING_LEFT,
  silentServer,
  Stage,
  StagedTransport,
  watch,
} from '../../support/staged.js';
import type { Behaviour, StageOptions } from '../../support/staged.js';

const MEMORY: LinkMemory = { sessionId: 's-1', streamed: true, lastEventId: 'e-7' };

/** Its links know something about the session that others can use, and take up sessions of others. */
class RememberingTransport extends StagedTransport {
  /** What links do that are to go on with a session. */
  taking = (): boolean => true;

  protected override async open(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    const link = await super.open(events, signal);
    return Object.assign(link, {
      suspend: () => {
        this.log.push('suspend');
        return MEMORY;
      },
      resume: (_session: unknown, { sessionId }: LinkMemory) => {
        this.log.push(`resume ${String(sessionId)}`);
        return this.taking();
      },
    });
  }
}

async function suspended(
  server: Behaviour,
  before: (stage: Stage) => unknown = () => undefined,
): Promise<SessionExport> {
  const stage = await Stage.ready({ transport: new RememberingTransport(server) });
  await before(stage);
  const outcome = await stage.connection.suspend();
  if (isFailure(outcome)) throw new Error(outcome.message);
  expect(await stage.end()).toEqual(NOTHING_LEFT);
  return outcome;
}

function heir(sessionExport: SessionExport, transport: StagedTransport, more: StageOptions = {}): Stage {
  const { session, desired } = sessionExport;
  const inherited: Inheritance = { session, desired };
  const continuation: Continuation = sessionExport;
  return new Stage({ transport, inherited, continuation, era: session.era, perRequest: true, ...more });
}

const isLost = (outcome: unknown): Failure | undefined =>
  outcome instanceof RequestFailure ? outcome.failure : undefined;

describe('suspending', () => {
  it('hands the session out, asks the link before it is closed, and leaves nothing', async () => {
    const transport = new RememberingTransport(legacyServer);
    const stage = await Stage.ready({ transport });
    stage.connection.send({ type: 'desire', desired: { logLevel: 'info', resources: ['file:///a'] } });
    await stage.ask('one');
    const outcome = await stage.connection.suspend();
    expect(outcome).toMatchObject({
      session: { era: 'legacy', protocolVersion: '2025-11-25' },
      desired: { logLevel: 'info', resources: ['file:///a'] },
      memory: MEMORY,
    });
    expect((outcome as SessionExport).lastId).toBeGreaterThanOrEqual(2);
    expect(transport.log.slice(-2)).toEqual(['suspend', 'close']);
    expect(stage.state).toBe('closed');
    expect(stage.connection.facts).toMatchObject({ failure: undefined, suspended: true });
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('rejects and cancels requests in flight at once, and rejects later requests', async () => {
    const stage = await Stage.ready({ transport: new RememberingTransport(modernServer) });
    stage.transport.server = silentServer;
    const inFlight = watch(stage.ask('work'));
    await stage.settle();
    const outcome = stage.connection.suspend();
    await Promise.resolve();
    expect(isLost(inFlight.value)).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'unknown' });
    await outcome;
    expect(stage.transport.log).toEqual(
      expect.arrayContaining(['work', 'notifications/cancelled', 'suspend', 'close']),
    );
    expect(isLost(await stage.ask('late'))).toMatchObject({
      code: 'MCP_NOT_CONNECTED',
      delivery: 'not-sent',
      message: 'Not connected: The client was suspended by suspend()',
    });
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('is refused twice, and everywhere but where a session stands; what goes on there goes on', async () => {
    const stage = new Stage({ transport: new RememberingTransport(modernServer) });
    const refused = { code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' };
    expect(await stage.connection.suspend()).toMatchObject(refused);
    const connecting = stage.connect();
    expect(await stage.connection.suspend()).toMatchObject(refused);
    await connecting;
    await stage.settle();
    stage.transport.newest.ends();
    expect(stage.state).toBe('reconnecting');
    expect(await stage.connection.suspend()).toMatchObject(refused);
    await stage.advance(2_000);
    expect(stage.state).toBe('ready');
    const [first, second] = await Promise.all([stage.connection.suspend(), stage.connection.suspend()]);
    expect(isFailure(first)).toBe(false);
    expect(second).toMatchObject({
      ...refused,
      message: 'There is no session to suspend: The client was suspended by suspend()',
    });
  });

  it('allows a later connect()', async () => {
    const stage = await Stage.ready({ transport: new RememberingTransport(modernServer) });
    const [outcome, session] = await Promise.all([stage.connection.suspend(), stage.connect()]);
    expect(isFailure(outcome)).toBe(false);
    expect(isFailure(session)).toBe(false);
    expect(stage.connection.facts).toMatchObject({ suspended: false, resumed: false });
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('gives the session out also when the link throws', async () => {
    const transport = new RememberingTransport(modernServer);
    const stage = await Stage.ready({ transport });
    Object.assign(transport.newest, {
      suspend: () => {
        throw new Error('broken');
      },
    });
    expect(await stage.connection.suspend()).toMatchObject({ session: { era: 'modern' }, memory: undefined });
    expect(stage.reports).toMatchObject([{ code: 'MCP_HANDLER_FAILED' }]);
  });
});

describe('going on with a session of another client', () => {
  it('asks nothing in the legacy era, since the server still knows everything', async () => {
    const sessionExport = await suspended(legacyServer, (stage) => {
      stage.connection.send({ type: 'desire', desired: { logLevel: 'info' } });
    });
    const stage = heir(sessionExport, new RememberingTransport(legacyServer));
    expect(await stage.connect()).toEqual(sessionExport.session);
    expect(stage.transport.log).toEqual(['open', 'resume s-1']);
    expect(stage.states).toEqual(['connecting', 'initializing', 'ready']);
    expect(stage.connection.facts).toMatchObject({ resumed: true, era: 'legacy', connectionCount: 1 });
    await stage.ask('more');
    const [sent] = stage.transport.newest.sent;
    // The server may still be at work on a request of before: none of its ids may be used again.
    expect((sent as { id: number }).id).toBeGreaterThan(sessionExport.lastId);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('opens the subscription again in the modern era', async () => {
    const sessionExport = await suspended(modernServer);
    const desired = { ...sessionExport.desired, lists: ['tools'] as const };
    const session = { ...sessionExport.session, capabilities: { tools: { listChanged: true } } };
    const stage = heir({ ...sessionExport, session, desired }, new RememberingTransport(modernServer));
    await stage.connect();
    expect(stage.transport.log).toEqual(['open', 'resume s-1', 'subscriptions/listen']);
    await stage.end();
  });

  it.each([
    ['has no such thing', () => new StagedTransport(legacyServer)],
    ['cannot', () => Object.assign(new RememberingTransport(legacyServer), { taking: () => false })],
    [
      'throws',
      () =>
        Object.assign(new RememberingTransport(legacyServer), {
          taking: () => {
            throw new Error('broken');
          },
        }),
    ],
  ])('negotiates over a link that %s, and puts back what was wanted', async (_what, transport) => {
    const sessionExport = await suspended(legacyServer);
    const session = { ...sessionExport.session, capabilities: { logging: {} } };
    const desired = { ...sessionExport.desired, logLevel: 'info' as const };
    const logging: Behaviour = (request, link) => {
      const reply = legacyServer(request, link);
      if (request.method !== 'initialize' || reply === undefined || !('result' in reply)) return reply;
      return { result: { ...reply.result, capabilities: { logging: {} } } };
    };
    const staged = transport();
    staged.server = logging;
    const stage = heir({ ...sessionExport, session, desired }, staged);
    await stage.connect();
    expect(stage.transport.newest.methods).toEqual(['initialize', 'notifications/initialized', 'logging/setLevel']);
    expect(stage.connection.facts).toMatchObject({ resumed: false, inherited: undefined });
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('negotiates where the revision of the session is not allowed', async () => {
    const sessionExport = await suspended(legacyServer);
    const transport = new RememberingTransport(modernServer);
    const stage = heir(sessionExport, transport, { policy: { acceptable: { modern: ['2026-07-28'], legacy: [] } } });
    expect(await stage.connect()).toMatchObject({ era: 'modern' });
    expect(transport.log).toEqual(['open', 'server/discover']);
    await stage.end();
  });

  it('keeps it for the next link when the first cannot be opened', async () => {
    const sessionExport = await suspended(legacyServer);
    const transport = new RememberingTransport(legacyServer);
    transport.opening = (attempt) => (attempt === 1 ? Promise.reject(new Error('not yet')) : undefined);
    const stage = heir(sessionExport, transport, { policy: { retryInitialConnect: true } });
    const connecting = watch(stage.connect());
    await stage.advance(3_000);
    expect(connecting.value).toEqual(sessionExport.session);
    expect(transport.log).toEqual(['open', 'open', 'resume s-1']);
    await stage.end();
  });

  it('negotiates again when the link is lost later', async () => {
    const sessionExport = await suspended(legacyServer);
    const stage = heir(sessionExport, new RememberingTransport(legacyServer));
    await stage.connect();
    stage.transport.newest.ends();
    await stage.advance(3_000);
    expect(stage.state).toBe('ready');
    expect(stage.transport.newest.methods).toEqual(['initialize', 'notifications/initialized']);
    expect(stage.connection.facts).toMatchObject({ resumed: false });
    await stage.end();
  });
});
