import { HttpTransport, MCPClient } from '../../../src/index.js';
import type { ElicitResult, MCPClientOptions, ServerRequestContext } from '../../../src/index.js';
import { ClientRecorder } from '../../support/client-recorder.js';
import { legacyServer } from '../../support/servers/http-server.js';
import type { HttpVisit } from '../../support/servers/http-server.js';
import { httpScene } from '../../support/http-scene.js';
import { errorFrom, turns } from '../../support/outcomes.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';

const { endLater, serve } = httpScene();

const question = {
  jsonrpc: '2.0',
  id: 'q',
  method: 'elicitation/create',
  params: { message: 'Well?', requestedSchema: { type: 'object', properties: {} } },
};
const done = { content: [{ type: 'text', text: 'done' }] };

/** A message of the client that is an answer. */
function isAnswer({ method, message }: HttpVisit): boolean {
  return method === 'POST' && message.method === undefined;
}

/** A server whose calls and streams the test answers by hand, and a client whose handler the test answers by hand. */
async function meet(options: MCPClientOptions = {}, sessionId?: string) {
  const calls: HttpVisit[] = [];
  const streams: HttpVisit[] = [];
  const server = await serve(
    legacyServer(
      (visit) => {
        if (visit.method === 'GET') streams.push(visit.stream().event(undefined, { retry: 10 }));
        else if (visit.method === 'DELETE') visit.status(200);
        else if (isAnswer(visit)) visit.status(202);
        else if (visit.message.method === 'tools/call') calls.push(visit);
        else return false;
        return true;
      },
      { ...(sessionId !== undefined && { sessionId }) },
    ),
  );
  const contexts: ServerRequestContext[] = [];
  const settle: ((answer: ElicitResult) => void)[] = [];
  const client = new MCPClient(new HttpTransport(server.url), {
    elicitation: (_form, context) => {
      contexts.push(context);
      return new Promise((resolve) => settle.push(resolve));
    },
    ...options,
  });
  endLater(() => client.close());
  const announced = new ClientRecorder(client);
  await client.connect();
  const answers = (): unknown[] => server.visits.filter(isAnswer).map(({ body }) => JSON.parse(body) as unknown);
  /** Lets things happen that cross the network until something holds. */
  const until = async (met: () => boolean): Promise<void> => {
    while (!met()) await turns(1);
  };
  return { server, client, announced, calls, streams, contexts, settle, answers, until };
}

describe('a server request over HTTP', () => {
  test('that comes on the stream of a call is answered with a message of its own', async () => {
    const { client, calls, settle, answers, until, server } = await meet();
    const call = client.callTool('x');
    await until(() => calls.length === 1);
    calls[0]?.stream().event(question);
    await until(() => settle.length === 1);
    settle[0]?.({ action: 'accept', content: {} });
    await until(() => answers().length === 1);
    expect(answers()).toEqual([{ jsonrpc: '2.0', id: 'q', result: { action: 'accept', content: {} } }]);
    expect(server.visits.find(isAnswer)?.headers['mcp-protocol-version']).toBe('2025-11-25');
    calls[0]?.resultEvent(done).end();
    expect(await call).toEqual(done);
  });

  test('that comes on the stream of the server is answered, too, with or without a call', async () => {
    const { streams, settle, answers, until } = await meet({}, 'session');
    await until(() => streams.length === 1);
    streams[0]?.event(question);
    await until(() => settle.length === 1);
    settle[0]?.({ action: 'decline' });
    await until(() => answers().length === 1);
    expect(answers()).toMatchObject([{ id: 'q', result: { action: 'decline' } }]);
  });

  test('that is taken back on the stream on which it came is not answered', async () => {
    const { client, calls, contexts, settle, answers, until } = await meet();
    const call = client.callTool('x');
    await until(() => calls.length === 1);
    calls[0]?.stream().event(question);
    await until(() => settle.length === 1);
    calls[0]?.event({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'q' } });
    await until(() => contexts[0]?.signal.aborted === true);
    settle[0]?.({ action: 'decline' });
    calls[0]?.resultEvent(done).end();
    expect(await call).toEqual(done);
    expect(answers()).toEqual([]);
  });

  test('keeps its handler running when its stream breaks and is resumed', async () => {
    const { client, calls, streams, settle, answers, until, contexts } = await meet();
    const call = client.callTool('x');
    await until(() => calls.length === 1);
    calls[0]?.stream().event(question, { id: 'event-1', retry: 1 });
    await until(() => settle.length === 1);
    const before = streams.length;
    calls[0]?.cut();
    await until(() => streams.some(({ headers }) => headers['last-event-id'] === 'event-1'));
    expect(contexts[0]?.signal.aborted).toBe(false);
    settle[0]?.({ action: 'decline' });
    await until(() => answers().length === 1);
    streams.at(-1)?.event({ jsonrpc: '2.0', id: calls[0]?.message.id, result: done });
    expect(await call).toEqual(done);
    expect(streams.length).toBeGreaterThan(before);
  });

  test('stops the clock of the call on whose stream it came, and of no other', async () => {
    const environment = new SimulatedEnvironment();
    const { client, calls, settle, until } = await meet({ environment, timeout: 10_000 });
    const [asking, other] = [client.callTool('asking'), errorFrom(client.callTool('other'))];
    let over = false;
    void asking.then(() => (over = true));
    await until(() => calls.length === 2);
    const asked = calls.find(({ message }) => message.params?.['name'] === 'asking');
    asked?.stream().event(question);
    await until(() => settle.length === 1);
    await environment.advance(10_000);
    expect(await other).toMatchObject({ code: 'MCP_TIMEOUT' });
    await environment.advance(1_000_000);
    expect(over).toBe(false);
    settle[0]?.({ action: 'decline' });
    asked?.resultEvent(done).end();
    expect(await asking).toEqual(done);
  });

  test('stops the clock of all calls when it came on the stream of the server, since any may wait for it', async () => {
    const environment = new SimulatedEnvironment();
    const { client, calls, streams, settle, until } = await meet({ environment, timeout: 10_000 }, 'session');
    const both = [client.callTool('one'), client.callTool('two')];
    await until(() => calls.length === 2 && streams.length === 1);
    streams[0]?.event(question);
    await until(() => settle.length === 1);
    await environment.advance(1_000_000);
    for (const visit of calls) visit.result(done);
    expect(await Promise.all(both)).toEqual([done, done]);
  });

  test('whose answer cannot be delivered is reported, and hurts nothing else', async () => {
    const { client, announced, calls, server, settle, until } = await meet();
    const call = client.callTool('x');
    await until(() => calls.length === 1);
    calls[0]?.stream().event(question);
    await until(() => settle.length === 1);
    server.visits.length = 0;
    calls[0]?.resultEvent(done).end();
    expect(await call).toEqual(done);
    await server.close();
    settle[0]?.({ action: 'decline' });
    const [error] = await announced.first('error');
    expect(error).toMatchObject({ name: 'MCPTransportError' });
  });
});

describe('a session that the server forgets', () => {
  test('ends its server requests: no response reaches the next session', async () => {
    let sessions = 0;
    let forgotten = false;
    const answers: HttpVisit[] = [];
    const streams: HttpVisit[] = [];
    const server = await serve((visit) => {
      const script = legacyServer(
        (one) => {
          if (one.method === 'GET') streams.push(one.stream());
          else if (one.method === 'DELETE') one.status(200);
          else if (isAnswer(one)) {
            answers.push(one);
            one.status(202);
          } else if (forgotten && one.headers['mcp-session-id'] === 's-1') one.status(404);
          else return false;
          return true;
        },
        { sessionId: `s-${visit.body.includes('"initialize"') ? (sessions += 1) : sessions}` },
      );
      script(visit);
    });
    const contexts: ServerRequestContext[] = [];
    const settle: ((answer: ElicitResult) => void)[] = [];
    const client = new MCPClient(new HttpTransport(server.url), {
      autoReconnect: true,
      elicitation: (_form, context) => {
        contexts.push(context);
        return new Promise((resolve) => settle.push(resolve));
      },
    });
    endLater(() => client.close());
    await client.connect();
    while (streams.length === 0) await turns(1);
    streams[0]?.event(question);
    while (settle.length === 0) await turns(1);
    forgotten = true;
    await client.callTool('x');
    expect(sessions).toBe(2);
    expect(contexts[0]?.signal.aborted).toBe(true);
    settle[0]?.({ action: 'decline' });
    await client.ping();
    expect(answers).toEqual([]);
  });
});
