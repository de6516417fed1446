import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import ts from 'typescript';
import { WebSocket } from 'ws';

import { clientLimits } from '../src/api/options/client-limits.js';
import { OptionReader } from '../src/option-checks.js';
import { compiled } from './support/compiled.js';
import { serverFixture } from './support/servers/fixture-servers.js';
import { freePort } from './support/servers/http-process.js';
import { Waiting } from './support/waiting.js';

const ROOT = path.resolve(__dirname, '..');

/** The pieces of code in a document. `…` stands for what the reader puts there. */
function snippetsOf(document: string, language = 'ts'): string[] {
  const text = readFileSync(path.join(ROOT, document), 'utf8');
  const pieces = text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'));
  return [...pieces].map(([, code = '']) => code.replaceAll('…', '(undefined as never)'));
}

/** What a reader has at hand: everything that the package exports, and the things that are spoken of. */
const AT_HAND = `
import * as all from 'mcp-actors';
import * as testing from 'mcp-actors/testing';
import * as zod from 'zod';
declare global {
${['MCPClient', 'MCPConnection', 'MCPError', 'StdioTransport', 'HttpTransport'].map((name) => `  const ${name}: typeof all.${name};`).join('\n')}
  const client: all.MCPClient;
  const transport: all.MCPTransport;
  const server: testing.ScriptedServer;
  const controller: AbortController;
  const z: typeof zod;
  const url: string;
  function freshToken(): Promise<string>;
  function showForm(form: object): Promise<Record<string, string> | undefined>;
  function showDialog(url: string | undefined, expiresAt: number | undefined): void;
  function showRetryButton(hint: string | undefined, retry: () => Promise<void>): void;
  function askModel(messages: readonly all.SamplingMessage[], maxTokens: number): Promise<all.CreateMessageResult>;
}
`;

/** What the compiler has against files that exist only here. */
function complaintsAbout(sources: ReadonlyMap<string, string>): string[] {
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT, {
    noUnusedLocals: false,
    noUnusedParameters: false,
    incremental: false,
  });
  // It is installed in several versions, under other names.
  options.paths = { ...options.paths, ai: ['./node_modules/ai7/dist/index.d.ts'] };
  const host = ts.createCompilerHost(options);
  const readFile = host.readFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.readFile = (file) => sources.get(file) ?? readFile(file);
  host.fileExists = (file) => sources.has(file) || fileExists(file);
  const program = ts.createProgram([...sources.keys()], options, host);
  return [...sources.keys()].flatMap((file) => {
    const source = program.getSourceFile(file);
    return ts
      .getPreEmitDiagnostics(program, source)
      .map(({ messageText }) => `${path.basename(file)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
  });
}

test('the TypeScript in the documents is what it seems', () => {
  const sources = new Map([[path.join(ROOT, 'test/at-hand.mts'), AT_HAND]]);
  for (const document of [
    'README.md',
    'docs/adapters.md',
    'docs/config-files.md',
    'docs/groups.md',
    'docs/recording.md',
    'docs/sign-in.md',
    'docs/skills.md',
    'docs/testing.md',
  ]) {
    const snippets = snippetsOf(document);
    expect(snippets.length).toBeGreaterThan(3);
    snippets.forEach((code, index) => {
      const name = `${path.basename(document, '.md')}-${index + 1}.mts`;
      sources.set(path.join(ROOT, 'test', name), `${code}\nexport {};\n`);
    });
  }
  expect(complaintsAbout(sources)).toEqual([]);
});

test('the first program of the README works as it stands', async () => {
  const [code = ''] = snippetsOf('README.md', 'js');
  const required = `
    import { createRequire } from 'node:module';
    const { MCPClient } = createRequire(import.meta.url)(${JSON.stringify(compiled('index'))});
  `;
  const program = code.replace("import { MCPClient } from 'mcp-actors';", required);
  expect(program).not.toBe(code);
  const NODE_PATH = path.join(ROOT, 'node_modules');
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: ROOT,
    env: { ...process.env, NODE_PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let printed = '';
    child.stdout.on('data', (text: Buffer) => (printed += text.toString()));
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(printed).toMatch(/^\d+ tools; echo says \[ \{ type: 'text', text: 'Echo: hello' \} \]\n$/);
  } finally {
    child.kill();
  }
}, 60_000);

test('each row of what it survives is shown by tests that carry its number', () => {
  const rows = [...readFileSync(path.join(ROOT, 'docs/what-it-survives.md'), 'utf8').matchAll(/^\| (\d+) \|.*$/gm)];
  // The one that is missing is told of below the tables.
  const numbers = rows.map(([, number]) => Number(number)).sort((one, other) => one - other);
  expect(numbers).toEqual([...new Set(numbers)]);
  expect(numbers.slice(0, 29)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1).filter((number) => number !== 26));
  const missing = rows.flatMap(([row, number]) => {
    const files = [...row.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, file = '']) => file);
    const unshown = files.filter((file) => !readFileSync(path.join(ROOT, file), 'utf8').includes(`pain ${number}: `));
    return files.length === 0 ? [`${number} has no test`] : unshown.map((file) => `${number} is not in ${file}`);
  });
  expect(missing).toEqual([]);
});

test('how it is built names every part of the source and every machine', () => {
  const text = readFileSync(path.join(ROOT, 'docs/architecture.md'), 'utf8');
  const folders = readdirSync(path.join(ROOT, 'src')).map((name) => `src/${name}`);
  const beside = ['test', 'visualizations', 'bench', 'examples', 'scripts'];
  const machines = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('-machine.ts'))
    .map((file) => path.basename(file));
  expect(machines.length).toBeGreaterThan(5);
  expect([...folders, ...beside, ...machines].filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  // And what it names is there.
  const named = [...text.matchAll(/`([a-z-]+\.ts)`/g)].map(([, file]) => file);
  const known = new Set(
    readdirSync(path.join(ROOT, 'src'), { recursive: true }).map((file) => path.basename(String(file))),
  );
  expect(named.filter((file = '') => !known.has(file))).toEqual([]);
});

test('CONTRIBUTING.md names only files and scripts that exist', () => {
  const text = readFileSync(path.join(ROOT, 'CONTRIBUTING.md'), 'utf8');
  const files = [...text.matchAll(/`((?:src|test|docs|scripts|\.github|\.ci)\/[^`\s<]+)`/g)].map(
    ([, file = '']) => file,
  );
  expect(files.length).toBeGreaterThan(10);
  expect(files.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
  const named = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

test('the options and errors of sign-in that are listed exist, and no option is missing', () => {
  const text = readFileSync(path.join(ROOT, 'docs/sign-in.md'), 'utf8');
  const source = (file: string): string => readFileSync(path.join(ROOT, 'src', file), 'utf8');
  const [, after = ''] = text.split('## Options');
  const [ofOAuth = '', ofInteractive = ''] = after.split('`interactive()`:');
  const listed = (table: string): string[] =>
    [...table.matchAll(/^\| (`\w+`(?:, `\w+`)*) \|/gm)].flatMap(([, names = '']) =>
      names.replaceAll('`', '').split(', '),
    );
  const declared = (file: string, type: string): string[] => {
    const [, names = ''] = new RegExp(`optionNames<${type}>\\(\\{(.*?)\\}`, 's').exec(source(file)) ?? [];
    return [...names.matchAll(/(\w+): true/g)].map(([, name = '']) => name);
  };
  expect(listed(ofOAuth).sort()).toEqual(declared('auth/oauth.ts', 'OAuthOptions').sort());
  const [table = ''] = ofInteractive.split('## ');
  const [, described = ''] = table.split('`device()` has');
  for (const [file, type] of [
    ['device', 'DeviceOptions'],
    ['workload-identity', 'WorkloadIdentityOptions'],
    ['enterprise', 'EnterpriseOptions'],
    ['enterprise', 'EnterpriseIdp'],
  ] as const)
    expect(declared(`auth/grants/${file}.ts`, type).filter((name) => !described.includes(`\`${name}\``))).toEqual([]);
  expect(listed(table).sort()).toEqual(declared('auth/grants/interactive.ts', 'InteractiveOptions').sort());
  const codes = [...text.matchAll(/MCP_[A-Z_]+/g)].map(([code]) => code);
  expect(codes.filter((code) => !source('util/failure.ts').includes(`'${code}'`))).toEqual([]);
});

test('the limits that are listed are those of the options, with their defaults', () => {
  const text = readFileSync(path.join(ROOT, 'docs/limits.md'), 'utf8');
  for (const [name, value] of Object.entries(clientLimits(new OptionReader({})))) {
    const [, shown = ''] = new RegExp(`^\\| \`limits\\.${name}\` \\| ([\\d ]+)`, 'm').exec(text) ?? [];
    expect(`${name}: ${shown.replaceAll(' ', '')}`).toBe(`${name}: ${value}`);
  }
});

test('the lines for the inspector of Stately show its page the charts', async () => {
  const lines = snippetsOf('README.md').find((code) => code.includes('@statelyai/inspect')) as string;
  const port = await freePort();
  // On a port of its own. Without a PATH there is no program that could open a browser.
  const program = `
    import { createRequire } from 'node:module';
    const { MCPClient, StdioTransport } = createRequire(import.meta.url)(${JSON.stringify(compiled('index'))});
    const transport = new StdioTransport(process.execPath, [${JSON.stringify(serverFixture('tools'))}]);
    ${lines.replace('createInspectorServer()', `createInspectorServer({ port: ${port} })`).replace('8080', String(port))}
    await client.connect();
    await client.callTool('echo', { text: 'a secret' });
    await client.close();
    console.log('closed');
  `;
  const NODE_PATH = path.join(ROOT, 'node_modules');
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: ROOT,
    env: { ...process.env, NODE_PATH, PATH: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(child.stdout, 'data');
    const page = new WebSocket(`ws://127.0.0.1:${port}`);
    const waiting = new Waiting();
    const heard: string[] = [];
    page.on('message', (data: Buffer) => {
      heard.push(data.toString());
      waiting.wake();
    });
    // It remembers the last 200 events for pages that come late.
    await waiting.until(
      () => heard.some((text) => text.includes('"closed":"done"')),
      () => `heard ${heard.length} events`,
    );
    expect(heard.some((text) => text.includes('@xstate.actor'))).toBe(true);
    expect(heard.join('\n')).not.toContain('a secret');
    page.close();
  } finally {
    child.kill();
    await once(child, 'close');
  }
});
