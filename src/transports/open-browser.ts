import { spawn } from 'node:child_process';

import { systemEnvironment } from '../util/environment.js';
import { systemProgram } from './stdio/system-program.js';

/** The command that opens a URL in the browser of the user, by platform. */
function opener(): readonly [string, ...string[]] {
  if (process.platform === 'darwin') return ['open'];
  return process.platform === 'win32' ? [systemProgram('rundll32.exe'), 'url.dll,FileProtocolHandler'] : ['xdg-open'];
}

/** Whether a browser can be expected on this machine. A person who is connected over SSH does not see one. */
export function hasBrowser(
  platform: NodeJS.Platform = process.platform,
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  if (isSet(env.SSH_CONNECTION)) return false;
  return platform === 'darwin' || platform === 'win32' || isSet(env.DISPLAY) || isSet(env.WAYLAND_DISPLAY);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}

/** How long a command that fails may take to do so, in ms. */
const LONGEST_FAILURE = 2_000;

/**
 * Opens a URL in the browser of the user. All users of the machine can see it on the command line. Resolves with whether the command was started
 * and did not fail at once. Some commands run as long as the browser, so they are not waited for. Never rejects.
 */
export function openBrowser(url: string): Promise<boolean> {
  const [command, ...args] = opener();
  return new Promise((resolve) => {
    const timer = systemEnvironment.setTimeout(() => {
      resolve(true);
    }, LONGEST_FAILURE);
    const end = (isOpen: boolean): void => {
      systemEnvironment.clearTimeout(timer);
      resolve(isOpen);
    };
    try {
      const child = spawn(command, [...args, url], { detached: true, stdio: 'ignore', env: process.env });
      child.on('error', () => {
        end(false);
      });
      child.on('exit', (code) => {
        end(code === 0);
      });
      child.unref();
    } catch {
      // The URL is too long for a command line, or this process may start no other.
      end(false);
    }
  });
}
