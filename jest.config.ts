/** @jest-config-loader-options {"transpileOnly": true} */
import type { Config } from 'jest';

// Written as CommonJS because Node 22 and later load it by themselves, as package.json says, while Node 20 takes ts-node for it.
const { spawnSync } = process.getBuiltinModule('node:child_process');
const load = process.getBuiltinModule('node:module').createRequire(__filename);
const { ENTRIES } = load('./scripts/entries.cjs') as { readonly ENTRIES: ReadonlyMap<string, string> };

// ESM-only packages load through vm modules, and a promise nobody handles must end the process. Both are flags of the node
// process, so a jest that was started without them starts itself again with them; its workers inherit them.
const flags = ['--experimental-vm-modules', '--unhandled-rejections=strict', '--disable-warning=ExperimentalWarning'];
if (flags.some((flag) => !process.execArgv.includes(flag)) && process.env['JEST_WORKER_ID'] === undefined) {
  const again = spawnSync(process.execPath, [...process.execArgv, ...flags, ...process.argv.slice(1)], {
    stdio: 'inherit',
  });
  process.exit(again.status ?? 1);
}

const config: Config = {
  testEnvironment: '<rootDir>/test/support/leak-environment.ts',
  setupFilesAfterEnv: [
    '<rootDir>/test/support/seeded-faults.ts',
    // `npm run coverage:states` looks at what the machines do in the tests.
    ...(process.env['STATES_FILE'] === undefined ? [] : ['<rootDir>/test/support/charts/state-coverage.ts']),
  ],
  testSequencer: '<rootDir>/scripts/jest-sequencer.cjs',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '\\.ts$': ['<rootDir>/scripts/jest-transform.cjs', { tsconfig: 'tsconfig.json' }] },
  moduleNameMapper: {
    ...Object.fromEntries([...ENTRIES].map(([name, entry]) => [`^${name}$`, `<rootDir>/src/${entry}.ts`])),
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.build/'],
  // For `npm run coverage`.
  collectCoverageFrom: ['src/**/*.ts', '!src/inspect/page.ts'],
  coverageReporters: ['text-summary'],
  // Much of what the tests do is to wait for processes; and a worker that has run many files is replaced.
  maxWorkers: '100%',
  workerIdleMemoryLimit: '1GB',
  // A bound for what hangs, not a measure: the machine may be slow and shared.
  testTimeout: 30_000,
  watchman: false,
};

module.exports = config;
