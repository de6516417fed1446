import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams, SpawnOptionsWithoutStdio } from 'node:child_process';
import { statSync } from 'node:fs';
import { describeThrown, failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { childEnvironment } from './child-environment.js';
import type { EnvironmentVariables, InheritEnv } from './child-environment.js';

/** How to start a server. */
export interface ServerRecipe {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: EnvironmentVariables | undefined;
  readonly cwd: string | undefined;
  readonly inheritEnv: InheritEnv;
}

/** Starts a server, on POSIX as the leader of a process group. Rejects with a failure if the process could not be started. */
export async function spawnServer(recipe: ServerRecipe): Promise<ChildProcessWithoutNullStreams> {
  const { command, args, env, cwd, inheritEnv } = recipe;
  const { platform } = process;
  const windows = platform === 'win32';
  const options: SpawnOptionsWithoutStdio = {
    cwd,
    env: childEnvironment({ parent: process.env, platform, inherit: inheritEnv, env }),
    stdio: 'pipe',
    shell: false,
    windowsHide: true,
    // On Windows it would open a console window.
    detached: !windows,
  };
  // Windows needs it to run scripts such as `npx`. On other systems it would only add loading time.
  const start = windows ? ((await import('cross-spawn')).default as typeof spawn) : spawn;
  return new Promise((resolve, reject) => {
    const refuse = (thrown: unknown): void => {
      const reason: Error = spawnFailure(recipe, thrown) as unknown as Error;
      reject(reason);
    };
    try {
      const child = start(command, args, options);
      child.once('error', refuse);
      child.once('spawn', () => {
        child.off('error', refuse);
        resolve(child);
      });
    } catch (thrown) {
      refuse(thrown);
    }
  });
}

/** The failure of a server that did not start. It omits the arguments, which may contain secrets and are in Node's own error. */
export function spawnFailure({ command, cwd }: ServerRecipe, thrown: unknown): Failure {
  const errno = (thrown as NodeJS.ErrnoException | null)?.code;
  const why = errno === undefined ? describeThrown(thrown) : `${reasonFor(errno, cwd)} (${errno})`;
  return failure('transport', 'MCP_SPAWN_FAILED', `The server process "${command}" could not be started: ${why}`, {
    delivery: 'not-sent',
    details: { command, ...(cwd !== undefined && { cwd }), ...(errno !== undefined && { errno }) },
  });
}

/** The system reports the same error for a missing program and for a missing working directory. */
function reasonFor(errno: string, cwd: string | undefined): string {
  if (cwd !== undefined && !isDirectory(cwd))
    return `its working directory "${cwd}" is not a directory that can be read`;
  switch (errno) {
    case 'ENOENT':
      return 'there is no such program';
    case 'EACCES':
      return 'it may not be executed';
    default:
      return 'the system refused';
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
