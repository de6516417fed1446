import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';

import { fileStore } from '../../src/auth/index.js';
import { HttpTransport, MCPClient } from '../../src/index.js';
import { AuthorizationServer, protectedServer, signedIn } from '../support/servers/authorization-server.js';
import { sharedStoreTests } from './shared-stores.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tokens-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

sharedStoreTests('a folder', () => ({
  folder,
  timing: {
    lease: { touch: 200, dead: 2_000, look: 50 },
    write: { touch: 200, dead: 2_000, look: 50 },
    watch: 100,
  },
}));

test('tokens are in the files of the store only, which no other user can read', async () => {
  const as = new AuthorizationServer();
  as.marker = 'marker';
  const server = await protectedServer(as);
  const shown: unknown[] = [];
  const auth = signedIn([], { store: fileStore(folder) });
  const client = new MCPClient(new HttpTransport(server.url, { auth }));
  for (const event of ['authorization', 'error', 'warning'] as const) client.on(event, (value) => shown.push(value));
  await client.connect();
  as.expire();
  await client.callTool('buy');
  shown.push(client, client.explain(), client.authorization);
  await client.close();
  await server.close();
  expect(inspect(shown, { depth: 12, showHidden: true })).not.toMatch(/marker-(?:access|refresh)/);
  const files = readdirSync(folder);
  const modes = files.map((file) => statSync(path.join(folder, file)).mode & 0o777);
  expect(new Set(modes)).toEqual(new Set([0o600]));
  const withTokens = files.filter((file) => readFileSync(path.join(folder, file), 'utf8').includes('marker'));
  expect(withTokens).toEqual([expect.stringMatching(/^grant-[0-9a-f]{64}\.json$/)]);
  expect(files.join()).not.toContain('127.0.0.1');
});
