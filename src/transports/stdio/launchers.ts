/** Programs that download what they start, unless they have it already. */
const ALWAYS: ReadonlySet<string> = new Set(['npx', 'uvx', 'bunx', 'pnpx', 'dnx', 'npx-cli', 'npx-cli.js']);

/** Programs that do so with one of these words among their first arguments. */
const WITH_WORD: ReadonlyMap<string, readonly string[]> = new Map([
  ['npm', ['exec', 'x']],
  ['pnpm', ['dlx']],
  ['yarn', ['dlx']],
  ['bun', ['x']],
  ['uv', ['run', 'x']],
  ['pipx', ['run']],
  ['deno', ['run']],
  ['docker', ['run']],
  ['podman', ['run']],
  ['nerdctl', ['run']],
  ['go', ['run']],
  ['nix', ['run']],
]);

/** Programs that start another program, which is somewhere among their first words. */
const WRAPPERS: ReadonlySet<string> = new Set([
  ...['cmd', 'powershell', 'pwsh', 'wsl'],
  ...['sh', 'bash', 'zsh', 'dash', 'fish'],
  ...['env', 'sudo', 'nice', 'nohup', 'corepack', 'mise', 'exec'],
]);

/** Options of the launcher come first, and rarely more of them. */
const FIRST_WORDS = 8;

/**
 * The launcher of a server, such as `npx` or `docker run`, also with a path, a Windows extension or a shell before it; undefined if there is
 * none. A launcher may have to download the server at its first start.
 */
export function launcherOf(command: string, args: readonly string[]): string | undefined {
  const name = programName(command);
  if (ALWAYS.has(name)) return name.replace(/-cli(?:\.js)?$/, '');
  const words = WITH_WORD.get(name);
  if (words !== undefined) {
    const word = args.slice(0, FIRST_WORDS).find((arg) => words.includes(arg));
    return word === undefined ? undefined : `${name} ${word}`;
  }
  if (!WRAPPERS.has(name)) return undefined;
  const inner = args.flatMap((arg) => arg.split(/\s+/)).slice(0, 2 * FIRST_WORDS);
  for (let at = 0; at < Math.min(inner.length, FIRST_WORDS); at += 1) {
    const found = launcherOf(inner[at] ?? '', inner.slice(at + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The name of a program without folders, extension and quotes. */
function programName(command: string): string {
  const base = command.slice(Math.max(command.lastIndexOf('/'), command.lastIndexOf('\\')) + 1);
  return base
    .toLowerCase()
    .replace(/["']/g, '')
    .replace(/\.(?:exe|cmd|bat|ps1)$/, '');
}
