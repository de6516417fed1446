import { spawn, spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';

import { systemProgram } from './system-program.js';

/**
 * The running servers by the process id of their group leader. On POSIX each server leads a process group, so that its child processes end with
 * it. A grandchild that creates its own session or group (setsid) cannot be ended.
 */
const living = new Map<number, { readonly handleSignals: boolean }>();

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
let signalsHandled = false;

/**
 * Kills a process group when this process exits. One `exit` listener serves all groups. It covers `process.exit()` and uncaught exceptions, but
 * not signals, because Node ends without `exit` on a signal. With `handleSignals` SIGINT, SIGTERM and SIGHUP are caught, too, and raised again
 * after the groups were killed. There is no signal handler by default, because it would disable Node's own exit.
 * @returns a function that ends the watch
 */
export function watchGroup(pid: number, handleSignals: boolean): () => void {
  if (living.size === 0) process.on('exit', killAll);
  living.set(pid, { handleSignals });
  if (handleSignals && !signalsHandled) {
    signalsHandled = true;
    for (const signal of SIGNALS) process.on(signal, dieOf);
  }
  return () => {
    if (!living.delete(pid)) return;
    if (living.size === 0) process.off('exit', killAll);
    if (signalsHandled && ![...living.values()].some((one) => one.handleSignals)) letSignalsThrough();
  };
}

function killAll(): void {
  for (const pid of living.keys()) {
    if (process.platform !== 'win32') signalGroup(pid, 'SIGKILL');
    else
      spawnSync(systemProgram('taskkill.exe'), taskkillArguments(pid), {
        stdio: 'ignore',
        windowsHide: true,
        timeout: 5_000,
      });
  }
}

function dieOf(signal: NodeJS.Signals): void {
  killAll();
  letSignalsThrough();
  // If the program has its own listener, that decides. Otherwise the signal is raised again with its default effect.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

function letSignalsThrough(): void {
  signalsHandled = false;
  for (const signal of SIGNALS) process.off(signal, dieOf);
}

/** Sends a signal to every process of a group; `0` only tests. Returns whether there was a process to signal. POSIX only. */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch {
    return false;
  }
}

/** Whether a group has a process that still runs. POSIX only. */
export async function groupLives(leader: number): Promise<boolean> {
  if (!signalGroup(leader, 0)) return false;
  // A zombie counts as a member until its parent reaps it, and in many containers orphans are never reaped.
  if (process.platform !== 'linux') return true;
  // During a scan a process that was not read yet may end, after it has started one that is not in the list.
  return (await isRunning(leader)) || isRunning(leader);
}

async function isRunning(leader: number): Promise<boolean> {
  const running = await runningGroups();
  return running?.has(leader) ?? true;
}

/** The last scan of processes. The next one starts after it. */
let lastScan: Promise<unknown> = Promise.resolve();
/** A scan that has not started. */
let nextScan: Promise<ReadonlySet<number> | undefined> | undefined;

/**
 * The groups with a running process, from `/proc`; undefined if that cannot be read. Callers during a scan share the next one, so that the end
 * of many servers needs no more scans than the end of one.
 */
function runningGroups(): Promise<ReadonlySet<number> | undefined> {
  if (nextScan !== undefined) return nextScan;
  const scan = lastScan.then(() => {
    nextScan = undefined;
    return scanProcesses();
  });
  lastScan = scan;
  nextScan = scan;
  return scan;
}

/** How many processes are read concurrently. */
const LOOKS = 16;

async function scanProcesses(): Promise<ReadonlySet<number> | undefined> {
  const groups = new Set<number>();
  try {
    const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).values();
    const look = async (): Promise<void> => {
      for (const pid of processes) {
        const group = await groupIfRunning(pid);
        if (group !== undefined) groups.add(group);
      }
    };
    await Promise.all(Array.from({ length: LOOKS }, look));
  } catch {
    return undefined;
  }
  return groups;
}

async function groupIfRunning(pid: string): Promise<number | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8');
    // Behind the name, which may have blanks and parentheses in it: state, parent, group.
    const [state = '', , group] = status.slice(status.lastIndexOf(')') + 2).split(' ');
    return /[ZX]/.test(state) ? undefined : Number(group);
  } catch {
    // The process has ended since the list was read.
    return undefined;
  }
}

/** Kills a server and its descendants, without waiting for the result. Windows only. */
export function killTree(pid: number): void {
  const taskkill = spawn(systemProgram('taskkill.exe'), taskkillArguments(pid), { stdio: 'ignore', windowsHide: true });
  taskkill.on('error', () => {
    try {
      process.kill(pid);
    } catch {
      // The process has ended already.
    }
  });
}

/** The arguments of `taskkill` that end a process and its descendants. */
export function taskkillArguments(pid: number): string[] {
  return ['/PID', String(pid), '/T', '/F'];
}
