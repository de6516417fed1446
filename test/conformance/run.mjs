// Runs the official conformance suite against the built package: one process for each scenario and leg, so that the client's
// exit status and time count as much as the checks. `node test/conformance/run.mjs [filter]`. Ends with "scenarios: N passed, N failed".
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { LEAST_SUCCESSES, LEG_ARGUMENTS, LEGS, REQUIRED } from './scenarios.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const manifest = createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json');
const cli = join(manifest, '../dist/index.js');
const results = mkdtempSync(join(tmpdir(), 'conformance-'));

/** Milliseconds for one scenario, and how many run at a time. */
const LIMIT = 60_000;
const AT_A_TIME = 2;

/** Starts the suite for one scenario and resolves with its exit code and what it printed. */
function start(scenario, leg, output) {
  // `exec`, because the suite's own time-out kills only the shell.
  const command = `exec "${process.execPath}" "${join(here, 'client.mjs')}"`;
  const args = ['--import', join(here, 'shim.mjs'), cli, 'client', '--command', command, '--scenario', scenario];
  const ofLeg = LEG_ARGUMENTS[leg] ?? ['--spec-version', leg];
  const child = spawn(process.execPath, [...args, ...ofLeg, '-o', output], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT,
    killSignal: 'SIGKILL',
  });
  let printed = '';
  child.stdout.on('data', (text) => (printed += text));
  child.stderr.on('data', (text) => (printed += text));
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code: code ?? signal, printed })));
}

/** All checks that the suite wrote below a folder. */
function checksIn(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((file) => String(file).endsWith('checks.json'));
  return files.flatMap((file) => JSON.parse(readFileSync(join(folder, String(file)), 'utf8')));
}

/** Why a run has failed, or undefined. */
function verdict(name, scenario, code, checks) {
  if (code !== 0) return `exit status ${code}`;
  const bad = checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING');
  if (bad.length > 0) return bad.map(({ id, errorMessage }) => `${id}: ${errorMessage}`).join('; ');
  const good = checks.filter(({ status }) => status === 'SUCCESS').length;
  const absent = (REQUIRED[scenario] ?? []).filter(
    (id) => !checks.some((check) => check.id === id && check.status === 'SUCCESS'),
  );
  if (absent.length > 0) return `no success of ${absent.join(', ')}`;
  const least = LEAST_SUCCESSES[name] ?? 1;
  return good < least ? `${good} checks succeeded, and ${least} should` : undefined;
}

const filter = process.argv[2] ?? '';
const jobs = Object.entries(LEGS)
  .flatMap(([leg, scenarios]) => scenarios.map((scenario) => ({ scenario, leg, name: `${scenario}@${leg}` })))
  .filter(({ name }) => name.includes(filter));
let passed = 0;
let failed = 0;

async function worker() {
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
    const output = join(results, job.name.replaceAll('/', '_'));
    const { code, printed } = await start(job.scenario, job.leg, output);
    let checks = [];
    try {
      checks = checksIn(output);
    } catch {
      // The suite did not get as far as writing any.
    }
    const why = verdict(job.name, job.scenario, code, checks);
    if (why === undefined) {
      passed += 1;
    } else {
      failed += 1;
      console.log(`FAILED ${job.name}: ${why}\n${printed.slice(-3_000)}`);
    }
  }
}

await Promise.all(Array.from({ length: AT_A_TIME }, worker));
rmSync(results, { recursive: true, force: true });
console.log(`scenarios: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
