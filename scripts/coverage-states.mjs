// Measures which states and transitions of the machines the tests of real connections take: `npm run coverage:states`. All must be taken,
// except the ones that test/models/uncovered.json lists with a reason. This list must not contain any that are taken.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(fileURLToPath(import.meta.url), '../..');
const file = path.join(root, '.build/states.ndjson');
const tests = [
  ...['test/machines', 'test/api', 'test/models/world-over-memory', 'test/transports/http', 'test/transports/sse'],
  'test/transports/stdio/process-machine',
  'test/group',
  // These run the charts without HTTP, or with parts that throw.
  '--testPathIgnorePatterns=http-machines|http-throwing',
];

mkdirSync(path.dirname(file), { recursive: true });
rmSync(file, { force: true });
const jest = path.join(root, 'node_modules/jest/bin/jest.js');
const { status, stderr } = spawnSync(process.execPath, [jest, ...tests], {
  cwd: root,
  env: { ...process.env, STATES_FILE: file },
  encoding: 'utf8',
});
if (status !== 0) {
  console.error(stderr);
  process.exit(status ?? 1);
}

const machines = new Map();
for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
  const { machine, states, entered, transitions, taken } = JSON.parse(line);
  const all = machines.get(machine) ?? { states, transitions, covered: new Set() };
  for (const name of [...entered, ...taken]) all.covered.add(name);
  machines.set(machine, all);
}

const exceptions = JSON.parse(readFileSync(path.join(root, 'test/models/uncovered.json'), 'utf8'));
const wrong = [];
for (const [machine, { states, transitions, covered }] of machines) {
  const count = (names) => `${names.filter((name) => covered.has(name)).length} of ${names.length}`;
  console.log(`${machine}: ${count(states)} states, ${count(transitions)} transitions`);
  const reasons = exceptions[machine] ?? {};
  for (const [name, reason] of Object.entries(reasons)) console.log(`  not "${name}": ${reason}`);
  const declared = [...states, ...transitions];
  const missing = declared.filter((name) => !covered.has(name) && !(name in reasons));
  wrong.push(...missing.map((name) => `${machine}: "${name}" is not covered`));
  for (const name of Object.keys(reasons)) {
    if (covered.has(name)) wrong.push(`${machine}: "${name}" is covered, which uncovered.json says cannot be`);
    else if (!declared.includes(name)) wrong.push(`${machine}: there is no "${name}", which is in uncovered.json`);
  }
}
for (const machine of Object.keys(exceptions)) {
  if (!machines.has(machine)) wrong.push(`There is no machine "${machine}", which is in uncovered.json`);
}
for (const problem of wrong) console.error(problem);
process.exitCode = wrong.length > 0 ? 1 : 0;
