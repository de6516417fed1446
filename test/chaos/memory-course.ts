import { chaos, createScriptedServer, SimulatedEnvironment } from '../../src/testing/index.js';
import { Course } from './course.js';
import type { Finding } from './course.js';
import { CAPABILITIES, handlersOf } from './handlers.js';
import { MemoryLedger } from './ledger.js';
import { scheduleOf } from './schedule.js';
import type { Pace } from './schedule.js';
import { subjectOf } from './subject.js';

const PACE: Pace = { unit: 50, steps: 40, doubles: true, patience: 1 };

/** What is left of a deadline after its first page counts as 1 ms at least. */
const LATE = 1;

/** Runs the schedule of a seed over memory, in simulated time. The same seed gives the same log. `record` is given its recording. */
export async function memoryCourse(seed: number, record?: (line: string) => void): Promise<Finding> {
  const schedule = scheduleOf(seed, PACE);
  const environment = new SimulatedEnvironment({ seed });
  const ledger = new MemoryLedger();
  const server = createScriptedServer({
    environment,
    revision: schedule.revision,
    capabilities: CAPABILITIES,
    handlers: handlersOf(ledger),
  });
  let hostile = true;
  const transport = chaos(server.transport, { ...schedule.faults, only: () => hostile });
  const subject = subjectOf(schedule, transport, environment, record);
  const backstage = {
    die: (pause: number) => {
      server.hangUp(pause);
    },
    announce: () => {
      server.notify('notifications/tools/list_changed');
    },
  };
  const course = new Course(schedule, subject, environment, backstage, ledger, LATE);
  course.begin();
  await environment.advance(schedule.end);
  await untilDone(course.end(environment.settle), environment);
  hostile = false;
  // A server that is away comes back.
  await environment.advance(60 * PACE.unit);
  if (environment.pending.length > 0) course.wrong(`timers are left: ${JSON.stringify(environment.pending)}`);
  course.judge();
  await untilDone(course.again(), environment);
  await server[Symbol.asyncDispose]();
  await environment.settle();
  if (environment.pending.length > 0) course.wrong(`timers are left at last: ${JSON.stringify(environment.pending)}`);
  await environment.advance(1_000_000);
  if (transport.connected) course.wrong('the transport says that it is connected');
  return course.finding(transport.faults);
}

/** Lets time pass for as long as something takes. */
async function untilDone(promise: Promise<void>, environment: SimulatedEnvironment): Promise<void> {
  let done = false;
  const settled = promise.finally(() => {
    done = true;
  });
  for (let turns = 0; turns < 2_000; turns += 1) {
    await environment.settle();
    if (done) break;
    const [next] = environment.pending;
    await environment.advance(next === undefined ? 0 : Math.max(next.at - environment.now(), 0));
  }
  if (!done) throw new Error('It takes for ever');
  await settled;
}
