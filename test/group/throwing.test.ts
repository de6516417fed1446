import { setTimeout as sleep } from 'node:timers/promises';

import { MCPClientGroup } from '../../src/group/index.js';
import { memberMachine, memberPorts } from '../../src/machines/member/member-machine.js';
import { Fuses } from '../support/charts/chart-fuses.js';
import type { Blow } from '../support/charts/chart-fuses.js';
import { idlePorts } from '../support/charts/idle-ports.js';
import { scriptedServer } from '../support/servers/scripts.js';
import { scriptWith } from './support.js';

const fuses = new Fuses();
fuses.protectChart(memberMachine);
fuses.protectPorts('member', memberPorts, idlePorts.member);

/** How long a server may be idle, in ms. */
const IDLE = 20;
/** A bound for what hangs, in ms. */
const PATIENCE = 20_000;

/**
 * Two servers are called, sleep, wake and are lost, and one of them is removed. Returns whatever is wrong if one part of the chart throws, of the
 * server that reaches it first.
 */
async function lifeWith(name: string, blow: Blow): Promise<string[]> {
  const wrong: string[] = [];
  const servers = { a: await scriptedServer(scriptWith(['x'])), b: await scriptedServer(scriptWith(['x'])) };
  const group = new MCPClientGroup(
    { a: servers.a.transport, b: servers.b.transport },
    { idleTimeout: IDLE, defaults: { autoReconnect: false, maxReconnectAttempts: 0 } },
  );
  const errors: string[] = [];
  group.on('error', ({ problem }) => errors.push(problem.code));
  const pending = new Set<string>();
  const settled = async (what: string, promise: Promise<unknown>): Promise<unknown> => {
    pending.add(what);
    const late = new AbortController();
    const outcome = promise
      .catch((thrown: unknown) => thrown)
      .finally(() => {
        pending.delete(what);
        late.abort();
      });
    return Promise.race([outcome, sleep(PATIENCE, undefined, { signal: late.signal }).catch(() => undefined)]);
  };
  const call = (server: string): Promise<unknown> => settled(`a call of ${server}`, group.callTool(`${server}__x`));
  fuses.light(name, blow);
  try {
    await settled('connect()', group.connect());
    await Promise.all([call('a'), call('a'), call('b')]);
    // They sleep, and the next calls wake them.
    await sleep(5 * IDLE);
    await Promise.all([call('a'), call('b')]);
    // The connection of one ends for good, and its next call starts it again.
    await servers.a[Symbol.asyncDispose]();
    await settled('the call of a server that has ended', group.callTool('a__x', {}, { timeout: 200 }));
    await settled('the call after it', group.callTool('a__x', {}, { timeout: 200 }));
    if (fuses.blown > 0 && group.status.a !== 'removed' && group.status.b !== 'removed' && name !== 'member.port.close')
      wrong.push('no server was removed');
    if (group.status.b !== 'removed' && JSON.stringify(await call('b')) !== '{"content":[{"type":"text","text":"x"}]}')
      wrong.push('the other server does not work');
    await settled('remove()', group.remove('a'));
  } finally {
    await settled('close()', group.close());
    fuses.putOut();
  }
  if (fuses.blown > 0 && !errors.includes('MCP_INTERNAL')) wrong.push('no MCP_INTERNAL was reported');
  for (const [server, { transport }] of Object.entries(servers))
    if (transport.connected) wrong.push(`the link of ${server} is open`);
  wrong.push(...[...pending].map((what) => `${what} never settles`));
  await servers.b[Symbol.asyncDispose]();
  return wrong.map((what) => `${name} ${blow}: ${what}`);
}

test('a part of the chart that throws ends nothing but its server', async () => {
  const wrong = await lifeWith('', 'before');
  const reached = [...fuses.used.keys()];
  for (const name of fuses.names)
    for (const blow of ['before', 'after', 'always'] as const) {
      wrong.push(...(await lifeWith(name, blow)));
      if (fuses.blown === 0) wrong.push(`${name} ${blow}: it did not throw`);
    }
  expect(wrong).toEqual([]);
  expect(reached.sort()).toEqual([...fuses.names].sort());
}, 120_000);
