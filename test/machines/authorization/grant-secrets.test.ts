import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';

import { clientCredentials, device, enterprise, oauth } from '../../../src/auth/index.js';
import type { OAuthOptions, PrivateKeyJwk, TokenStore } from '../../../src/auth/index.js';
import { HttpTransport, MCPClient } from '../../../src/index.js';
import type { Environment } from '../../../src/util/environment.js';
import { systemEnvironment } from '../../../src/util/environment.js';
import { endAfterEach } from '../../support/endings.js';
import { expectNoMarker, MARKER, printed } from '../../support/markers.js';
import { errorFrom } from '../../support/outcomes.js';
import { AuthorizationServer, protectedServer } from '../../support/servers/authorization-server.js';
import { ScriptedHttpServer } from '../../support/servers/http-server.js';
import type { HttpVisit } from '../../support/servers/http-server.js';

const endLater = endAfterEach();
const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag';

let as: AuthorizationServer;
let server: ScriptedHttpServer;
let idp: ScriptedHttpServer;
/** Secrets of the flow that a test cannot choose. */
let secrets: Set<string>;

/** The form parameters whose values are secrets. */
const SECRET_PARAMETERS = ['assertion', 'client_assertion', 'subject_token', 'device_code', 'refresh_token'];

beforeEach(async () => {
  as = new AuthorizationServer();
  as.marker = MARKER;
  secrets = new Set();
  let tokens = 0;
  as.twist = (visit) => {
    noteSecrets(visit);
    if (visit.path !== '/as/token') return false;
    const form = new URLSearchParams(visit.body);
    // The first refresh, or the second token, is refused with a text that repeats what was sent.
    const isRefused = form.has('refresh_token') || (!form.has('device_code') && (tokens += 1) === 2);
    if (!isRefused) return false;
    visit.json({ error: 'invalid_request', error_description: `What is ${visit.body}?` }, 400);
    return true;
  };
  server = await protectedServer(as);
  endLater(() => server.close());
  idp = await ScriptedHttpServer.start((visit) => {
    noteSecrets(visit);
    visit.json({ access_token: `${MARKER}-id-jag`, issued_token_type: ID_JAG, token_type: 'N_A' });
  });
  endLater(() => idp.close());
});

function noteSecrets(visit: HttpVisit): void {
  const form = new URLSearchParams(visit.body);
  for (const name of SECRET_PARAMETERS) for (const value of form.getAll(name)) secrets.add(value);
  if (visit.headers.dpop !== undefined) secrets.add(String(visit.headers.dpop));
}

/** A store that takes note of the keys to which tokens are bound. */
function watchedStore(): TokenStore {
  const values = new Map<string, string>();
  return {
    read: async (key) => values.get(key),
    write: async (key, value) => {
      const { proofKey } = JSON.parse(value ?? '{}') as { readonly proofKey?: { readonly d: string } };
      if (proofKey !== undefined) secrets.add(proofKey.d);
      if (value === undefined) values.delete(key);
      else values.set(key, value);
      return true;
    },
  };
}

function privateKey(): PrivateKeyJwk {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  secrets.add(String(key.d));
  return key as PrivateKeyJwk;
}

/** A grant, and whether its tokens are bound to a key. */
const GRANTS: readonly (readonly [name: string, make: () => OAuthOptions])[] = [
  ['device()', () => ({ grant: device({ onPrompt: () => undefined }) })],
  [
    'clientCredentials() with a key',
    () => ({ grant: clientCredentials(), client: { id: 'robot', key: privateKey() } }),
  ],
  [
    'enterprise()',
    () => ({
      grant: enterprise({
        idp: { tokenEndpoint: `${idp.origin}/token`, clientId: 'desktop', key: privateKey() },
        identity: async () => ({ token: `${MARKER}-identity`, type: 'id_token' }),
      }),
      client: { id: 'at-mcp', secret: `${MARKER}-secret` },
    }),
  ],
];

const CASES = GRANTS.flatMap(([name, make]) =>
  [false, true].map((dpop) => [name, dpop ? 'bound' : 'unbound', make, dpop] as const),
);

test.each(CASES)(
  'the secrets of %s with %s tokens show nowhere, also with `redact: false`',
  async (_n, _b, make, dpop) => {
    if (dpop) {
      const answer = as.twist;
      as.twist = (visit) => {
        if (answer(visit)) return true;
        if (visit.path !== '/as/token') return false;
        visit.json({ ...as.issue('mcp'), token_type: 'DPoP' });
        return true;
      };
    }
    const shown: Record<string, string> = {};
    const show = (where: string, text: string): void => {
      shown[where] = `${shown[where] ?? ''}${text}\n`;
    };
    // Polls for the device code begin at once.
    const environment: Environment = {
      ...systemEnvironment,
      setTimeout: (callback, delay) => systemEnvironment.setTimeout(callback, delay === 7_000 ? 1 : delay),
    };
    const auth = oauth({ ...make(), dpop, store: watchedStore() });
    const transport = new HttpTransport(server.url, { auth });
    const client = new MCPClient(transport, {
      environment,
      inspect: {
        inspect: (event: unknown) => {
          show('inspector', inspect(event, { depth: 4 }));
        },
        redact: false,
      },
      record: {
        write: (line: string) => {
          show('recording', line);
        },
        redact: false,
      },
    });
    endLater(() => client.close());
    for (const name of ['error', 'warning'] as const)
      client.on(name, (problem) => {
        show(name, printed(problem));
      });
    client.on('notification', (notification) => {
      show('notification', inspect(notification, { depth: 6 }));
    });
    client.on('authorization', ({ prompt, ...status }) => {
      show('authorization', inspect(status, { depth: 6 }));
      // A person is shown the page and the code.
      show('prompt', inspect({ ...prompt, url: undefined, userCode: undefined }, { depth: 6 }));
    });
    await client.connect();
    await client.callTool('buy');
    show('explain', client.explain());
    as.expire();
    const refused = await errorFrom(client.callTool('buy'));
    show('refused', printed(refused));
    await client.signOut();
    for (const value of [auth, transport, client]) show('printed', inspect(value, { depth: 4, showHidden: true }));
    // The test can fail: there are secrets, and there is text.
    expect(secrets.size).toBeGreaterThan(1);
    expect(Object.values(shown).join('').length).toBeGreaterThan(1_000);
    expectNoMarker(shown);
    for (const [where, text] of Object.entries(shown)) {
      for (const secret of secrets) expect(text.includes(secret) ? `${where} shows ${secret}` : '').toBe('');
      expect(text).not.toContain('WDJB-MJHT');
    }
  },
);
