import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { hasBrowser, openBrowser } from '../../src/transports/open-browser.js';

test.each([
  ['linux', {}, false],
  ['linux', { DISPLAY: ':0' }, true],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, true],
  ['linux', { DISPLAY: '' }, false],
  ['linux', { DISPLAY: ':0', SSH_CONNECTION: '192.0.2.1 5 192.0.2.2 22' }, false],
  ['darwin', {}, true],
  ['darwin', { SSH_CONNECTION: '192.0.2.1 5 192.0.2.2 22' }, false],
  ['win32', {}, true],
] as const)('a browser can be expected on %s with %j: %s', (platform, env, expected) => {
  expect(hasBrowser(platform, env)).toBe(expected);
});

describe('the command that opens a URL', () => {
  const URL = "http://127.0.0.1:5/a?b=$(touch x)&c='d'";
  const before = process.env['PATH'];
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'browser-'));
    process.env['PATH'] = `${folder}${path.delimiter}/usr/bin${path.delimiter}/bin`;
  });

  afterEach(() => {
    process.env['PATH'] = before;
    rmSync(folder, { recursive: true });
  });

  /** A program in the place of the command of this platform. */
  function commandThat(then: string): void {
    for (const name of ['xdg-open', 'open']) {
      const file = path.join(folder, name);
      writeFileSync(file, `#!/bin/sh\nprintf '%s' "$1" > "${folder}/url"\n${then}\n`);
      chmodSync(file, 0o755);
    }
  }

  test('gets the URL as it is, without a shell', async () => {
    commandThat('exit 0');
    expect(await openBrowser(URL)).toBe(true);
    expect(readFileSync(path.join(folder, 'url'), 'utf8')).toBe(URL);
  });

  test('may fail', async () => {
    commandThat('exit 3');
    expect(await openBrowser(URL)).toBe(false);
  });

  test('is not waited for when it runs as long as the browser', async () => {
    commandThat('echo $$ > "$0.pid"; exec sleep 600');
    expect(await openBrowser(URL)).toBe(true);
    const pid = Number(
      readFileSync(path.join(folder, process.platform === 'darwin' ? 'open.pid' : 'xdg-open.pid'), 'utf8'),
    );
    expect(process.kill(pid)).toBe(true);
  });

  test('fails with a URL that is too long for a command line', async () => {
    commandThat('exit 0');
    expect(await openBrowser(`${URL}${'x'.repeat(3_000_000)}`)).toBe(false);
  });

  test('may not exist', async () => {
    process.env['PATH'] = folder;
    expect(await openBrowser(URL)).toBe(false);
  });
});
