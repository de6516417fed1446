import { spawn } from 'node:child_process';

import { systemProgram } from '../transports/stdio/system-program.js';

/** The command that opens a URL in the browser of the user, by platform. */
function opener(): readonly [string, ...string[]] {
  if (process.platform === 'darwin') return ['open'];
  return process.platform === 'win32' ? [systemProgram('rundll32.exe'), 'url.dll,FileProtocolHandler'] : ['xdg-open'];
}

/**
 * Opens a URL in the browser of the user. All users of the machine can see it on the command line. Errors, as without a browser, are
 * ignored.
 */
export function openBrowser(url: string): void {
  const [command, ...args] = opener();
  const child = spawn(command, [...args, url], { detached: true, stdio: 'ignore', env: process.env });
  child.on('error', () => undefined);
  child.unref();
}
