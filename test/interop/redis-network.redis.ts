import { endAfterEach } from '../support/endings.js';
import { CuttableProxy } from '../support/servers/cuttable-proxy.js';
import type { Cut, CutPlan } from '../support/servers/cuttable-proxy.js';
import { HttpProcess } from '../support/servers/http-process.js';
import { RedisProcess } from '../support/servers/redis-process.js';
import { SignedInProcess } from '../support/signed-in-process.js';
import type { SignedInEvent } from '../support/signed-in-process.js';
import { pause } from '../support/waiting.js';

/** Long enough for a cut network, and short enough to see what happens after the end of a lease. */
const TIMING = { touch: 200, dead: 4_000, look: 50, watch: 100 };

/** The moments of a refresh at which the network is cut. */
const MOMENTS: readonly (readonly [name: string, plan: Omit<CutPlan, 'cut'>])[] = [
  ['before the lease is requested', { at: 'lease/refresh/', when: 'before' }],
  ['before the lease is given', { at: 'lease/refresh/', when: 'after' }],
  ['before it is known whether the lease is held', { at: 'PEXPIRE', when: 'before' }],
  ['before the new tokens are written', { at: "redis.call('SET', KEYS[1], ARGV[4])", when: 'before' }],
  [
    'before it is known whether the new tokens are written',
    { at: "redis.call('SET', KEYS[1], ARGV[4])", when: 'after' },
  ],
];

const CUTS: readonly Cut[] = ['reset', 'silence'];
const CLIENTS = ['ioredis', 'node-redis'] as const;

const CASES = CLIENTS.flatMap((client) =>
  CUTS.flatMap((cut) => MOMENTS.map(([moment, plan]) => [client, cut, moment, { ...plan, cut }] as const)),
);

const endLater = endAfterEach();
let redis: RedisProcess;
let network: CuttableProxy;
let server: HttpProcess;
let processes: SignedInProcess[];

beforeEach(async () => {
  processes = [];
  redis = await RedisProcess.start();
  endLater(() => redis.stop());
  network = await CuttableProxy.start(redis.socket);
  endLater(() => network.close());
  server = await HttpProcess.oidcProvider({ SECONDS: '600' });
  endLater(() => server.kill());
});

async function connected(client: (typeof CLIENTS)[number]): Promise<SignedInProcess> {
  const job = { url: server.url, agrees: true, redis: `redis://127.0.0.1:${network.port}`, client, timing: TIMING };
  const started = new SignedInProcess(job);
  endLater(() => started.kill());
  processes.push(started);
  expect(await started.run('connect')).toEqual({ event: 'connect' });
  return started;
}

const done = { event: 'call', result: ['done', 'done', 'done'] };

/** Calls again while the client pauses after its failure. */
async function callUntilDone(one: SignedInProcess): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const call = await one.run('call 3');
    if (call.code !== 'MCP_AUTH_BUSY') {
      expect(call).toEqual(done);
      return;
    }
    await pause(100);
  }
  throw new Error('The calls still fail');
}

const problems = (): SignedInEvent[] =>
  processes.flatMap(({ events }) => events.filter(({ event }) => event === 'problem'));

test.each(CASES)(
  'two processes (%s) refresh a rotating token once when their network has a %s %s',
  async (client, _cut, _moment, plan) => {
    const both = [await connected(client), await connected(client)];
    const callAll = (): Promise<SignedInEvent[]> => Promise.all(both.map((one) => one.run('call 3')));
    network.cutAt(plan);
    await server.command('expire');
    const calls = callAll();
    await network.untilCut();
    network.heal();
    // A process that does not know whether it has the lease refreshes nothing, and its calls say so.
    for (const call of await calls)
      if (call.code === undefined) expect(call).toEqual(done);
      else
        expect(call).toEqual({
          event: 'call',
          code: 'MCP_AUTH_BUSY',
          message: expect.stringContaining('the token store') as string,
        });
    for (const { code, message } of problems()) {
      expect(['MCP_TOKEN_STORE_FAILED', 'MCP_AUTH_BUSY']).toContain(code);
      expect(message).toMatch(
        /The token store could not (?:give a lease|confirm a lease|write the tokens)|because the token store/,
      );
    }
    for (const one of both) await callUntilDone(one);
    const before = problems().length;
    await server.command('expire');
    expect(await callAll()).toEqual([done, done]);
    expect({
      refreshes: server.count('refreshed'),
      revoked: server.count('revoked'),
      prompts: both.map((one) => one.count('prompted')),
      problems: problems().length - before,
    }).toEqual({ refreshes: 2, revoked: 0, prompts: [1, 0], problems: 0 });
    for (const one of both) await one.close();
  },
  60_000,
);
