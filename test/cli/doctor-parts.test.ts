import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { checkCommand } from '../../src/cli/doctor/command.js';
import { errorLine, lastLines } from '../../src/cli/doctor/failures.js';
import { findProgram, isInstalled } from '../../src/cli/doctor/find-program.js';
import { limitsOf } from '../../src/cli/doctor/limits.js';
import { quantile } from '../../src/cli/doctor/pings.js';
import { mostImportant, Report } from '../../src/cli/doctor/report.js';
import type { CheckName, Finding, Status } from '../../src/cli/doctor/report.js';

const folder = mkdtempSync(path.join(tmpdir(), 'doctor-parts-'));

beforeAll(() => {
  mkdirSync(path.join(folder, 'bin/inner'), { recursive: true });
  mkdirSync(path.join(folder, 'node_modules/@scope/installed'), { recursive: true });
  writeFileSync(path.join(folder, 'node_modules/@scope/installed/package.json'), '{}');
  for (const [name, mode] of [
    ['runs', 0o755],
    ['plain', 0o644],
  ] as const) {
    writeFileSync(path.join(folder, 'bin', name), '#!/bin/sh\n');
    chmodSync(path.join(folder, 'bin', name), mode);
  }
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the line of stderr that names the error', () => {
  it.each([
    ['Error: no database\n    at main (a.js:1:1)\n', 'Error: no database'],
    ['starting\nTypeError [ERR_X]: wrong type\n    at a\n\nNode.js v20.20.2\n', 'TypeError [ERR_X]: wrong type'],
    [
      'Traceback (most recent call last):\n  File "a.py"\nModuleNotFoundError: No module named \'mcp\'',
      "ModuleNotFoundError: No module named 'mcp'",
    ],
    ['npm error code E404\nnpm error A complete log of this run can be found in: x', 'npm error code E404'],
    ['usage: server --port <port>\nmissing --port\n', 'missing --port'],
    ['', undefined],
    [undefined, undefined],
  ])('is found in %j', (stderr, line) => {
    expect(errorLine(stderr)).toBe(line);
  });

  it('is among the last lines, which have no frames and no blanks', () => {
    expect(lastLines('a\n\n    at b (c:1:1)\nd\n', 2)).toEqual(['a', 'd']);
  });
});

describe('a command', () => {
  const limits = limitsOf({});
  const search = { cwd: folder, env: { PATH: path.join(folder, 'bin') } };

  it('is found on PATH or as a path, if it may be executed', async () => {
    const file = path.join(folder, 'bin/runs');
    expect(await findProgram('runs', search)).toBe(file);
    expect(await findProgram('./bin/runs', search)).toBe(file);
    expect(await findProgram(file, { cwd: '/', env: {} })).toBe(file);
    for (const command of ['plain', 'inner', 'missing', './runs'])
      expect(await findProgram(command, search)).toBeUndefined();
  });

  it('that may not be executed is reported as such', async () => {
    const finding = await checkCommand({ command: './bin/plain', args: [], env: undefined, cwd: folder }, '/', limits);
    expect(finding).toMatchObject({ status: 'failed', message: 'the file "./bin/plain" may not be executed' });
    expect(finding.fix).toMatch(/Make the file executable/);
  });

  it('in a folder that does not exist is reported as such', async () => {
    const cwd = path.join(folder, 'gone');
    const finding = await checkCommand({ command: 'node', args: [], env: undefined, cwd }, '/', limits);
    expect(finding).toMatchObject({ status: 'failed', message: `the working directory ${cwd} does not exist` });
  });

  it.each<[args: string[], asks: string | undefined]>([
    [['@scope/other@1.0.0'], '@scope/other'],
    [['other', '-y'], 'other'],
    [['-y', 'other'], undefined],
    [['--yes', 'other'], undefined],
    [['--no', 'other'], undefined],
    [['@scope/installed'], undefined],
    [['./local'], undefined],
    [[], undefined],
  ])('npx with %j is checked for its confirmation', async (args, asks) => {
    const env = { PATH: `${path.join(folder, 'npx')}:${process.env.PATH ?? ''}` };
    mkdirSync(path.join(folder, 'npx'), { recursive: true });
    writeFileSync(path.join(folder, 'npx/npx'), '#!/bin/sh\n', { mode: 0o755 });
    const { status, message } = await checkCommand({ command: 'npx', args, env, cwd: folder }, '/', limits);
    expect(status).toBe(asks === undefined ? 'ok' : 'warning');
    if (asks !== undefined) expect(message).toContain(`to install ${asks}`);
  });

  it('installed package is found in a folder above', async () => {
    expect(await isInstalled('@scope/installed', path.join(folder, 'bin/inner'))).toBe(true);
    expect(await isInstalled('not-installed-anywhere', folder)).toBe(false);
  });
});

describe('the most important problem', () => {
  const finding = (check: CheckName, status: Status): Finding => ({ check, status, message: check });

  it('is the first check that failed, in the order of causes', () => {
    const findings = [finding('entry', 'warning'), finding('protocol', 'failed'), finding('stdout', 'failed')];
    expect(mostImportant(findings)?.check).toBe('stdout');
  });

  it('is a warning if no check failed, and nothing if all is well', () => {
    expect(mostImportant([finding('entry', 'ok'), finding('close', 'warning')])?.check).toBe('close');
    expect(mostImportant([finding('entry', 'ok'), finding('start', 'skipped')])).toBeUndefined();
  });

  it('has no secrets in any of its texts', () => {
    const report = new Report();
    report.hide = (text) => text.replaceAll('secret', '[redacted]');
    report.add({
      check: 'start',
      status: 'failed',
      message: 'a secret',
      fix: 'secret',
      details: ['secret'],
      data: { a: ['secret'] },
    });
    expect(JSON.stringify(report.end('server', undefined))).not.toContain('secret');
  });
});

test('limits end the checks of a broken server within 8 s', () => {
  const { connect, network, program } = limitsOf({});
  // The end of a process that did not start may take 2 s.
  expect(connect + 2_000).toBeLessThanOrEqual(8_000);
  expect(3 * network + program).toBeLessThanOrEqual(8_000);
  expect(limitsOf({ timeout: 60_000 })).toMatchObject({ connect: 60_000, request: 60_000, network: 2_000 });
  expect(limitsOf({ timeout: 10_000, connectTimeout: 90_000 }).connect).toBe(90_000);
});

test('a quantile is a value that was measured', () => {
  const values = [5, 1, 4, 2, 3, 6, 7, 8, 9, 10];
  expect([quantile(values, 0.5), quantile(values, 0.95), quantile([], 0.5)]).toEqual([5, 10, 0]);
});
