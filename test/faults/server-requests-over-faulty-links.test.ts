import { MCPClient } from '../../src/index.js';
import type { ElicitResult, RequestId, TapEvent } from '../../src/index.js';
import { chaos, createScriptedServer, SimulatedEnvironment } from '../../src/testing/index.js';
import { RecordedLines, replayed } from '../support/recordings.js';

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);
const CALLS = 10;

/** A server asks in the middle of each call, over a link that loses, delays, doubles and reorders messages, and dies. */
async function course(seed: number) {
  const environment = new SimulatedEnvironment({ seed });
  let asked = 0;
  const server = createScriptedServer({
    revision: '2025-11-25',
    environment,
    handlers: {
      'tools/call': async (_params, { wait, signal }) => {
        const id = `question-${(asked += 1)}`;
        const params = { message: id, requestedSchema: { type: 'object', properties: {} } };
        server.send({ jsonrpc: '2.0', id, method: 'elicitation/create', params });
        for (let turn = 0; turn < 20 && !signal.aborted; turn += 1) {
          if (server.received.some((message) => message.id === id && message.method === undefined)) break;
          await wait(100);
        }
        return { content: [] };
      },
    },
  });
  const news: TapEvent[] = [];
  const recorded = new RecordedLines();
  const signals: AbortSignal[] = [];
  const answered = new Set<AbortSignal>();
  const client = new MCPClient(
    chaos(server.transport, {
      seed,
      ...{ drop: 0.03, delay: 0.1, duplicate: 0.05, reorder: 0.05, killBeforeWrite: 0.02, killAfterWrite: 0.04 },
    }),
    {
      environment,
      record: { write: recorded.write },
      ...{ autoReconnect: true, maxReconnectAttempts: Infinity, maxRestarts: Infinity, retryInitialConnect: true },
      ...{ reconnectDelay: 10, timeout: 5_000, priorEra: 'legacy' },
      inspect: { inspect: () => undefined, tap: (event) => news.push(event), redact: false },
      elicitation: (_form, { signal }) => {
        signals.push(signal);
        return new Promise<ElicitResult>((resolve) => {
          environment.setTimeout(() => {
            if (!signal.aborted) answered.add(signal);
            resolve({ action: 'accept', content: {} });
          }, 150);
        });
      },
    },
  );
  const errors: string[] = [];
  client.on('error', ({ code }) => errors.push(code));
  let open = 1;
  const over = (): number => (open -= 1);
  void client.connect().then(over, over);
  for (let call = 0; call < CALLS; call += 1) {
    open += 1;
    void client.callTool('ask', {}, { maxTotalTimeout: 60_000 }).then(over, over);
    await environment.advance(100);
  }
  for (let turn = 0; turn < 1_000 && open > 0; turn += 1) await environment.advance(500);
  const closing = client.close();
  const abortedAtOnce = signals.every((signal) => signal.aborted || answered.has(signal));
  await environment.advance(60_000);
  await closing;
  await server[Symbol.asyncDispose]();
  return { open, news, signals, abortedAtOnce, errors, recorded, asked };
}

/** The ids of questions or of answers, by the number of their link. */
function idsOf(news: readonly TapEvent[], type: 'message.in' | 'message.out'): [epoch: number, id: RequestId][] {
  return news.flatMap((event) => {
    if (event.type !== type) return [];
    const { id, method } = event.message as { id?: RequestId; method?: string };
    const wanted = type === 'message.in' ? method === 'elicitation/create' : method === undefined;
    return wanted && id !== undefined ? [[event.epoch, id] as [number, RequestId]] : [];
  });
}

test('no server request is answered more often than it was sent, or over another link, however links fail', async () => {
  let questions = 0;
  for (const seed of SEEDS) {
    const { open, news, signals, abortedAtOnce, errors, recorded, asked } = await course(seed);
    const left = idsOf(news, 'message.in').map(String);
    for (const answer of idsOf(news, 'message.out').map(String)) {
      const at = left.indexOf(answer);
      expect([seed, answer, at >= 0]).toEqual([seed, answer, true]);
      left.splice(at, 1);
    }
    expect([seed, open, abortedAtOnce, errors.includes('MCP_HANDLER_FAILED')]).toEqual([seed, 0, true, false]);
    await replayed(recorded.read());
    questions += Math.min(asked, signals.length);
  }
  expect(questions).toBeGreaterThan(SEEDS.length);
}, 120_000);
