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
  ManualConnection,
  ManualTransport,
  watch,
} from '../../support/manual-connection.js';
import type { Behaviour, ManualConnectionOptions } from '../../support/manual-connection.js';

const MEMORY: LinkMemory = { sessionId: 's-1', streamed: true, lastEventId: 'e-7' };

/** Its links know something about the session that others can use, and take up sessions of others. */
class RememberingTransport extends ManualTransport {
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
  before: (manual: ManualConnection) => unknown = () => undefined,
): Promise<SessionExport> {
  const manual = await ManualConnection.ready({ transport: new RememberingTransport(server) });
  await before(manual);
  const outcome = await manual.connection.suspend();
  if (isFailure(outcome)) throw new Error(outcome.message);
  expect(await manual.end()).toEqual(NOTHING_LEFT);
  return outcome;
}

function heir(
  sessionExport: SessionExport,
  transport: ManualTransport,
  more: ManualConnectionOptions = {},
): ManualConnection {
  const { session, desired } = sessionExport;
  const inherited: Inheritance = { session, desired };
  const continuation: Continuation = sessionExport;
  return new ManualConnection({ transport, inherited, continuation, era: session.era, perRequest: true, ...more });
}

const isLost = (outcome: unknown): Failure | undefined =>
  outcome instanceof RequestFailure ? outcome.failure : undefined;

describe('suspending', () => {
  it('hands the session out, asks the link before it is closed, and leaves nothing', async () => {
    const transport = new RememberingTransport(legacyServer);
    const manual = await ManualConnection.ready({ transport });
    manual.connection.send({ type: 'desire', desired: { logLevel: 'info', resources: ['file:///a'] } });
    await manual.ask('one');
    const outcome = await manual.connection.suspend();
    expect(outcome).toMatchObject({
      session: { era: 'legacy', protocolVersion: '2025-11-25' },
      desired: { logLevel: 'info', resources: ['file:///a'] },
      memory: MEMORY,
    });
    expect((outcome as SessionExport).lastId).toBeGreaterThanOrEqual(2);
    expect(transport.log.slice(-2)).toEqual(['suspend', 'close']);
    expect(manual.state).toBe('closed');
    expect(manual.connection.facts).toMatchObject({ failure: undefined, suspended: true });
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('rejects and cancels requests in flight at once, and rejects later requests', async () => {
    const manual = await ManualConnection.ready({ transport: new RememberingTransport(modernServer) });
    manual.transport.server = silentServer;
    const inFlight = watch(manual.ask('work'));
    await manual.settle();
    const outcome = manual.connection.suspend();
    await Promise.resolve();
    expect(isLost(inFlight.value)).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'unknown' });
    await outcome;
    expect(manual.transport.log).toEqual(
      expect.arrayContaining(['work', 'notifications/cancelled', 'suspend', 'close']),
    );
    expect(isLost(await manual.ask('late'))).toMatchObject({
      code: 'MCP_NOT_CONNECTED',
      delivery: 'not-sent',
      message: 'Not connected: The client was suspended by suspend()',
    });
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('is refused twice, and everywhere but where a session stands; what goes on there goes on', async () => {
    const manual = new ManualConnection({ transport: new RememberingTransport(modernServer) });
    const refused = { code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' };
    expect(await manual.connection.suspend()).toMatchObject(refused);
    const connecting = manual.connect();
    expect(await manual.connection.suspend()).toMatchObject(refused);
    await connecting;
    await manual.settle();
    manual.transport.newest.ends();
    expect(manual.state).toBe('reconnecting');
    expect(await manual.connection.suspend()).toMatchObject(refused);
    await manual.advance(2_000);
    expect(manual.state).toBe('ready');
    const [first, second] = await Promise.all([manual.connection.suspend(), manual.connection.suspend()]);
    expect(isFailure(first)).toBe(false);
    expect(second).toMatchObject({
      ...refused,
      message: 'There is no session to suspend: The client was suspended by suspend()',
    });
  });

  it('allows a later connect()', async () => {
    const manual = await ManualConnection.ready({ transport: new RememberingTransport(modernServer) });
    const [outcome, session] = await Promise.all([manual.connection.suspend(), manual.connect()]);
    expect(isFailure(outcome)).toBe(false);
    expect(isFailure(session)).toBe(false);
    expect(manual.connection.facts).toMatchObject({ suspended: false, resumed: false });
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('gives the session out also when the link throws', async () => {
    const transport = new RememberingTransport(modernServer);
    const manual = await ManualConnection.ready({ transport });
    Object.assign(transport.newest, {
      suspend: () => {
        throw new Error('broken');
      },
    });
    expect(await manual.connection.suspend()).toMatchObject({ session: { era: 'modern' }, memory: undefined });
    expect(manual.reports).toMatchObject([{ code: 'MCP_HANDLER_FAILED' }]);
  });
});

describe('going on with a session of another client', () => {
  it('asks nothing in the legacy era, since the server still knows everything', async () => {
    const sessionExport = await suspended(legacyServer, (manual) => {
      manual.connection.send({ type: 'desire', desired: { logLevel: 'info' } });
    });
    const manual = heir(sessionExport, new RememberingTransport(legacyServer));
    expect(await manual.connect()).toEqual(sessionExport.session);
    expect(manual.transport.log).toEqual(['open', 'resume s-1']);
    expect(manual.states).toEqual(['connecting', 'initializing', 'ready']);
    expect(manual.connection.facts).toMatchObject({ resumed: true, era: 'legacy', connectionCount: 1 });
    await manual.ask('more');
    const [sent] = manual.transport.newest.sent;
    // The server may still be at work on a request of before: none of its ids may be used again.
    expect((sent as { id: number }).id).toBeGreaterThan(sessionExport.lastId);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('opens the subscription again in the modern era', async () => {
    const sessionExport = await suspended(modernServer);
    const desired = { ...sessionExport.desired, lists: ['tools'] as const };
    const session = { ...sessionExport.session, capabilities: { tools: { listChanged: true } } };
    const manual = heir({ ...sessionExport, session, desired }, new RememberingTransport(modernServer));
    await manual.connect();
    expect(manual.transport.log).toEqual(['open', 'resume s-1', 'subscriptions/listen']);
    await manual.end();
  });

  it.each([
    ['has no such thing', () => new ManualTransport(legacyServer)],
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
    const manual = heir({ ...sessionExport, session, desired }, staged);
    await manual.connect();
    expect(manual.transport.newest.methods).toEqual(['initialize', 'notifications/initialized', 'logging/setLevel']);
    expect(manual.connection.facts).toMatchObject({ resumed: false, inherited: undefined });
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('negotiates where the revision of the session is not allowed', async () => {
    const sessionExport = await suspended(legacyServer);
    const transport = new RememberingTransport(modernServer);
    const manual = heir(sessionExport, transport, { policy: { acceptable: { modern: ['2026-07-28'], legacy: [] } } });
    expect(await manual.connect()).toMatchObject({ era: 'modern' });
    expect(transport.log).toEqual(['open', 'server/discover']);
    await manual.end();
  });

  it('keeps it for the next link when the first cannot be opened', async () => {
    const sessionExport = await suspended(legacyServer);
    const transport = new RememberingTransport(legacyServer);
    transport.opening = (attempt) => (attempt === 1 ? Promise.reject(new Error('not yet')) : undefined);
    const manual = heir(sessionExport, transport, { policy: { retryInitialConnect: true } });
    const connecting = watch(manual.connect());
    await manual.advance(3_000);
    expect(connecting.value).toEqual(sessionExport.session);
    expect(transport.log).toEqual(['open', 'open', 'resume s-1']);
    await manual.end();
  });

  it('negotiates again when the link is lost later', async () => {
    const sessionExport = await suspended(legacyServer);
    const manual = heir(sessionExport, new RememberingTransport(legacyServer));
    await manual.connect();
    manual.transport.newest.ends();
    await manual.advance(3_000);
    expect(manual.state).toBe('ready');
    expect(manual.transport.newest.methods).toEqual(['initialize', 'notifications/initialized']);
    expect(manual.connection.facts).toMatchObject({ resumed: false });
    await manual.end();
  });
});
