import { execFile, execFileSync } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

import { compiled } from '../support/compiled.js';
import { sample } from '../support/long-form.js';
import { serverFixture } from '../support/servers/fixture-servers.js';

const HOST = path.resolve(__dirname, '../fixtures/hosts/failing-functions.mjs');
const ARGS = [
  '--unhandled-rejections=strict',
  HOST,
  compiled('index'),
  compiled('testing/index'),
  serverFixture('tools'),
];
const env = { ...process.env, NODE_PATH: path.resolve(__dirname, '../../node_modules') };
const names = JSON.parse(execFileSync(process.execPath, ARGS, { env, encoding: 'utf8' })) as string[];

/** What fails, and the cases of it: they have one process, which any of them could end. */
const groups = new Map<string, string[]>();
for (const name of names) {
  const [what = ''] = / (?:throws|returns|gives|is told|is aborted with)/.exec(name) ?? [];
  const subject = what === '' ? name : name.slice(0, name.indexOf(what));
  groups.set(subject, [...(groups.get(subject) ?? []), name]);
}

/** What is reported of each case. */
async function reported(cases: readonly string[]): Promise<Record<string, string[]>> {
  const args = [...ARGS, JSON.stringify(cases)];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env, timeout: 55_000 });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Record<string, string[]>;
}

describe('a program goes on, whatever fails', () => {
  test.each(sample([...groups], 8))(
    'in %s',
    async (_subject, cases) => {
      expect(Object.keys(await reported(cases))).toEqual(cases);
    },
    60_000,
  );
});

const HANDLER = ['MCP_HANDLER_FAILED'];

test.each([
  ['environment.now throws, use always', HANDLER],
  ['environment.setTimeout throws, use 2', HANDLER],
  ['record.write returns a rejected promise of another realm', undefined],
  ['inspect returns a rejected promise', undefined],
  ['a handler throws a revoked proxy', HANDLER],
  ['a listener returns a thenable that throws', undefined],
  ['a listener of error returns a rejected promise', undefined],
])('%s is reported', async (name, expected) => {
  const { [name]: codes = [] } = await reported([name]);
  if (expected === undefined) expect(new Set(codes)).toEqual(new Set(HANDLER));
  else expect(codes).toEqual(expected);
});
