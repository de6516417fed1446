import { MCPClient, MCPError } from '../../src/index.js';
import type { ElicitRequestFormParams, ElicitResult, ServerRequestContext } from '../../src/index.js';
import { chaos, createScriptedServer, SimulatedEnvironment } from '../../src/testing/index.js';
import type { ScriptedHandler } from '../../src/testing/index.js';
import { RecordedLines, replayed } from '../support/recordings.js';

const SCHEMA = { type: 'object', properties: { said: { type: 'string' } }, required: ['said'] };

/** What a call has told the server by now, as its state says it. */
interface Progress {
  readonly name: string;
  readonly round: number;
}

/** A server that asks each call a few times, and finds out whether it is told what it asked for. */
function suspiciousServer(environment: SimulatedEnvironment, suspicions: string[]) {
  const book: ScriptedHandler = async ({ name, inputResponses, requestState }, { wait }) => {
    await wait(Math.floor(environment.random() * 200));
    const known = requestState === undefined ? undefined : (JSON.parse(requestState as string) as Progress);
    const round = known === undefined ? 0 : known.round + 1;
    if (known !== undefined && known.name !== name) suspicions.push(`${String(name)} has the state of ${known.name}`);
    const answers = Object.entries((inputResponses ?? {}) as Record<string, ElicitResult>);
    // Every other round only wants to be asked again.
    const expected = round > 0 && (round - 1) % 2 === 0 ? { [`q${round - 1}`]: `${String(name)} ${round - 1}` } : {};
    const told = Object.fromEntries(answers.map(([key, { content }]) => [key, content?.['said']]));
    if (JSON.stringify(told) !== JSON.stringify(expected)) {
      suspicions.push(`${String(name)} in round ${round} says ${JSON.stringify(told)}`);
    }
    if (round === 3) return { resultType: 'complete', content: [{ type: 'text', text: String(name) }] };
    const question = {
      method: 'elicitation/create',
      params: { message: `${String(name)} ${round}`, requestedSchema: SCHEMA },
    };
    return {
      resultType: 'input_required',
      requestState: JSON.stringify({ name, round }),
      ...(round % 2 === 0 && { inputRequests: { [`q${round}`]: question } }),
    };
  };
  return createScriptedServer({ environment, handlers: { 'tools/call': book } });
}

/** Calls in a world in which messages get lost, links break, people are slow, and callers give up. */
async function course(seed: number, record?: RecordedLines) {
  const environment = new SimulatedEnvironment({ seed });
  const suspicions: string[] = [];
  await using server = suspiciousServer(environment, suspicions);
  const waiting = new Set<AbortSignal>();
  const elicitation = ({ message }: ElicitRequestFormParams, { signal }: ServerRequestContext): Promise<ElicitResult> =>
    new Promise((resolve) => {
      waiting.add(signal);
      signal.addEventListener('abort', () => waiting.delete(signal));
      environment.setTimeout(
        () => {
          waiting.delete(signal);
          resolve({ action: 'accept', content: { said: message } });
        },
        Math.floor(environment.random() * 5_000),
      );
    });
  const faults = { drop: 0.01, delay: 0.1, reorder: 0.05, killBeforeWrite: 0.01, killAfterWrite: 0.02, refuse: 0.2 };
  let hostile = false;
  const transport = chaos(server.transport, { seed, ...faults, only: () => hostile });
  const client = new MCPClient(transport, {
    era: 'modern',
    environment,
    elicitation,
    autoReconnect: true,
    maxReconnectAttempts: Infinity,
    reconnectDelay: 100,
    maxReconnectDelay: 500,
    maxRestarts: Infinity,
    ...(record !== undefined && { record }),
  });
  await settled(client.connect(), environment);
  hostile = true;
  const outcomes = Array.from({ length: 12 }, async (_, at) => {
    const controller = new AbortController();
    if (at % 4 === 3) {
      environment.setTimeout(() => {
        controller.abort('enough');
      }, 3_000);
    }
    const options = {
      maxTotalTimeout: 120_000,
      timeout: 10_000,
      signal: controller.signal,
      retry: at % 2 === 0 ? 'safe' : 'auto',
    } as const;
    try {
      const { content } = await client.callTool(`n${at}`, {}, options);
      return (content[0] as { text: string }).text === `n${at}` ? 'done' : 'somebody else’s result';
    } catch (error) {
      if (error === 'enough') return 'aborted';
      return error instanceof MCPError ? `${error.code} ${String(error.delivery)}` : `unexpected: ${String(error)}`;
    }
  });
  const ended = await settled(Promise.all(outcomes), environment);
  await settled(client.disconnect(), environment);
  return { ended, suspicions, waiting: waiting.size };
}

/** Lets time pass for as long as something takes. */
async function settled<Value>(promise: Promise<Value>, environment: SimulatedEnvironment): Promise<Value> {
  let open = true;
  const over = promise.finally(() => {
    open = false;
  });
  over.catch(() => undefined);
  for (let steps = 0; open && steps < 5_000; steps += 1) await environment.advance(100);
  return over;
}

test.each(Array.from({ length: 25 }, (_, at) => at + 1))(
  'no call gets the result of another call, and each call ends, whatever links and handlers do (seed %i)',
  async (seed) => {
    const { ended, suspicions, waiting } = await course(seed);
    expect(suspicions).toEqual([]);
    // Nobody is left with a question of which nobody wants the answer.
    expect(waiting).toBe(0);
    const expected = /^(?:done|aborted|MCP_TIMEOUT \S+|MCP_TRANSPORT_FAILED unknown)$/;
    expect(ended.filter((end) => !expected.test(end))).toEqual([]);
    expect(ended).toContain('done');
  },
);

test.each([3, 8, 21])('such a course can be recorded and replayed (seed %i)', async (seed) => {
  const recorded = new RecordedLines();
  await course(seed, recorded);
  await replayed(recorded.read());
});
