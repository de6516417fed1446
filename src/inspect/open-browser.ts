import { spawn } from 'node:child_process';

import { systemProgram } from '../transports/stdio/system-program.js';

/** How to open an address in the user's browser, by platform. */
function opener(): readonly [string, ...string[]] {
  if (process.platform === 'darwin') return ['open'];
  return process.platform === 'win32' ? [systemProgram('rundll32.exe'), 'url.dll,FileProtocolHandler'] : ['xdg-open'];
}

/** Opens an address in the user's browser. All users of the machine can see it on the command line. Where there is none nothing happens: the address was printed, or can be. */
export function openBrowser(url: string): void {
  const [command, ...args] = opener();
  const child = spawn(command, [...args, url], { detached: true, stdio: 'ignore', env: process.env });
  child.on('error', () => undefined);
  child.unref();
}
