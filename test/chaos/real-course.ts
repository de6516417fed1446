import { setTimeout as sleep } from 'node:timers/promises';
import type { MCPTransport } from '../../src/index.js';
import { chaos } from '../../src/testing/index.js';
import { countedEnvironment } from './counted-environment.js';
import { Course } from './course.js';
import type { Backstage, Finding } from './course.js';
import type { Ledger } from './ledger.js';
import type { Network } from './network.js';
import { scheduleOf } from './schedule.js';
import type { Pace, Schedule } from './schedule.js';
import { subjectOf } from './subject.js';

/** A real way to a real server. */
export interface Stage extends Backstage, AsyncDisposable {
  readonly transport: MCPTransport;
  readonly ledger: Ledger;
  readonly network?: Network;
  /** Resolves when a server that has died is there again. */
  readonly back?: () => Promise<void>;
}

const PACE: Pace = { unit: 5, steps: 25, doubles: false, patience: 20 };

/** What may be late where several processes share a machine, in milliseconds. */
const LATE = 2_000;

/** Milliseconds after which the server is there again, whatever happened to it, and no response to a refused request is waited for. */
const BACK = 300;

/**
 * Runs the schedule of a seed in real time. Times and the order of events differ from run to run, the faults do not. `record` is given
 * its recording.
 */
export async function realCourse(
  seed: number,
  setUp: (schedule: Schedule) => Promise<Stage>,
  record?: (line: string) => void,
): Promise<Finding> {
  const schedule = scheduleOf(seed, PACE);
  await using stage = await setUp(schedule);
  const { environment, pending } = countedEnvironment(seed);
  let hostile = true;
  const transport = chaos(stage.transport, { ...schedule.faults, only: () => hostile });
  const subject = subjectOf(schedule, transport, environment, record);
  const course = new Course(schedule, subject, environment, stage, stage.ledger, LATE);
  course.begin();
  await sleep(schedule.end);
  await course.end(() => new Promise((resolve) => setImmediate(resolve)));
  hostile = false;
  stage.network?.calm();
  await sleep(BACK);
  await stage.back?.();
  if (pending.size > 0) course.wrong(`timers are left, of ms: ${[...pending.values()].join()}`);
  course.judge();
  await course.again();
  if (pending.size > 0) course.wrong(`timers are left at last, of ms: ${[...pending.values()].join()}`);
  if (transport.connected || stage.transport.connected) course.wrong('the transport says that it is connected');
  return course.finding([...transport.faults, ...(stage.network?.faults ?? [])]);
}
