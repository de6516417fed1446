// Starts published MCP servers of many authors, frameworks and languages, and compares what the client returns with what the servers send to
// a plain exchange of JSON-RPC: every list, and the outcome of one call. `npm run interop:wild [-- <part of a name>…]`. Prints a table, what
// differs, and `N of M servers …`; the exit code is 1 unless N is M.
//
// servers.json names the servers by package and exact version; they are installed in .build/wild, one folder each, without running their
// scripts. Members of an entry: `bin` or `file` (what to start, if it is not the first `bin` of the package), `args`, `env`, `http` (the
// path of its endpoint; otherwise it is spoken to over stdio), `call` (a tool and its arguments), `platform` (the only one that it is made
// for), `varies` (a regular expression for texts that differ from run to run), `repaired` (a regular expression for members that the client
// puts right, with a warning). `{work}` stands for an empty directory, `{port}` for a free port.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { HttpTransport, MCPClient, MCPError, StdioTransport } from '../../../dist/cjs/index.mjs';
import { LISTS, rawExchange, rawHttp, rawStdio, startProcess } from './raw.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = path.join(root, '.build/wild');

/** In ms: for an installation, for an exchange with one server, and for everything. */
const INSTALL_LIMIT = 180_000;
const EXCHANGE_LIMIT = 60_000;
const TOTAL_LIMIT = 20 * 60_000;
const AT_A_TIME = 2;
/** Differences that are shown of one server. */
const SHOWN = 10;

/** Rejects when `promise` takes longer. */
async function within(limit, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${limit / 1_000} s`)), limit);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The installations of this run, by place: a package that is compared over two transports is installed once. */
const installations = new Map();

/** Installs a package into a folder of its own, without running its scripts. Resolves with its directory. */
async function install({ name, version }) {
  const place = path.join(folder, `${name.replace('/', '+')}@${version}`);
  if (!installations.has(place)) installations.set(place, installInto(place, `${name}@${version}`));
  await installations.get(place);
  return path.join(place, 'node_modules', name);
}

async function installInto(place, specifier) {
  if (!existsSync(place)) {
    const temporary = mkdtempSync(path.join(folder, 'install-'));
    const options = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
    const child = spawn('npm', ['install', '--prefix', temporary, ...options, specifier], {
      stdio: ['ignore', 'ignore', 'pipe'],
      shell: process.platform === 'win32',
      timeout: INSTALL_LIMIT,
    });
    let stderr = '';
    child.stderr.on('data', (text) => (stderr += text));
    const code = await new Promise((resolve) => child.on('close', (status, signal) => resolve(signal ?? status)));
    if (code !== 0) {
      rmSync(temporary, { recursive: true });
      throw new Error(`npm install ended with ${code}: ${stderr.trim().slice(0, 500)}`);
    }
    renameSync(temporary, place);
  }
}

/** How to start a server, and what to call, with a directory and a port that nobody used before. */
async function startOf(server, directory) {
  const { name, bin } = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8'));
  const bins = typeof bin === 'string' ? { [name]: bin } : (bin ?? {});
  const file = path.join(directory, server.file ?? bins[server.bin] ?? Object.values(bins)[0] ?? 'no bin');
  const isScript = /\.[cm]?js$/.test(file) || readFileSync(file).subarray(0, 2).toString() === '#!';
  if (!isScript) chmodSync(file, 0o755); // npm does that for a `bin` only
  // Without capitals: some servers change the case of paths.
  const work = path.join(folder, `work-${randomUUID()}`);
  mkdirSync(work);
  const port = await freePort();
  const fill = (value) => JSON.parse(JSON.stringify(value).replaceAll('{work}', work).replaceAll('{port}', port));
  const args = fill(server.args ?? []);
  return {
    command: isScript ? process.execPath : file,
    args: isScript ? [file, ...args] : args,
    cwd: work,
    env: { PATH: process.env.PATH, HOME: work, USERPROFILE: work, TMPDIR: work, ...fill(server.env ?? {}) },
    url: server.http === undefined ? undefined : `http://127.0.0.1:${port}${server.http}`,
    call: fill([server.call[0], server.call[1] ?? {}]),
    /** A value without what is different at each time. */
    settled: (value) =>
      JSON.parse(JSON.stringify(value), (_, member) => {
        if (typeof member !== 'string') return member;
        const text = member.replaceAll(work, '{work}').replaceAll(port, '{port}');
        return server.varies === undefined ? text : text.replaceAll(new RegExp(server.varies, 'g'), '…');
      }),
  };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

/** Resolves when something listens there. */
async function listening(url, closed) {
  let why;
  void closed.then((reason) => (why = reason));
  for (;;) {
    if (why !== undefined) throw new Error(why);
    try {
      await (await fetch(url, { method: 'OPTIONS' })).arrayBuffer();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** What the server sends. */
async function byHand(start, revision) {
  const started = startProcess(start);
  const exchange = async () => {
    if (start.url === undefined) return rawExchange(rawStdio(started), revision, start.call);
    await listening(start.url, started.closed);
    return rawExchange(rawHttp(start.url), revision, start.call);
  };
  try {
    return await within(EXCHANGE_LIMIT, 'The exchange by hand', exchange());
  } finally {
    await started.end();
  }
}

/** What the client returns. */
async function byClient(start) {
  const started = start.url === undefined ? undefined : startProcess(start);
  const { command, args, cwd, env, url } = start;
  const transport =
    url === undefined ? new StdioTransport(command, args, { cwd, env, inheritEnv: 'none' }) : new HttpTransport(url);
  const client = new MCPClient(transport);
  const warnings = new Set();
  for (const name of ['warning', 'error']) client.on(name, (said) => warnings.add(said.message));
  const exchange = async () => {
    if (started !== undefined) await listening(url, started.closed);
    const at = performance.now();
    const { era, protocolVersion, capabilities } = await client.connect();
    const connected = performance.now() - at;
    const methods = {
      tools: () => client.listTools(),
      prompts: () => client.listPrompts(),
      resources: () => client.listResources(),
      templates: () => client.listResourceTemplates(),
    };
    const lists = {};
    for (const { name, capability } of LISTS) {
      if (capabilities[capability] !== undefined) lists[name] = await methods[name]().catch(codeOf);
    }
    const [tool, parameters] = start.call;
    const call = await client.callTool(tool, parameters).catch((error) => error.details?.result ?? codeOf(error));
    return { lists, call, connected, revision: { era, protocolVersion }, warnings };
  };
  try {
    return await within(EXCHANGE_LIMIT, 'The client', exchange());
  } finally {
    await client.close();
    await started?.end();
  }
}

function codeOf(error) {
  if (!(error instanceof MCPError)) throw error;
  return { errorCode: error.errorCode ?? error.code };
}

/** Where two values differ, in words. */
function differences(where, sent, returned) {
  if (Object.is(sent, returned)) return [];
  if (isObject(sent) && isObject(returned) && Array.isArray(sent) === Array.isArray(returned)) {
    const keys = new Set([...Object.keys(sent), ...Object.keys(returned)]);
    return [...keys].flatMap((key) => differences(`${where}.${sent[key]?.name ?? key}`, sent[key], returned[key]));
  }
  return [`${where}: the server sends ${shown(sent)}, the client returns ${shown(returned)}`];
}

const isObject = (value) => typeof value === 'object' && value !== null;

function shown(value) {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length} characters)` : text;
}

/** Compares one server. The exchange by hand speaks the revision that the client found out. */
async function compare(server) {
  const directory = await install(server);
  const starts = [await startOf(server, directory), await startOf(server, directory)];
  try {
    const returned = await byClient(starts[0]);
    const sent = await byHand(starts[1], returned.revision);
    const [theirs, ours] = [sent, returned].map(({ lists, call }, index) =>
      starts[1 - index].settled({ ...lists, [`call of ${server.call[0]}`]: call }),
    );
    const names = [...LISTS.map(({ name }) => name), `call of ${server.call[0]}`];
    const differing = names.flatMap((name) => differences(name, theirs[name], ours[name]));
    const isMeant = (text) => returned.warnings.size > 0 && new RegExp(server.repaired).test(text);
    return {
      ...returned,
      differing: server.repaired === undefined ? differing : differing.filter((text) => !isMeant(text)),
    };
  } finally {
    for (const { cwd } of starts) rmSync(cwd, { recursive: true, force: true });
  }
}

function row(cells) {
  return cells.map((cell, index) => String(cell).padEnd(COLUMNS[index][1])).join(' ');
}

/** The number of items of a list, or the code of the error. */
function countOf(list) {
  return list === undefined ? '-' : (list.length ?? list.errorCode);
}

function outcomeOf({ errorCode, isError }) {
  return errorCode ?? (isError === true ? 'isError' : 'ok');
}

const COLUMNS = [
  ['server', 58],
  ['over', 5],
  ['ready', 8],
  ['revision', 17],
  ['tools', 6],
  ['prompts', 7],
  ['resources', 9],
  ['templates', 9],
  ['call', 8],
  ['compared', 8],
];

const filters = process.argv.slice(2);
const platform = `${process.platform}-${process.arch}`;
const servers = JSON.parse(readFileSync(new URL('servers.json', import.meta.url), 'utf8'))
  .filter((server) => server.platform === undefined || server.platform === platform)
  .filter(({ name }) => filters.length === 0 || filters.some((filter) => name.includes(filter)));
mkdirSync(folder, { recursive: true });

console.log(row(COLUMNS.map(([title]) => title)));
const deadline = Date.now() + TOTAL_LIMIT;
const queue = [...servers];
const details = [];
let same = 0;

async function work() {
  for (let server = queue.shift(); server !== undefined; server = queue.shift()) {
    const name = `${server.name}@${server.version}`;
    const over = server.http === undefined ? 'stdio' : 'HTTP';
    try {
      if (Date.now() > deadline) throw new Error(`All together may take ${TOTAL_LIMIT / 60_000} minutes`);
      const { lists, call, connected, revision, warnings, differing } = await compare(server);
      const counts = LISTS.map((list) => countOf(lists[list.name]));
      const { era, protocolVersion } = revision;
      const verdict = differing.length === 0 ? 'same' : `${differing.length} differ`;
      const ready = `${Math.round(connected)} ms`;
      console.log(row([name, over, ready, `${era} ${protocolVersion}`, ...counts, outcomeOf(call), verdict]));
      if (differing.length === 0) same += 1;
      const lines = [...differing.slice(0, SHOWN), ...[...warnings].map((text) => `warning: ${text}`)];
      if (lines.length > 0) details.push(`${name} over ${over}\n${lines.map((line) => `  ${line}`).join('\n')}`);
    } catch (error) {
      console.log(row([name, over, '-', '-', '-', '-', '-', '-', '-', 'failed']));
      details.push(`${name} over ${over}\n  failed: ${error.message}`);
    }
  }
}

await Promise.all(Array.from({ length: AT_A_TIME }, work));
if (details.length > 0) console.log(`\n${details.join('\n\n')}`);
console.log(`\n${same} of ${servers.length} servers: the client returns what they send`);
process.exit(same === servers.length && servers.length > 0 ? 0 : 1);
