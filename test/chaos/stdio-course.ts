import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemEnvironment } from '../../src/environment.js';
import type { Environment, TimerHandle } from '../../src/environment.js';
import { StdioTransport } from '../../src/index.js';
import { chaos } from '../../src/testing/index.js';
import { seededRandom } from '../../src/testing/random.js';
import { Course } from './course.js';
import type { Finding } from './course.js';
import { FileLedger } from './ledger.js';
import { scheduleOf } from './schedule.js';
import type { Pace } from './schedule.js';
import { subjectOf } from './subject.js';

const PACE: Pace = { unit: 5, steps: 25, doubles: false, patience: 20 };

/** What may be late where several processes share a machine, in milliseconds. */
const LATE = 2_000;

/** Runs the schedule of a seed over processes. Timers and the order of events differ from run to run, the faults do not. */
export async function stdioCourse(seed: number, program: string): Promise<Finding> {
  const schedule = scheduleOf(seed, PACE);
  const directory = mkdtempSync(path.join(tmpdir(), 'mcp-actors-chaos-'));
  try {
    const file = path.join(directory, 'ledger');
    const ledger = new FileLedger(file);
    const { environment, pending } = countedEnvironment(seed);
    const real = new StdioTransport(process.execPath, [program, schedule.revision, file]);
    let hostile = true;
    const transport = chaos(real, { ...schedule.faults, only: () => hostile });
    const subject = subjectOf(schedule, transport, environment);
    const backstage = {
      die: (pause: number) => {
        if (real.pid != null) process.kill(real.pid, pause === 0 ? 'SIGKILL' : 'SIGTERM');
      },
      announce: () => undefined,
    };
    const course = new Course(schedule, subject, environment, backstage, ledger, LATE);
    course.begin();
    await sleep(schedule.end);
    await course.end(() => new Promise((resolve) => setImmediate(resolve)));
    hostile = false;
    await sleep(LATE / 20);
    if (pending.size > 0) course.wrong(`${pending.size} timers are left`);
    course.judge();
    await course.again();
    if (pending.size > 0) course.wrong(`${pending.size} timers are left at last`);
    if (transport.connected || real.connected) course.wrong('the transport says that it is connected');
    return course.finding(transport.faults);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The real clock and seeded randomness, with the timers that are set. */
function countedEnvironment(seed: number): { environment: Environment; pending: Set<TimerHandle> } {
  const pending = new Set<TimerHandle>();
  const environment: Environment = {
    ...systemEnvironment,
    random: seededRandom(seed),
    setTimeout: (callback, delay) => {
      const handle = systemEnvironment.setTimeout(() => {
        pending.delete(handle);
        callback();
      }, delay);
      pending.add(handle);
      return handle;
    },
    clearTimeout: (handle) => {
      pending.delete(handle);
      systemEnvironment.clearTimeout(handle);
    },
  };
  return { environment, pending };
}
