// Lets hostile servers loose on a client, each in a process of its own, and prints for each attack how it ended and what it cost. Fails when
// the process of the client dies, when a promise does not settle, or when a bound is passed. Options:
//   --quick       without the attacks that take long, and with a generous bound for the event loop: for machines that do other things, too
//   --only=TEXT   the attacks with this text in their names
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Attack, Bounds, Report } from './attack.js';
import { USUAL_BOUNDS } from './attack.js';
import { attackNamed, attacks, LONG, titleOf } from './attacks.js';

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
});

/** Another process may have the processor for a while; what is looked for here takes seconds. Milliseconds. */
const BUSY_LOOP = 1_000;
/** For starting and ending the processes. Seconds. */
const ALLOWANCE = 20;

function boundsOf({ bounds }: Attack): Bounds {
  const all = { ...USUAL_BOUNDS, ...bounds };
  return values.quick ? { ...all, loop: Math.max(all.loop, BUSY_LOOP) } : all;
}

async function reportOn(attack: Attack, bounds: Bounds): Promise<Report | string> {
  const args = [`--max-old-space-size=${bounds.heap}`, path.join(__dirname, 'victim.js'), titleOf(attack)];
  // A group of its own: what an attack leaves behind ends with it.
  const victim = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  let complaint = '';
  victim.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  victim.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2_000)));
  const kill = (): void => {
    try {
      process.kill(-(victim.pid as number), 'SIGKILL');
    } catch {
      // The group has ended by itself.
    }
  };
  const timer = setTimeout(kill, (bounds.seconds + ALLOWANCE) * 1_000);
  const [code, signal] = (await once(victim, 'close')) as [number | null, string | null];
  clearTimeout(timer);
  kill();
  if (code === 0) return JSON.parse(output) as Report;
  const how = signal === 'SIGKILL' ? `hung for ${bounds.seconds + ALLOWANCE} s` : `ended with ${code ?? signal}`;
  return `the process ${how}: ${/FATAL ERROR: .*/.exec(complaint)?.[0] ?? complaint.slice(-300)}`;
}

function faultIn(report: Report, bounds: Bounds): string | undefined {
  if (report.failure !== undefined) return report.failure;
  const passed = (['loop', 'descriptors', 'memory', 'seconds'] as const).find((name) => report[name] > bounds[name]);
  return passed && `${passed}: ${Math.round(report[passed])}, at most ${bounds[passed]}`;
}

function row(title: string, cells: readonly (string | number)[], verdict: string): string {
  return `${title.padEnd(74)} ${cells.map((cell) => String(cell).padStart(8)).join(' ')}  ${verdict}`;
}

async function main(): Promise<void> {
  // A name that no attack has any more is a mistake.
  for (const title of LONG) attackNamed(title);
  const chosen = attacks.filter(
    (attack) => titleOf(attack).includes(values.only) && !(values.quick && LONG.has(titleOf(attack))),
  );
  let faults = 0;
  console.log(row('attack', ['loop ms', 'files', 'MiB', 's'], ''));
  for (const attack of chosen) {
    const bounds = boundsOf(attack);
    const report = await reportOn(attack, bounds);
    const fault = typeof report === 'string' ? report : faultIn(report, bounds);
    if (fault !== undefined) faults += 1;
    const cells =
      typeof report === 'string'
        ? ['-', '-', '-', '-']
        : [report.loop, report.descriptors, report.memory, report.seconds.toFixed(1)];
    const said = typeof report === 'string' ? undefined : report.said;
    console.log(row(titleOf(attack), cells, fault === undefined ? (said ?? 'held') : `FAILED: ${fault}`));
  }
  console.log(`${chosen.length} attacks, ${faults} of them succeeded`);
  process.exitCode = faults === 0 ? 0 : 1;
}

void main();
