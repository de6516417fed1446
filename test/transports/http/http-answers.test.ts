import { HttpTransport } from '../../../src/index.js';
import type { Environment } from '../../../src/util/environment.js';
import { backoffDelay } from '../../../src/util/retry-policy.js';
import { OpenedLink, modernRequest, request } from '../../support/http-link.js';
import { ScriptedHttpServer, legacyServer } from '../../support/servers/http-server.js';
import type { HttpVisit } from '../../support/servers/http-server.js';
import { hastyEnvironment } from '../../support/link-recorder.js';
import { turns } from '../../support/outcomes.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';

let server: ScriptedHttpServer;
let transport: HttpTransport;

afterEach(async () => {
  await transport.closeLink();
  await server.close();
});

async function serve(script: (visit: HttpVisit) => void, environment?: Environment): Promise<OpenedLink> {
  server = await ScriptedHttpServer.start(script);
  transport = new HttpTransport(server.url);
  return OpenedLink.open(transport, environment);
}

const answer = (id: string | number, result: unknown) => ({ jsonrpc: '2.0', id, result });

describe('an answer of JSON', () => {
  test('is told with the request that it came for, and the exchange ends with it', async () => {
    const opened = await serve((visit) => {
      visit.result({ ok: true });
    });
    await opened.link.send(request(7, 'ping'));
    expect(opened.recorder.messages).toEqual([answer(7, { ok: true })]);
  });

  test.each(['application/json; charset=utf-8', 'Application/JSON', 'application/problem+json'])(
    'may be called %s',
    async (type) => {
      const opened = await serve((visit) => {
        visit.json(answer(1, {}), 200, { 'content-type': type });
      });
      await opened.link.send(request(1, 'ping'));
      expect(opened.recorder.messages).toEqual([answer(1, {})]);
    },
  );

  test('of a legacy server may be a batch, which is told as it is', async () => {
    const batch = [{ jsonrpc: '2.0', method: 'notifications/message', params: {} }, answer(1, {})];
    const opened = await serve((visit) => {
      visit.json(batch);
    });
    await opened.link.send(request(1, 'ping'));
    expect(opened.recorder.messages).toEqual([batch]);
    expect(await opened.failureOf(modernRequest(1, 'ping'))).toMatchObject({ code: 'MCP_INVALID_MESSAGE' });
  });

  test.each([
    ['null', null],
    ['nothing', undefined],
    ['another id', 99],
  ])('that is an error with %s for an id belongs to the request, whatever the status', async (_, id) => {
    const opened = await serve((visit) => {
      visit.json({ jsonrpc: '2.0', id, error: { code: -32_022, message: 'no', data: { supported: [] } } }, 400);
    });
    await opened.link.send(modernRequest(1, 'tools/list'));
    expect(opened.recorder.messages).toEqual([
      { jsonrpc: '2.0', id: 1, error: { code: -32_022, message: 'no', data: { supported: [] } } },
    ]);
  });

  test('that is no JSON, has the wrong shape, or is for somebody else ends the exchange with a failure', async () => {
    const bodies = ['{"jsonrpc":', '{"jsonrpc":"2.0","id":1,"result":5}', '{"jsonrpc":"2.0","id":2,"result":{}}', ''];
    const opened = await serve((visit) => {
      visit.response.writeHead(200, { 'content-type': 'application/json' });
      visit.response.end(bodies.shift());
    });
    expect(await opened.failureOf(request(1, 'a'))).toMatchObject({ code: 'MCP_INVALID_JSON', delivery: 'answered' });
    expect(await opened.failureOf(request(1, 'b'))).toMatchObject({
      code: 'MCP_INVALID_MESSAGE',
      delivery: 'answered',
    });
    expect(await opened.failureOf(request(1, 'c'))).toMatchObject({ code: 'MCP_STREAM_BROKEN', delivery: 'unknown' });
    expect(await opened.failureOf(request(1, 'd'))).toMatchObject({ code: 'MCP_STREAM_BROKEN', delivery: 'unknown' });
  });

  test('larger than the limit is not read to its end', async () => {
    const mebibyte = 'x'.repeat(1024 * 1024);
    let written = 0;
    server = await ScriptedHttpServer.start((visit) => {
      visit.response.writeHead(200, { 'content-type': 'application/json' });
      const write = (): void => {
        while (written < 200 && visit.response.write(mebibyte)) written += 1;
        written += 1;
      };
      visit.response.on('drain', write);
      write();
    });
    transport = new HttpTransport(server.url, { limits: { maxMessageBytes: 3 * 1024 * 1024 } });
    const opened = await OpenedLink.open(transport);
    const failure = await opened.failureOf(request(1, 'huge'));
    expect(failure).toMatchObject({
      code: 'MCP_MESSAGE_TOO_LARGE',
      details: { field: 'limits.maxMessageBytes', limit: 3 * 1024 * 1024 },
    });
    await server.visits[0]?.closed();
    expect(written).toBeLessThan(60);
  });

  test('whose length is announced beyond the limit is not read at all', async () => {
    server = await ScriptedHttpServer.start((visit) => {
      visit.response.writeHead(200, { 'content-type': 'application/json', 'content-length': '200000000' });
      visit.response.flushHeaders();
    });
    transport = new HttpTransport(server.url);
    const opened = await OpenedLink.open(transport);
    expect(await opened.failureOf(request(1, 'huge'))).toMatchObject({
      code: 'MCP_MESSAGE_TOO_LARGE',
      details: { received: 200_000_000 },
    });
    await server.visits[0]?.closed();
  });

  test('that comes byte by byte is read', async () => {
    const opened = await serve((visit) => {
      visit.response.writeHead(200, { 'content-type': 'application/json' });
      const bytes = Buffer.from(JSON.stringify(answer(1, { text: 'é漢🎉' })));
      const write = (at: number): void => {
        if (at === bytes.length) visit.response.end();
        else visit.response.write(bytes.subarray(at, at + 1), () => setImmediate(write, at + 1));
      };
      write(0);
    });
    await opened.link.send(request(1, 'slow'));
    expect(opened.recorder.messages).toEqual([answer(1, { text: 'é漢🎉' })]);
  });
});

describe('an answer on a stream', () => {
  test('is told after what came before it, past comments, empty events and events of other kinds', async () => {
    const opened = await serve((visit) => {
      visit.stream();
      visit.response.write('\ufeff: keep-alive\n\nevent: ping\ndata: {"not":"for us"}\n\ndata:\n\n');
      visit.event({ jsonrpc: '2.0', method: 'notifications/progress', params: {} });
      visit.response.write(': more\r\n\r\n');
      visit.resultEvent({ done: true }).end();
    });
    await opened.link.send(request(1, 'work'));
    expect(opened.recorder.messages).toEqual([
      { jsonrpc: '2.0', method: 'notifications/progress', params: {} },
      answer(1, { done: true }),
    ]);
    expect(opened.recorder.problems).toEqual([]);
  });

  test('ends the exchange although the stream goes on, and what comes later is not heard; the stream is let go', async () => {
    const opened = await serve((visit) => {
      visit.stream().resultEvent({});
      visit.event({ jsonrpc: '2.0', method: 'notifications/late', params: {} });
    });
    await opened.link.send(request(1, 'work'));
    await server.visits[0]?.closed();
    expect(opened.recorder.messages).toEqual([answer(1, {})]);
  });

  test('whose stream ends by itself leaves the connection to the next request', async () => {
    const opened = await serve((visit) => {
      visit.stream().resultEvent({});
      setImmediate(() => {
        visit.end();
      });
    });
    const ports = new Set<number | undefined>();
    for (const id of [1, 2, 3]) {
      await opened.link.send(request(id, 'work'));
      const visit = server.visits.at(-1);
      ports.add(visit?.response.req.socket.remotePort);
      await visit?.closed();
      await turns();
    }
    expect(ports.size).toBe(1);
  });

  test.each([
    ['says whose answer it is', '{"jsonrpc":"2.0","id":1,"result":{"x":NaN}}', 1],
    ['writes the id as text', '{"jsonrpc":"2.0","id":"1","result":{"x":NaN}}', '1'],
    ['is cut', '{"half', undefined],
    ['is a text', 'Internal Server Error', undefined],
  ])('that is not JSON and %s ends the exchange at once', async (_, data, requestId) => {
    const opened = await serve((visit) => {
      visit.stream().response.write(`data: ${data}\n\n`);
    });
    const failure = await opened.failureOf(request(1, 'work'));
    expect(failure).toMatchObject({ code: 'MCP_INVALID_JSON', delivery: 'answered' });
    expect(failure.details?.requestId).toBe(requestId);
  });

  test('comes after events that are not JSON and are no answer to it, which are reported', async () => {
    const opened = await serve((visit) => {
      visit
        .stream()
        .response.write('data: {"jsonrpc":"2.0","method":"notifications/message","params":{"data":NaN}}\n\n');
      visit.response.write('data: {"jsonrpc":"2.0","id":2,"result":{"x":NaN}}\n\n');
      visit.resultEvent({}).end();
    });
    await opened.link.send(request(1, 'work'));
    expect(opened.recorder.problems).toMatchObject([
      { code: 'MCP_INVALID_JSON', details: { method: 'notifications/message' } },
      { code: 'MCP_INVALID_JSON', details: { requestId: 2 } },
    ]);
    expect(opened.recorder.messages).toEqual([answer(1, {})]);
  });

  test('comes after what is larger than the limit and no answer to it, which is reported', async () => {
    const text = 'x'.repeat(10_000);
    server = await ScriptedHttpServer.start((visit) => {
      visit.stream();
      visit.event({ method: 'notifications/message', params: { data: text }, jsonrpc: '2.0' });
      visit.event({ jsonrpc: '2.0', id: 5, method: 'sampling/createMessage', params: { text } });
      visit.event({ jsonrpc: '2.0', id: 99, result: { text } });
      visit.resultEvent({}).end();
    });
    transport = new HttpTransport(server.url, { limits: { maxMessageBytes: 5_000 } });
    const opened = await OpenedLink.open(transport);
    await opened.link.send(request(1, 'work'));
    expect(opened.recorder.messages).toEqual([answer(1, {})]);
    const limit = { field: 'limits.maxMessageBytes', limit: 5_000, received: expect.any(Number) as number };
    expect(opened.recorder.problems).toMatchObject([
      { code: 'MCP_MESSAGE_TOO_LARGE', details: { ...limit, method: 'notifications/message' } },
      { code: 'MCP_MESSAGE_TOO_LARGE', details: { ...limit, method: 'sampling/createMessage' } },
      { code: 'MCP_MESSAGE_TOO_LARGE', details: { ...limit, requestId: 99 } },
    ]);
  });

  test('that is larger than the limit ends the exchange', async () => {
    server = await ScriptedHttpServer.start((visit) => {
      visit.stream().resultEvent({ text: 'x'.repeat(10_000) });
    });
    transport = new HttpTransport(server.url, { limits: { maxMessageBytes: 5_000 } });
    const opened = await OpenedLink.open(transport);
    const failure = await opened.failureOf(request(1, 'work'));
    expect(failure).toMatchObject({
      code: 'MCP_MESSAGE_TOO_LARGE',
      delivery: 'answered',
      message: expect.stringMatching(/has \d+ bytes.*limits\.maxMessageBytes, 5000$/) as string,
      details: { field: 'limits.maxMessageBytes', limit: 5_000, received: expect.any(Number) as number, requestId: 1 },
    });
    await server.visits[0]?.closed();
  });

  test.each([
    ['ends', (visit: HttpVisit) => visit.end()],
    ['is reset', (visit: HttpVisit) => visit.reset()],
    [
      'ends in the middle of the answer',
      (visit: HttpVisit) => visit.response.end('data: {"jsonrpc":"2.0","id":1,"result":{}}'),
    ],
  ])('that %s without the answer, and without ids, is lost at once', async (_, finish) => {
    const opened = await serve((visit) => {
      visit.stream();
      visit.response.write('data: {"jsonrpc":"2.0","method":"notifications/a"}\n\n', () => {
        finish(visit);
      });
    });
    const failure = await opened.failureOf(request(1, 'work'));
    expect(failure).toMatchObject({ kind: 'transport', code: 'MCP_STREAM_BROKEN', delivery: 'unknown' });
    expect(opened.recorder.timers.size).toBe(0);
    expect(opened.news).toEqual([]);
  });

  test('of a modern server is lost when it breaks, whatever ids there were', async () => {
    const opened = await serve((visit) => {
      visit.stream().event(undefined, { id: 'e1', retry: 5 }).end();
    });
    const failure = await opened.failureOf(modernRequest(1, 'tools/list'));
    expect(failure).toMatchObject({ code: 'MCP_STREAM_BROKEN', delivery: 'unknown' });
    expect(server.visits).toHaveLength(1);
  });
});

describe('a legacy stream that breaks after an event with an id', () => {
  test('is taken up where it broke, not before the time that the server asked for', async () => {
    const environment = new SimulatedEnvironment();
    let polls = 0;
    const opened = await serve(
      legacyServer(
        (visit) => {
          if (visit.method === 'GET') {
            polls += 1;
            if (polls === 1) visit.stream().event(undefined, { id: 'e2' }).end();
            else
              visit
                .stream()
                .event(answer(1, { late: true }))
                .end();
            return true;
          }
          if (visit.message.method !== 'work') return false;
          visit.stream().event(undefined, { id: 'e1', retry: 500 }).end();
          return true;
        },
        { sessionId: 's1' },
      ),
      environment,
    );
    await opened.shakeHands();
    const sent = opened.link.send(request(1, 'work'));
    await waitFor(() => environment.pending.some(({ delay }) => delay === 500));
    await environment.advance(499);
    expect(polls).toBe(0);
    await environment.advance(1);
    await server.until(() => polls === 1);
    await waitFor(() => environment.pending.length > 0);
    await environment.advance(1_000);
    await sent;
    expect(opened.news).toEqual(['interrupted 1', 'resumed 1', 'interrupted 1', 'resumed 1']);
    expect(opened.recorder.messages.at(-1)).toEqual(answer(1, { late: true }));
    const gets = server.visits.filter(({ method }) => method === 'GET');
    expect(gets.map(({ headers }) => headers['last-event-id'])).toEqual(['e1', 'e2']);
    expect(gets[0]?.headers).toMatchObject({
      accept: 'text/event-stream',
      'mcp-session-id': 's1',
      'mcp-protocol-version': '2025-11-25',
    });
  });

  test.each([
    ['0', 100],
    ['1', 100],
    ['-5', backoffDelay({ delay: 1_000, maxDelay: 1_000 }, 1, new SimulatedEnvironment().random())],
    ['NaN', backoffDelay({ delay: 1_000, maxDelay: 1_000 }, 1, new SimulatedEnvironment().random())],
    ['9'.repeat(30), 2 ** 31 - 1],
  ])('is taken up after a pause when the server wishes retry: %s', async (retry, pause) => {
    const environment = new SimulatedEnvironment();
    const opened = await serve(
      legacyServer((visit) => {
        if (visit.message.method !== 'work') return false;
        visit.stream().event(undefined, { id: 'e1', retry }).end();
        return true;
      }),
      environment,
    );
    await opened.shakeHands();
    const failure = opened.failureOf(request(1, 'work'));
    await waitFor(() => opened.news.length > 0);
    expect(environment.pending.map(({ delay }) => delay)).toContain(pause);
    opened.link.abandon?.(1);
    expect(await failure).toMatchObject({ delivery: 'unknown' });
    expect(environment.pending.map(({ delay }) => delay)).not.toContain(pause);
  });

  test('is taken up by whatever id the event had, which is UTF-8', async () => {
    const opened = await serve(
      legacyServer((visit) => {
        if (visit.method === 'GET') visit.stream().event(answer(1, {})).end();
        else if (visit.message.method === 'work') visit.stream().event(undefined, { id: 'é漢 1', retry: 1 }).end();
        else return false;
        return true;
      }),
    );
    await opened.shakeHands();
    await opened.link.send(request(1, 'work'));
    const id = server.visits.at(-1)?.headers['last-event-id'] ?? '';
    expect(Buffer.from(id as string, 'latin1').toString()).toBe('é漢 1');
  });

  test('is lost at once when its id cannot be said in a header', async () => {
    const opened = await serve(
      legacyServer((visit) => {
        if (visit.message.method !== 'work') return false;
        visit.stream().event(undefined, { id: 'a\u0001b', retry: 1 }).end();
        return true;
      }),
    );
    await opened.shakeHands();
    expect(await opened.failureOf(request(1, 'work'))).toMatchObject({
      code: 'MCP_STREAM_BROKEN',
      delivery: 'unknown',
    });
    expect(opened.news).toEqual([]);
  });

  test.each([
    ['refuses that', 405, 'text/plain'],
    ['answers with JSON', 200, 'application/json'],
    ['answers with a page', 200, 'text/html'],
  ])('is lost, and may have run, when the server %s instead of resuming it', async (_what, status, type) => {
    const opened = await serve(
      legacyServer((visit) => {
        if (visit.method === 'GET') visit.response.writeHead(status, { 'content-type': type }).end('{}');
        else if (visit.message.method === 'work') visit.stream().event(undefined, { id: 'e1', retry: 1 }).cut();
        else return false;
        return true;
      }),
    );
    await opened.shakeHands();
    const failure = await opened.failureOf(request(1, 'work'));
    expect(failure).toMatchObject({ code: 'MCP_STREAM_BROKEN', delivery: 'unknown' });
    expect(opened.news).toEqual(['interrupted 1']);
  });

  test('is resumed as often as it breaks, because each resumption that succeeds begins the count of failures anew', async () => {
    let resumed = 0;
    const opened = await serve(
      legacyServer((visit) => {
        if (visit.method === 'GET') {
          resumed += 1;
          if (resumed === 20) visit.stream().event(answer(1, {})).end();
          else
            visit
              .stream()
              .event(undefined, { id: `e${resumed}`, retry: 1 })
              .end();
        } else if (visit.message.method === 'work') visit.stream().event(undefined, { id: 'e0', retry: 1 }).end();
        else return false;
        return true;
      }),
      hastyEnvironment(100),
    );
    await opened.shakeHands();
    await opened.link.send(request(1, 'work'));
    expect(resumed).toBe(20);
  });

  test('is given up after six resumptions in a row that fail', async () => {
    const opened = await serve(
      legacyServer((visit) => {
        if (visit.method === 'GET') visit.reset();
        else if (visit.message.method === 'work') visit.stream().event(undefined, { id: 'e0', retry: 1 }).end();
        else return false;
        return true;
      }),
      hastyEnvironment(100),
    );
    await opened.shakeHands();
    expect(await opened.failureOf(request(1, 'work'))).toMatchObject({
      code: 'MCP_STREAM_BROKEN',
      delivery: 'unknown',
    });
    expect(server.visits.filter(({ method }) => method === 'GET')).toHaveLength(6);
  });

  test('reports the session as lost when its resumption is answered with 404', async () => {
    const opened = await serve(
      legacyServer(
        (visit) => {
          if (visit.method === 'GET') visit.status(404);
          else if (visit.message.method === 'work') visit.stream().event(undefined, { id: 'e0', retry: 1 }).end();
          else return false;
          return true;
        },
        { sessionId: 's1' },
      ),
    );
    await opened.shakeHands();
    // It was sent and may have run: not to be sent again in the next session.
    expect(await opened.failureOf(request(1, 'work'))).toMatchObject({
      code: 'MCP_STREAM_BROKEN',
      delivery: 'unknown',
    });
    expect(opened.news).toEqual(['interrupted 1', 'lost']);
  });

  test('is not taken up any more when nobody waits for its answer', async () => {
    const environment = new SimulatedEnvironment();
    const opened = await serve(
      legacyServer((visit) => {
        if (visit.message.method !== 'work') return false;
        visit.stream().event(undefined, { id: 'e1', retry: 60_000 }).end();
        return true;
      }),
      environment,
    );
    await opened.shakeHands();
    const failure = opened.failureOf(request(1, 'work'));
    await waitFor(() => opened.news.length > 0);
    opened.link.abandon?.(1);
    expect(await failure).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
    await environment.advance(600_000);
    expect(server.visits.filter(({ method }) => method === 'GET')).toEqual([]);
  });
});

test('an exchange that is abandoned is closed, and the others go on', async () => {
  const opened = await serve((visit) => {
    visit.stream();
  });
  const abandoned = opened.failureOf(request(1, 'work'));
  const kept = opened.link.send(request(2, 'work'));
  await server.until(() => server.visits.length === 2);
  const [first, second] = server.visits;
  opened.link.abandon?.(first?.message.id ?? '');
  await first?.closed();
  if (first?.message.id !== 1) throw new Error('They came in another order than they were sent in');
  expect(await abandoned).toMatchObject({ kind: 'connection', delivery: 'unknown' });
  second?.resultEvent({}).end();
  await kept;
});

async function waitFor(met: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!met()) {
    if (Date.now() > deadline) throw new Error('Waited 5 000 ms in vain');
    await turns(1);
  }
}
