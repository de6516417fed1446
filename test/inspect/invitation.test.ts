import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import path from 'node:path';

import { systemEnvironment } from '../../src/util/environment.js';
import { createInspectorServer } from '../../src/inspect/index.js';
import type { InspectorServer, InspectorServerOptions } from '../../src/inspect/index.js';
import { Invitation, ownerOf, socketTable } from '../../src/inspect/invitation.js';
import { scratchDirectory } from '../support/servers/fixture-servers.js';

const scratch = scratchDirectory();

/** Opens an inspector where the user's browser is a script, and says what that was given on its command line. */
async function opened(options: InspectorServerOptions = {}): Promise<{ inspector: InspectorServer; given: string }> {
  const directory = scratch('browser');
  mkdirSync(directory);
  const [opener, note] = [path.join(directory, 'xdg-open'), path.join(directory, 'given')];
  writeFileSync(opener, `#!/bin/sh\nprintf '%s' "$*" > '${note}.part' && mv '${note}.part' '${note}'\n`);
  chmodSync(opener, 0o755);
  const { PATH } = process.env;
  const changes = watch(directory);
  process.env.PATH = `${directory}:${String(PATH)}`;
  try {
    const inspector = await createInspectorServer({ open: true, ...options });
    while (!existsSync(note)) await once(changes, 'change');
    return { inspector, given: readFileSync(note, 'utf8') };
  } finally {
    process.env.PATH = PATH;
    changes.close();
  }
}

const visit = (url: string, method = 'GET'): Promise<Response> => fetch(url, { method, redirect: 'manual' });

test('the browser is given an address that leads to the page, once, and does not say the token', async () => {
  const { inspector, given } = await opened();
  await using open = inspector;
  const { pathname, origin } = new URL(open.url);
  expect(given.startsWith(`${origin}/`)).toBe(true);
  expect(given).not.toContain(pathname.slice(1, -1));
  // A snapshot at what is there does not use it up.
  expect((await visit(given, 'HEAD')).status).toBe(404);
  const first = await visit(given);
  expect([first.status, first.headers.get('location'), first.headers.get('cache-control')]).toEqual([
    303,
    pathname,
    'no-store',
  ]);
  expect((await fetch(open.url)).status).toBe(200);
  const second = await visit(given);
  expect([second.status, second.headers.get('location')]).toEqual([410, null]);
  expect(await second.text()).toContain('used only once');
});

test('it leads nowhere after a minute', async () => {
  let now = 1_000;
  const { inspector, given } = await opened({ environment: { ...systemEnvironment, now: () => now } });
  await using open = inspector;
  now += 60_001;
  expect((await visit(given)).status).toBe(410);
  expect((await fetch(open.url)).status).toBe(200);
});

test('without a browser nobody is invited', async () => {
  await using inspector = await createInspectorServer();
  expect((await visit(`${new URL(inspector.url).origin}/undefined`)).status).toBe(404);
});

describe('who is at the other end', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0',
    '   1: 0100007F:00A1 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 2 1 0 20 4 30 10 -1',
    '   2: 0100007F:1F90 0100007F:00A1 01 00000000:00000000 00:00000000 00000000  1000        0 3 1 0 20 4 30 10 -1',
    '   3: 0000000000000000FFFF00000100007F:00A2 0000000000000000FFFF00000100007F:1F90 01 0:0 0:0 0  1002        0 4 1',
  ].join('\n');

  test.each([
    ['another user', 0xa1, 1_001],
    ['another user who calls himself by an address of IPv6', 0xa2, 1_002],
    ['nobody knows', 0xa3, undefined],
  ])('%s', (_who, port, owner) => {
    expect(ownerOf(port, 0x1f90, table)).toBe(owner);
  });

  test('somebody else, who is not let in and does not use it up', () => {
    const invitation = new Invitation('code', () => 0);
    const own = table.replaceAll('1001', String(process.getuid?.()));
    const socket = { localPort: 0x1f90, remotePort: 0xa1 };
    expect(invitation.take(socket, table.replaceAll('1001', '4711'))).toBe(false);
    expect(invitation.take(socket, own)).toBe(true);
    expect(invitation.take(socket, own)).toBe(false);
  });

  test('the user of this process, for a socket of its own', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    expect(ownerOf(accepted.remotePort as number, port, socketTable())).toBe(process.getuid?.());
    expect(new Invitation('code', () => 0).take(accepted)).toBe(true);
    socket.destroy();
    accepted.destroy();
    server.close();
  });
});
