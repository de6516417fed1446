import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ESLint } from 'eslint';
import ts from 'typescript';

// The rules live in the ESLint configuration; here they are held against the tree and against snippets that break them, so that
// neither an upward import nor a rule that stopped working gets past the tests.
const RULES = [
  'local/layers',
  'no-restricted-globals',
  'no-restricted-properties',
  'no-restricted-syntax',
  '@typescript-eslint/no-restricted-imports',
];

const root = path.join(__dirname, '..');
const eslint = new ESLint({
  cwd: root,
  // Rules that need types are left to `npm run lint`: without them a snippet needs no file on disk, and a run no program.
  overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
  ruleFilter: ({ ruleId }) => RULES.includes(ruleId),
});

const problems = (results: ESLint.LintResult[]): string[] =>
  results.flatMap(({ filePath, messages }) =>
    messages.map(({ ruleId, line, message }) => `${path.relative(root, filePath)}:${line} ${ruleId}: ${message}`),
  );

const lint = async (file: string, code: string): Promise<string[]> =>
  problems(await eslint.lintText(code, { filePath: path.join(root, file) }));

describe('the source tree', () => {
  it('has no upward import and nothing undetermined outside of the environment', async () => {
    const results = await eslint.lintFiles(['src']);
    expect(results.length).toBeGreaterThan(0);
    expect(problems(results)).toEqual([]);
    // It is a matter of seconds, but not on a machine that is busy.
  }, 120_000);
});

describe('the folders', () => {
  const files = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => path.join(root, 'src', file));

  /** The files of src that a file imports, also those of which it imports types alone. */
  function importsOf(file: string): string[] {
    return ts
      .preProcessFile(readFileSync(file, 'utf8'), true, true)
      .importedFiles.map(({ fileName }) => path.resolve(path.dirname(file), fileName.replace(/\.js$/, '.ts')))
      .filter((target) => files.includes(target));
  }

  it('hold no two files that import each other, directly or through others, not even for types', () => {
    // Tarjan's algorithm: the components of more than one file are the cycles.
    const order = new Map<string, number>();
    const lowest = new Map<string, number>();
    const open: string[] = [];
    const cycles: string[][] = [];
    function visit(file: string): number {
      let low = order.size;
      order.set(file, low);
      open.push(file);
      for (const target of importsOf(file)) {
        if (!order.has(target)) low = Math.min(low, visit(target));
        else if (open.includes(target)) low = Math.min(low, lowest.get(target) ?? order.get(target) ?? 0);
      }
      lowest.set(file, low);
      if (low === order.get(file)) {
        const component = open.splice(open.indexOf(file)).map((one) => path.relative(root, one));
        if (component.length > 1) cycles.push(component.sort());
      }
      return low;
    }
    for (const file of files) if (!order.has(file)) visit(file);
    expect(files.length).toBeGreaterThan(200);
    expect(cycles).toEqual([]);
  });

  it('hold no chart outside of a file that is called so, and no file of that name without a chart', () => {
    expect(files.filter((file) => /\bcreateMachine\(/.test(readFileSync(file, 'utf8')))).toEqual(
      files.filter((file) => file.endsWith('-machine.ts')),
    );
  });

  it('show about twenty files at most', () => {
    const folders = new Set(files.map((file) => path.dirname(file)));
    const tooFull = [...folders].filter((folder) => readdirSync(folder).length > 24);
    expect(tooFull.map((folder) => path.relative(root, folder))).toEqual([]);
  });
});

describe('the layer rule', () => {
  it.each([
    ['src/protocol/a.ts', `import { x } from '../errors.js';`],
    ['src/protocol/deep/a.ts', `import type { x } from '../../machines/b.js';`],
    ['src/util/a.ts', `import { x } from '../protocol/b.js';`],
    ['src/diagnostics/a.ts', `import { x } from '../errors.js';`],
    ['src/errors.ts', `export * from './auth/b.js';`],
    ['src/machines/a.ts', `import type { x } from '../recording/b.js';`],
    ['src/auth/a.ts', `export { x } from '../transports/b.js';`],
    ['src/transports/a.ts', `const x = import('../machines/b.js');`],
    ['src/machines/a.ts', `let x: import('../api/b.js').B;`],
    ['src/machines/a.ts', `import x = require('../api/b.js');`],
    ['src/api/a.ts', `import { x } from '../index.js';`],
    ['src/api/a.ts', `import { x } from '../testing/b.js';`],
    ['src/api/a.ts', `import { x } from '../config/b.js';`],
    ['src/config/a.ts', `import { x } from '../inspect/b.js';`],
    ['src/index.ts', `export { x } from './config/b.js';`],
    ['src/index.ts', `export { x } from './testing/b.js';`],
    ['src/index.ts', `export { x } from './inspect/b.js';`],
    ['src/inspect/a.ts', `import { x } from '../testing/b.js';`],
    ['src/api/a.ts', `import { x } from '../inspect/b.js';`],
    ['src/testing/a.ts', `import { x } from '../index.js';`],
    ['src/api/a.ts', `import { x } from '../elsewhere/b.js';`],
    ['src/api/a.ts', `import { x } from '../../test/support/b.js';`],
    ['src/elsewhere/a.ts', `export const x = 1;`],
    ['src/protocol/a.ts', `import { x } from 'xstate';`],
    ['src/protocol/a.ts', `import { x } from 'node:fs';`],
    ['src/util/a.ts', `import { x } from 'node:fs';`],
    ['src/diagnostics/a.ts', `import { x } from 'node:fs';`],
    ['src/api/a.ts', `import { x } from './b';`],
    ['test/a.test.ts', `import { x } from '../src/index';`],
  ])('refuses in %s: %s', async (file, code) => {
    expect(await lint(file, code)).toEqual([expect.stringContaining('local/layers')]);
  });

  it('allows imports of the own layer, of lower ones and, above the protocol, of packages', async () => {
    const code = `
      import { x } from 'xstate';
      import { a } from './a.js';
      import { b } from '../transports/deep/b.js';
      import { c } from '../errors.js';
      import type { d } from '../protocol/d.js';
    `;
    expect(await lint('src/machines/m.ts', code)).toEqual([]);
    expect(await lint('src/index.ts', `export { x } from './api/x.js';`)).toEqual([]);
    expect(await lint('src/testing/a.ts', `import { x } from '../api/x.js';\nimport { y } from './y.js';`)).toEqual([]);
    expect(await lint('test/a.test.ts', `import { x } from '../src/machines/x.js';`)).toEqual([]);
  });
});

describe('what is undetermined', () => {
  const ways = [
    `setTimeout(f, 1);`,
    `clearTimeout(t);`,
    `setInterval(f, 1);`,
    `clearInterval(t);`,
    `setImmediate(f);`,
    `globalThis.setTimeout(f, 1);`,
    `global.setTimeout(f, 1);`,
    `const t = Date.now();`,
    `const { now } = Date;`,
    `const t = new Date();`,
    `const t = Date();`,
    `const t = performance.now();`,
    `const t = process.hrtime.bigint();`,
    `const r = Math.random();`,
    `const id = crypto.randomUUID();`,
    `import { randomUUID } from 'node:crypto';`,
    `import { randomUUID as id } from 'crypto';`,
    `import { setTimeout as sleep } from 'node:timers/promises';`,
    `import { performance as p } from 'node:perf_hooks';`,
    `const signal = AbortSignal.timeout(1);`,
  ];

  it.each([
    'util',
    'protocol',
    'diagnostics',
    'auth',
    'transports',
    'machines',
    'recording',
    'api',
    'config',
    'inspect',
    'testing',
  ])('is refused under src/%s, however it is reached', async (layer) => {
    const found = await Promise.all(ways.map((code) => lint(`src/${layer}/a.ts`, code)));
    expect(
      ways.filter((_, index) => found[index]?.some((problem) => !problem.includes('local/layers')) !== true),
    ).toEqual([]);
  });

  it('is allowed in src/util/environment.ts, and a time that is given may be read anywhere', async () => {
    expect(await lint('src/util/environment.ts', ways.join('\n'))).toEqual([]);
    expect(await lint('src/auth/a.ts', `const t = new Date(header), u = Date.parse(header);`)).toEqual([]);
    expect(await lint('src/auth/a.ts', `env.setTimeout(f, 1); const t = env.now();`)).toEqual([]);
  });
});

describe('packages that cost start time', () => {
  it.each(['ajv', 'ajv/dist/2020.js', 'ajv-formats', 'zod', 'undici', 'ws', 'oauth4webapi', 'yaml'])(
    '%s is loaded only when needed',
    async (name) => {
      const file = 'src/transports/a.ts';
      expect(await lint(file, `import x from '${name}';`)).toEqual([expect.stringContaining('no-restricted-imports')]);
      expect(await lint(file, `import type x from '${name}';\nconst y = import('${name}');`)).toEqual([]);
    },
  );
});

describe('tests', () => {
  it.each([`it.skip('x', f);`, `test.only('x', f);`, `describe.skip('x', f);`, `it.todo('x');`, `jest.retryTimes(2);`])(
    'may not hold %s',
    async (code) => {
      expect(await lint('test/a.test.ts', code)).toEqual([expect.stringContaining('no-restricted-properties')]);
    },
  );
});
