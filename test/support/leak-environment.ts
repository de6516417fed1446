import { AsyncLocalStorage } from 'node:async_hooks';
import { execFile, type ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { EnvironmentContext, JestEnvironmentConfig } from '@jest/environment';
import type { Circus } from '@jest/types';
import { TestEnvironment } from 'jest-environment-node';

/** How long, in milliseconds, a test file may take to let go of what it used: a killed process takes a moment to be reaped. */
const SETTLE_TIME = 2_000;

/** Resources that come and go by themselves: single reads of files, ticks, closing handles. */
const PASSING = new Set(['CloseReq', 'FSReqCallback', 'FSReqPromise', 'Immediate', 'Microtask', 'TickObject']);

const PROCESS_EVENTS = [
  'exit',
  'beforeExit',
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'uncaughtException',
  'unhandledRejection',
  'warning',
];

type Counts = ReadonlyMap<string, number>;

/** The method that enables a storage. */
const RUN = Object.getOwnPropertyDescriptor(AsyncLocalStorage.prototype, 'run') as {
  value: (...args: never) => unknown;
};

/**
 * A node environment in which a test file fails when it leaves something behind: a timer, socket, server, pipe or watcher that would
 * keep the process alive, a listener on `process`, a child process or one in the process group of a child. (Jest itself fails a file
 * for an unhandled rejection; the time given here is also time for a late one.) It is an environment and not an `afterAll` hook because
 * hooks of the setup run before those of the file.
 */
export default class LeakEnvironment extends TestEnvironment {
  private readonly settleTime: number;
  private readonly children: ChildProcess[] = [];
  private before: Counts = new Map();
  private readonly storages = new Set<AsyncLocalStorage<unknown>>();

  private readonly onChild = (message: unknown): void => {
    this.children.push((message as { process: ChildProcess }).process);
  };

  constructor(config: JestEnvironmentConfig, context: EnvironmentContext) {
    super(config, context);
    const { settleTime } = config.projectConfig.testEnvironmentOptions;
    this.settleTime = typeof settleTime === 'number' ? settleTime : SETTLE_TIME;
  }

  override async setup(): Promise<void> {
    await super.setup();
    const { storages } = this;
    AsyncLocalStorage.prototype.run = function (this: AsyncLocalStorage<unknown>, ...args: unknown[]): never {
      storages.add(this);
      return Reflect.apply(RUN.value, this, args) as never;
    };
    subscribe('child_process', this.onChild);
    // Outside of a worker, jest's reporter draws in this process and holds a timer of 100 ms for it.
    if (process.send === undefined) await sleep(150);
    // A worker makes its pipes to jest when they are first used, which is not the file's doing.
    for (const stream of [process.stdout, process.stderr]) stream.write('');
    this.before = this.held();
  }

  async handleTestEvent(event: Circus.Event, state: Circus.State): Promise<void> {
    if (event.name !== 'run_finish') return;
    unsubscribe('child_process', this.onChild);
    const left = await this.settled();
    if (left.length === 0) return;
    const error = new Error(`The test file left behind, ${this.settleTime} ms after its end: ${left.join(', ')}`);
    // Where it was made says nothing.
    error.stack = error.message;
    state.unhandledErrors.push(error);
  }

  override async teardown(): Promise<void> {
    unsubscribe('child_process', this.onChild);
    // Jest makes one for each file and leaves it enabled. Before Node 24 each of them costs every later promise of the worker time: after
    // a hundred files a promise would cost ten times as much.
    Object.defineProperty(AsyncLocalStorage.prototype, 'run', RUN);
    for (const storage of this.storages) storage.disable();
    await super.teardown();
  }

  /** What is left when nothing is left any more or the time is up. Processes that remain are killed: no later file shall meet them. */
  private async settled(): Promise<string[]> {
    const deadline = performance.now() + this.settleTime;
    // The least of each that was seen: jest itself holds a timer now and then.
    let held = increase(this.before, this.held());
    for (;;) {
      await sleep(10);
      held = least(held, increase(this.before, this.held()));
      const processes = await this.livingProcesses();
      const left = [
        ...[...held].map(([name, count]) => (count === 1 ? name : `${count} × ${name}`)),
        ...processes.map(({ pid, command }) => `process ${pid}: ${command}`),
      ];
      if (left.length === 0) return left;
      if (performance.now() < deadline) continue;
      for (const { pid } of processes) kill(pid);
      return left;
    }
  }

  private held(): Counts {
    const counts = new Map<string, number>();
    const add = (name: string, count: number): unknown => counts.set(name, (counts.get(name) ?? 0) + count);
    for (const name of process.getActiveResourcesInfo()) if (!PASSING.has(name)) add(name, 1);
    // The tests' `process` is a copy with listeners of its own.
    for (const name of PROCESS_EVENTS) add(`listener for ${name} on process`, this.global.process.listenerCount(name));
    return counts;
  }

  private async livingProcesses(): Promise<{ pid: number; command: string }[]> {
    const started = new Set(this.children.map(({ pid }) => pid));
    if (started.size === 0) return [];
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,pgid=,stat=,args=']);
    // The handles of `ps` itself close a moment after its end.
    await sleep(1);
    return stdout.split('\n').flatMap((row) => {
      const [, pid, group, stat = '', command = ''] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(row) ?? [];
      const ours = started.has(Number(pid)) || started.has(Number(group));
      return ours && !stat.startsWith('Z') ? [{ pid: Number(pid), command }] : [];
    });
  }
}

function increase(before: Counts, now: Counts): Counts {
  const differences = [...now].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
  return new Map(differences.filter(([, more]) => more > 0));
}

function least(one: Counts, other: Counts): Counts {
  return new Map(
    [...one].flatMap(([name, count]) => (other.has(name) ? [[name, Math.min(count, other.get(name) ?? 0)]] : [])),
  );
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It went by itself in the meantime.
  }
}
