import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import layers from './scripts/eslint-layers.mjs';

const useEnvironment = 'Use the injected Environment: simulated clocks, chaos and replay hang on it.';
const loadLater = 'The root import must not load it. Use import() when it is first needed; a type import is fine.';

/** What would be undetermined, by the ways to reach it. Only src/util/environment.ts may. */
const undetermined = {
  globals: [
    'setTimeout',
    'clearTimeout',
    'setInterval',
    'clearInterval',
    'setImmediate',
    'clearImmediate',
    'performance',
  ].map((name) => ({ name, message: useEnvironment })),
  properties: [
    ['Date', 'now'],
    ['Math', 'random'],
    ['crypto', 'randomUUID'],
    ['crypto', 'getRandomValues'],
    ['process', 'hrtime'],
    ['AbortSignal', 'timeout'],
  ].map(([object, property]) => ({ object, property, message: useEnvironment })),
  syntax: ['NewExpression[callee.name="Date"][arguments.length=0]', 'CallExpression[callee.name="Date"]'].map(
    (selector) => ({ selector, message: useEnvironment }),
  ),
  imports: [
    ...['timers', 'timers/promises', 'perf_hooks'].map((name) => ({ name, message: useEnvironment })),
    { name: 'crypto', importNames: ['randomUUID', 'randomInt', 'randomBytes', 'webcrypto'], message: useEnvironment },
  ].flatMap((one) => [one, { ...one, name: `node:${one.name}` }]),
};

const lazyImports = {
  group: ['ajv', 'ajv/*', 'ajv-formats', 'zod', 'zod/*', 'undici', 'undici/*', 'ws', 'oauth4webapi', 'yaml'],
  allowTypeImports: true,
  message: loadLater,
};
const commonjsGlobals = ['__dirname', '__filename', 'require', 'module', 'exports'].map((name) => ({
  name,
  message: 'src is built as ESM, too, where this does not exist.',
}));
/** Inside of the library a failure is data, and promises reject with it; the facades make errors of it. */
const failure = { from: 'file', name: 'Failure', path: 'src/util/failure.ts' };

/** `no-restricted-globals` also through `globalThis.` and `global.`. */
const restrictedGlobals = (globals) => ['error', { globals, checkGlobalObject: true, globalObjects: ['global'] }];

export default defineConfig(
  globalIgnores(['dist/', '.build/', 'coverage/', 'node_modules/', 'test/fixtures/package/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.mjs'],
    // What Node has. (In TypeScript the compiler looks after undefined names.)
    languageOptions: {
      globals: Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly'])),
    },
  },
  {
    files: ['**/*.ts', '**/*.d.mts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { local: layers },
    rules: {
      'local/layers': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/only-throw-error': ['error', { allow: [failure] }],
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allow: [failure] }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // `_name` says "required by the signature, not used".
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
      // An async function without await is how a method keeps its promise to reject and never throw.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    // Not known to ESLint by itself, and without that the rules below do not see through it.
    languageOptions: { globals: { global: 'readonly' } },
    rules: {
      'no-console': 'error',
      'no-restricted-globals': restrictedGlobals(commonjsGlobals),
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: [lazyImports] }],
    },
  },
  {
    files: ['src/**/*.ts'],
    // The simulation has to let real turns of the event loop pass, and the command line is a process that lives in real time.
    ignores: ['src/util/environment.ts', 'src/testing/simulated-environment.ts', 'src/cli/**'],
    rules: {
      'no-restricted-globals': restrictedGlobals([...commonjsGlobals, ...undetermined.globals]),
      'no-restricted-properties': ['error', ...undetermined.properties],
      'no-restricted-syntax': ['error', ...undetermined.syntax],
      '@typescript-eslint/no-restricted-imports': ['error', { paths: undetermined.imports, patterns: [lazyImports] }],
    },
  },
  {
    // Not part of the root import, and bundled: what it uses of zod is small.
    files: ['src/config/schema.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { paths: undetermined.imports }] },
  },
  {
    files: ['test/**/*.ts', 'test/**/*.d.mts'],
    rules: {
      'no-restricted-properties': [
        'error',
        ...['it', 'test', 'describe'].flatMap((object) =>
          ['skip', 'only', 'todo', 'failing'].map((property) => ({ object, property, message: 'Every test runs.' })),
        ),
        { object: 'jest', property: 'retryTimes', message: 'A retry hides a flake.' },
      ],
    },
  },
);
