import { inspect } from 'node:util';

import { redisStore } from '../../../src/auth/index.js';
import { HttpTransport, MCPClient } from '../../../src/index.js';
import { endAfterEach } from '../../support/endings.js';
import { AuthorizationServer, protectedServer, signedIn } from '../../support/servers/authorization-server.js';

const endLater = endAfterEach();

test('errors of a Redis client that quote the values of a command show no token and no key', async () => {
  const as = new AuthorizationServer();
  as.twist = (visit) => {
    if (visit.path !== '/as/token' || visit.headers.dpop === undefined) return false;
    visit.json({ ...as.issue(''), token_type: 'DPoP' });
    return true;
  };
  const server = await protectedServer(as);
  endLater(() => server.close());
  const written: string[] = [];
  const redis = {
    call: async (command: string, ...args: string[]): Promise<unknown> => {
      if (command !== 'EVAL') return command === 'SET' ? 'OK' : null;
      written.push(...args.filter((arg) => arg.includes('accessToken')));
      throw Object.assign(new Error(`READONLY ${args.join(' ')}`), { command: { name: command, args } });
    },
  };
  const client = new MCPClient(
    new HttpTransport(server.url, { auth: signedIn([], { store: redisStore(redis), dpop: true }) }),
  );
  endLater(() => client.close());
  let shown = '';
  client.on('error', (error) => {
    shown += inspect(error, { depth: 12 }) + error.explain() + JSON.stringify(error);
  });
  await client.connect();
  const { accessToken, refreshToken, proofKey } = JSON.parse(written[0] ?? '') as {
    readonly accessToken: string;
    readonly refreshToken: string;
    readonly proofKey: { readonly d: string };
  };
  expect(shown).toContain('READONLY');
  for (const secret of [accessToken, refreshToken, proofKey.d]) expect(shown).not.toContain(secret);
});
