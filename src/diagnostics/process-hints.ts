import type { Circumstances, Hintable } from './hintable.js';

/** For text on stdout that is not JSON. */
export const NOISE =
  'The server prints text that is not JSON to its standard output. Configure it to log to standard error, or disable the output.';

const MISSING_COMMAND =
  'The command, or a command that it runs, was not found: install it, or use its full path. The server inherits only a part of your environment: see `inheritEnv`.';

const MISSING_SETTING =
  'A setting of the server is missing, perhaps a secret: set it in `env`. The server inherits only a part of your environment: see `inheritEnv`.';

/** Hints for texts on stderr of servers and of the programs that start them, the most specific first. */
const STDERR_HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /EADDRINUSE|address already in use/i,
    'The port of the server is in use: an older process of the server may still be running.',
  ],
  [
    /Need to install the following packages|Ok to proceed\?/i,
    'npx waits for a confirmation to install the package: add `-y` to its arguments.',
  ],
  [
    /npm (?:ERR!|error) (?:code )?E404|404 Not Found - GET/i,
    'The package registry has no package of this name: check its name and version.',
  ],
  [
    /npm (?:ERR!|error) (?:code )?(?:ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN)/i,
    'The package registry is not reachable: check the network and the proxy, or install the package first.',
  ],
  // Only messages of shells and of env: a server may write "not found" about anything.
  [
    /command not found|: not found$|^\S*\bk?sh: .*No such file or directory|^\S*\benv: .*No such file or directory|is not recognized as an internal or external command/im,
    MISSING_COMMAND,
  ],
  [
    /Cannot find (?:module|package)|ERR_MODULE_NOT_FOUND/,
    'A file or package of the server is missing: check the path in `args` and `cwd`, and run its installation or build.',
  ],
  [
    /ModuleNotFoundError|ImportError/,
    'A Python package of the server is missing: install it into the environment that the command uses.',
  ],
  [
    /heap out of memory|MemoryError|Cannot allocate memory/i,
    'The server ran out of memory: give it more, for example with NODE_OPTIONS=--max-old-space-size in `env`.',
  ],
  [/EACCES|Permission denied/i, 'The server has no permission for a file or port: its stderr names it.'],
  [/ENOSPC|no space left/i, 'The disk is full.'],
  [
    /ENOENT|No such file or directory/i,
    'The server cannot find a file or directory: its stderr names it. Check the paths in `args`, and `cwd`.',
  ],
  [/Unsupported engine|requires (?:node|python)/i, 'The server requires another version of Node or Python.'],
  [
    /(?:api[_ -]?key|(?<!unexpected )token|environment variable)\b.{0,60}\b(?:required|missing|not set|must be set|undefined)|(?:required|missing).{0,40}(?:api[_ -]?key|token|environment variable)/i,
    MISSING_SETTING,
  ],
  // The name of a variable, such as DATABASE_URL.
  [
    /\b[A-Z][A-Z\d]*_[A-Z\d_]*[A-Z\d]\b.{0,40}\b(?:required|missing|not set|must be set|undefined)\b|\b(?:[Rr]equired|[Mm]issing)\b.{0,40}\b[A-Z][A-Z\d]*_[A-Z\d_]*[A-Z\d]\b/,
    MISSING_SETTING,
  ],
];

const EXIT_HINTS = new Map<unknown, string>([
  [0, 'The server exited without an error: it may need an argument to serve over stdio, such as `stdio` or `--stdio`.'],
  [126, 'The command exists but is not executable: check its permissions.'],
  [127, MISSING_COMMAND],
]);

const CRASHED =
  'The server crashed in native code: try a newer version of the server, or of its runtime (node, python).';
const STOPPED = 'Another process or a user stopped the server with this signal.';
const SIGNAL_HINTS = new Map<unknown, string>([
  ['SIGKILL', 'The process got SIGKILL. If no process sent it, the kernel probably ran out of memory.'],
  ['SIGTERM', STOPPED],
  ['SIGINT', STOPPED],
  ['SIGHUP', STOPPED],
  ['SIGSEGV', CRASHED],
  ['SIGABRT', CRASHED],
  ['SIGILL', CRASHED],
  ['SIGBUS', CRASHED],
]);

/** States after a successful start of the server. */
const ESTABLISHED: ReadonlySet<string | undefined> = new Set(['ready', 'degraded']);

/** The hint for a process that could not be started. */
export function spawnHint({ message, details }: Hintable): string | undefined {
  const { command, errno } = details ?? {};
  if (message.includes('working directory')) return 'Check the option `cwd`.';
  if (errno === 'EACCES')
    return 'Make the file executable, or run it with its interpreter, such as node, and the file in `args`.';
  if (errno === 'EMFILE' || errno === 'ENFILE' || errno === 'EAGAIN' || errno === 'ENOMEM')
    return 'The system has no free processes, files or memory: close other programs, or raise its limits.';
  if (errno === 'E2BIG') return 'The arguments and the environment together are too long: shorten `args` and `env`.';
  const [program = '', ...words] = typeof command === 'string' ? command.split(/\s+/) : [];
  if (words.length > 0) {
    // A path may contain spaces.
    const isName = !/[\\/]/.test(program);
    return isName
      ? '`command` is the name of one program: put each argument into `args`.'
      : 'Check that the command is installed. `command` is the path of one program: put each argument into `args`.';
  }
  return 'Check that the command is installed and on PATH, and that `cwd` exists.';
}

/** The hint for a process that exited. */
export function exitHint({ details }: Hintable, { state, noise }: Circumstances): string {
  const { stderr, exitCode, signal } = details ?? {};
  const found = (typeof stderr === 'string' ? stderrHint(stderr) : undefined) ?? SIGNAL_HINTS.get(signal) ?? undefined;
  if (found !== undefined) return found;
  if (ESTABLISHED.has(state))
    return 'The server process ended during use: check its log, or its stderr in `details`. With `autoReconnect` the client restarts it.';
  return (
    EXIT_HINTS.get(exitCode) ??
    (noise === true ? NOISE : undefined) ??
    'Run the command in a terminal and check its output; often an environment variable or a package is missing.'
  );
}

/** The last searched text and its hint: thousands of calls may fail with one process, and a search of 4 KiB takes 0.3 ms. */
let searched: { readonly stderr: string; readonly hint: string | undefined } | undefined;

/** The hint for the stderr of a process. */
export function stderrHint(stderr: string): string | undefined {
  if (searched?.stderr !== stderr) {
    searched = { stderr, hint: STDERR_HINTS.find(([pattern]) => pattern.test(stderr))?.[1] };
  }
  return searched.hint;
}
