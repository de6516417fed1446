import { execFile } from 'node:child_process';
import path from 'node:path';

import { hintFor } from '../../diagnostics/explain.js';
import { childEnvironment } from '../../transports/stdio/child-environment.js';
import { launcherOf } from '../../transports/stdio/launchers.js';
import type { StdioTransport } from '../../transports/stdio/stdio-transport.js';
import { exists, findProgram, isInstalled } from './find-program.js';
import type { Limits } from './limits.js';
import type { Finding } from './report.js';

/** Programs whose version is shown, and the runtime that they need. */
const RUNTIMES: ReadonlyMap<string, string> = new Map([
  ...['node', 'deno', 'bun', 'python', 'python3', 'uv', 'ruby', 'docker', 'podman', 'dotnet'].map(
    (name) => [name, name] as const,
  ),
  ['npx', 'node'],
  ['npm', 'node'],
  ['pnpm', 'node'],
  ['yarn', 'node'],
  ['bunx', 'bun'],
  ['uvx', 'uv'],
]);

/** Runtimes whose first argument that is no option is a file. */
const RUN_FILES: ReadonlySet<string> = new Set(['node', 'python', 'python3', 'ruby']);

/** Options of these runtimes that take another argument, or a program in place of a file. Then the file is not searched. */
const NO_FILE =
  /^(?:-e|--eval|-p|--print|-c|-m|-r|--require|--import|--loader|--experimental-loader|-C|--conditions|-X|-W)$/;

/** The command line of a server. */
export type CommandLine = Pick<StdioTransport, 'command' | 'args' | 'env' | 'cwd'>;

/**
 * Checks the command before it is started: the program, the file that it runs, `npx` without `-y`, and the version of the runtime. Only
 * `<runtime> --version` is run.
 */
export async function checkCommand(given: CommandLine, cwd: string, limits: Limits): Promise<Finding> {
  const { command, args } = given;
  const folder = path.resolve(cwd, given.cwd ?? '');
  const env = childEnvironment({ parent: process.env, platform: process.platform, inherit: 'safe', env: given.env });
  if (!(await exists(folder))) return failed(`the working directory ${folder} does not exist`, 'Check `cwd`.');
  const program = await findProgram(command, { cwd: folder, env });
  if (program === undefined) return await missing(command, folder);
  const name = path.basename(command).replace(/\.(?:exe|cmd|bat)$/i, '');
  const file = RUN_FILES.has(name) ? fileIn(args) : undefined;
  if (file !== undefined && !(await exists(path.resolve(folder, file)))) {
    const fix = 'Check the path in `args` and `cwd`, and build the server if it has to be built.';
    return failed(`the file ${path.resolve(folder, file)} does not exist`, fix);
  }
  const runtime = RUNTIMES.get(name);
  const version =
    runtime === undefined
      ? undefined
      : await versionOf(runtime, name === runtime ? program : undefined, { folder, env, limits });
  const shown = program === command ? command : `${command} is ${program}`;
  const message = version === undefined ? shown : `${shown}, ${version}`;
  const data = { program, ...(version !== undefined && { runtime: version }) };
  const asks = await asksFirst(command, args, folder);
  if (asks !== undefined) {
    return {
      check: 'command',
      status: 'warning',
      message: `${message}; npx without -y may wait for a confirmation to install ${asks}`,
      fix: 'Add `-y` as the first argument of npx.',
      data,
    };
  }
  return { check: 'command', status: 'ok', message, data };
}

function failed(message: string, fix: string | undefined): Finding {
  return { check: 'command', status: 'failed', message, fix };
}

async function missing(command: string, folder: string): Promise<Finding> {
  const isPath = /[\\/]/.test(command);
  const isFile = isPath && (await exists(path.resolve(folder, command)));
  const details = { command, errno: isFile ? 'EACCES' : 'ENOENT' };
  const message = isFile
    ? `the file "${command}" may not be executed`
    : isPath
      ? `there is no program "${command}"`
      : `there is no program "${command}" on PATH`;
  return failed(message, hintFor({ code: 'MCP_SPAWN_FAILED', message, details }));
}

/** The file that a runtime is asked to run; undefined if its arguments are not so simple. */
function fileIn(args: readonly string[]): string | undefined {
  for (const arg of args) {
    if (NO_FILE.test(arg)) return undefined;
    if (!arg.startsWith('-')) return arg.includes('://') ? undefined : arg;
  }
  return undefined;
}

/** The package that `npx` would ask to install; undefined if it does not ask. */
async function asksFirst(command: string, args: readonly string[], folder: string): Promise<string | undefined> {
  if (launcherOf(command, args) !== 'npx') return undefined;
  const at = args.findIndex(
    (arg) => !arg.startsWith('-') && !/(?:^|[\\/])npx(?:\.cmd)?$/.test(arg) && !/^\/[a-z]$/i.test(arg),
  );
  const options = at === -1 ? args : args.slice(0, at);
  if (options.some((one) => /^(?:-y|--yes(?:=true)?|--no-install|--no|--offline)$/.test(one))) return undefined;
  const named = at === -1 ? undefined : args[at];
  if (named === undefined || /^[./]/.test(named)) return undefined;
  const packageName = named.replace(/(?<=.)@[^/@]*$/, '');
  return (await isInstalled(packageName, folder)) ? undefined : packageName;
}

/** The version of a runtime, such as `node v20.18.1`; undefined if it does not say. */
async function versionOf(
  runtime: string,
  known: string | undefined,
  { folder, env, limits }: { readonly folder: string; readonly env: Record<string, string>; readonly limits: Limits },
): Promise<string | undefined> {
  const program = known ?? (await findProgram(runtime, { cwd: folder, env }));
  // Windows runs scripts such as npx.cmd only through a shell.
  if (program === undefined || /\.(?:cmd|bat)$/i.test(program)) return undefined;
  const output = await new Promise<string>((resolve) => {
    const options = { cwd: folder, env, timeout: limits.program, killSignal: 'SIGKILL' as const, windowsHide: true };
    execFile(program, ['--version'], options, (_error, stdout) => resolve(stdout));
  });
  const [line = ''] = output.trim().split('\n');
  const version = /v?\d+(?:\.\d+)+[\w.+-]*/.exec(line)?.[0];
  return version === undefined ? undefined : `${runtime} ${version}`;
}
