import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const FIXTURES = new URL('../../fixtures/processes/', pathToFileURL(__filename));

/** The path of a script that plays a server. */
export function processFixture(name: string): string {
  return fileURLToPath(new URL(`${name}.mjs`, FIXTURES));
}

/** Whether a process runs. One that ended and was not reaped does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    // Linux tells the state after the name, which may have blanks and parentheses in it.
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^ [ZX]/.test(status.slice(status.lastIndexOf(')') + 1));
  } catch {
    return process.platform !== 'linux';
  }
}

/** Resolves when a process has ended. */
export async function waitForExit(pid: number, patience = 10_000): Promise<void> {
  for (const deadline = Date.now() + patience; isAlive(pid); await sleep(5)) {
    if (Date.now() > deadline) throw new Error(`Process ${pid} still runs after ${patience} ms`);
  }
}
