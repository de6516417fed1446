import { spawn, spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';

import { systemProgram } from './system-program.js';

/**
 * The servers that live now, by the process id of their leader. On POSIX each leads a process group, so that what it started dies with
 * it. A grandchild that makes a session or group of its own (setsid) is out of reach.
 */
const living = new Map<number, { readonly handleSignals: boolean }>();

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
let signalsHandled = false;

/**
 * Sees to it that a process group does not outlive this process, as far as that can be done: while any is watched, one `exit` listener
 * kills them all. That covers `process.exit()` and an uncaught exception, not a signal: Node dies of one without `exit`. With
 * `handleSignals` SIGINT, SIGTERM and SIGHUP are caught, too, and raised again once the groups are dead. No handler by default, since
 * having one keeps Node from ending.
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
  // Somebody else who listens was told by the same signal and decides; else it does what it does without a listener.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

function letSignalsThrough(): void {
  signalsHandled = false;
  for (const signal of SIGNALS) process.off(signal, dieOf);
}

/** Sends a signal to every process of a group; `0` only asks. Says whether there was one that could be sent it. POSIX only. */
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
  // One that ended counts until its parent asks how, and in many containers the parent of orphans never does.
  if (process.platform !== 'linux') return true;
  const running = await runningGroups();
  return running?.has(leader) ?? true;
}

/** The scan of processes that is under way, or the one behind it: when it is over the next may begin. */
let lastScan: Promise<unknown> = Promise.resolve();
/** A scan that has not begun. */
let nextScan: Promise<ReadonlySet<number> | undefined> | undefined;

/**
 * The groups with a process that runs, from Linux's own list; undefined when that cannot be read. The list has all processes of the machine:
 * everybody who asks during a scan shares the next one, so that the end of many servers takes no more scans than that of one.
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

/** How many processes are looked at at once. */
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
    // It is gone since the list was made.
    return undefined;
  }
}

/** Ends a server and all that it started, at once. Windows only; it is asked and not awaited. */
export function killTree(pid: number): void {
  const taskkill = spawn(systemProgram('taskkill.exe'), taskkillArguments(pid), { stdio: 'ignore', windowsHide: true });
  taskkill.on('error', () => {
    try {
      process.kill(pid);
    } catch {
      // It is gone already.
    }
  });
}

/** What `taskkill` is called with to end a process and its descendants. */
export function taskkillArguments(pid: number): string[] {
  return ['/PID', String(pid), '/T', '/F'];
}
