import { clientCredentials, device, memoryStore, oauth } from '../../../src/auth/index.js';
import type { OAuth, TokenStore } from '../../../src/auth/index.js';
import { HttpTransport, MCPClient } from '../../../src/index.js';
import { authorizationMachine } from '../../../src/machines/authorization/authorization-machine.js';
import { authorizationPorts } from '../../../src/machines/authorization/authorization-setup.js';
import { systemEnvironment } from '../../../src/util/environment.js';
import type { Environment } from '../../../src/util/environment.js';
import { Fuses } from '../../support/charts/chart-fuses.js';
import { idlePorts } from '../../support/charts/idle-ports.js';
import { AuthorizationServer, protectedServer, signedIn } from '../../support/servers/authorization-server.js';
import { textOf } from '../../support/servers/fixture-servers.js';

const fuses = new Fuses();
fuses.protectChart(authorizationMachine);
fuses.protectPorts('authorization', authorizationPorts, idlePorts.authorization);

/** No life reaches these, for the reason that is given. */
const SPARED: Readonly<Record<string, string>> = {
  'authorization.action.keepTimeout': 'A person has five minutes.',
};

/** A bound for what hangs, in ms, and not a measure: it is longer than each limit of the client, also on a slow machine. */
const PATIENCE = 40_000;

/** The pauses between two polls for a device code, in ms. They pass at once. */
const PAUSES = new Set([7_000, 12_000]);

/** The situations of a life, each of which happens once. */
const SITUATIONS = [
  'outage',
  'dead refresh token',
  'dead client',
  'more scopes',
  'denied',
  'refused at once',
  'no person',
  'signed out',
  'without a person',
  'lease lost',
  'lease not given',
  'another device',
  'never settles',
] as const;
type Situation = (typeof SITUATIONS)[number];

/** The time that a refresh waits for its lock, in ms, and what it is in these lives. */
const LOCK_WAIT = 20_000;
const SHORT_LOCK_WAIT = 100;

/** A store of several processes, another of which has the lease of a refresh. `once` is true the first time. */
function leasedStore(situation: Situation, once: () => boolean): TokenStore {
  const store = memoryStore();
  return {
    read: (key) => store.read(key),
    write: (...given) => store.write(...given),
    lease: async (key) => {
      if (situation === 'lease not given' && key.startsWith('refresh/') && once()) await new Promise(() => undefined);
      return { isHeld: async () => situation !== 'lease lost' || !once(), release: async () => undefined };
    },
  };
}

/** A client signs in, its token expires, and one thing goes wrong. Returns whatever is wrong if one part of the chart throws. */
async function lifeWith(situation: Situation, name = ''): Promise<string[]> {
  const wrong: string[] = [];
  const as = new AuthorizationServer();
  let happened = false;
  as.twist = (visit) => {
    const { body } = visit;
    if (happened) return false;
    if (situation === 'outage' && body.includes('refresh_token=')) visit.status(503, { 'retry-after': '0' });
    else if (situation === 'dead refresh token' && body.includes('refresh_token='))
      visit.json({ error: 'invalid_grant' }, 400);
    else if (situation === 'dead client' && body.includes('code=')) visit.json({ error: 'invalid_client' }, 401);
    else return false;
    return (happened = true);
  };
  const server = await protectedServer(as, (visit, token) => {
    const tool = visit.message.params?.name;
    const lacks = tool === 'write' && token !== undefined && !as.scopes.get(token)?.includes('write');
    const refuses = situation === 'refused at once' && tool === 'write' && !happened;
    if (refuses) visit.status(401, { 'www-authenticate': 'Bearer error="invalid_token"' });
    else if (lacks) visit.status(403, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="write"' });
    return refuses || lacks;
  });
  as.issuesRefreshTokens = situation !== 'no person' && situation !== 'refused at once';
  const store = leasedStore(situation, () => !happened && (happened = true));
  const prompt = situation === 'no person' ? 'connect' : 'auto';
  const withPerson = signedIn([], { store, prompt }, async (prompt) => {
    if (situation === 'denied' && prompt.reason === 'scopes') prompt.cancel();
    else prompt.complete((await fetch(prompt.url, { redirect: 'manual' })).headers.get('location') ?? '');
  });
  const withoutPerson = oauth({ grant: clientCredentials(), client: { id: 'robot', secret: 'secret' } });
  const neverSettling = oauth({
    grant: {
      unattended: true,
      obtain: async () => {
        if (!happened && (happened = true)) await new Promise(() => undefined);
        return { access_token: String(as.issue('').access_token) };
      },
    },
  });
  const atDevice = oauth({ grant: device({ onPrompt: () => undefined }) });
  const others: Partial<Record<Situation, OAuth>> = {
    'without a person': withoutPerson,
    'another device': atDevice,
    'never settles': neverSettling,
  };
  const auth = others[situation] ?? withPerson;
  // The second client waits for the lock of the first, and adopts its token.
  as.polls = ['slow_down', 'authorization_pending'];
  const environment: Environment = {
    ...systemEnvironment,
    setTimeout: (callback, delay) => {
      const isWait = situation === 'lease not given' && delay === LOCK_WAIT;
      return systemEnvironment.setTimeout(callback, isWait ? SHORT_LOCK_WAIT : PAUSES.has(delay) ? 1 : delay);
    },
  };
  const options = { autoReconnect: true, environment, ...(situation === 'never settles' && { authTimeout: 100 }) };
  const clients = [1, 2].map(() => new MCPClient(new HttpTransport(server.url, { auth }), options));
  for (const client of clients) client.on('error', () => undefined);
  const client = clients[0] as MCPClient;
  const settled = async (what: string, promise: Promise<unknown>): Promise<unknown> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, PATIENCE, PATIENCE);
    });
    const outcome: unknown = await Promise.race([promise.catch((thrown: unknown) => thrown), late]);
    clearTimeout(timer);
    if (outcome === PATIENCE) wrong.push(`${what} does not settle`);
    return outcome;
  };
  fuses.light(name, 'before');
  await settled('connect', Promise.all(clients.map((one) => one.connect())));
  await settled('the first call', client.callTool('buy'));
  if (situation !== 'refused at once') {
    as.expiresIn = 0.001;
    as.expire();
  }
  await settled('calls with an expired token', Promise.all([client.callTool('buy'), client.callTool('buy')]));
  await settled('a call that needs scopes', client.callTool('write'));
  await settled('a second call that needs scopes', client.callTool('write'));
  if (situation === 'signed out') {
    await settled('signOut', client.signOut());
    as.expire();
    await settled('a call of the other client', (clients[1] as MCPClient).callTool('buy'));
    await settled('signIn', client.signIn());
  }
  fuses.putOut();
  if (name !== '' && fuses.blown === 0) wrong.push('it did not throw');
  happened = true;
  as.expiresIn = undefined;
  await settled('disconnect', client.disconnect());
  await settled('connect', client.connect());
  const last = await settled('the last call', client.callTool('buy'));
  if (!(last instanceof Object) || !('content' in last) || textOf(last as never) !== 'done')
    wrong.push(`no call works any more: ${String(last)}`);
  await Promise.all(clients.map((one) => one.close()));
  await server.close();
  return wrong.map((what) => `${situation}, ${name}: ${what}`);
}

const reached = new Set<string>();

describe('a part of the authorization chart that throws', () => {
  test.each(SITUATIONS)(
    'fails only requests of its time: %s',
    async (situation) => {
      const found = await lifeWith(situation);
      for (const name of [...fuses.used.keys()].filter((one) => !reached.has(one))) {
        reached.add(name);
        found.push(...(await lifeWith(situation, name)));
      }
      expect(found).toEqual([]);
    },
    120_000,
  );

  test('is tried for everything that the chart names', () => {
    expect(fuses.names.filter((name) => !reached.has(name))).toEqual(Object.keys(SPARED));
  });
});
