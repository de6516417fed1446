/**
 * The environment variables that a server inherits: `'safe'` is a short list that programs need and that contains no secrets, `'all'` is
 * everything, `'none'` nothing, and an array names them.
 */
export type InheritEnv = 'safe' | 'all' | 'none' | readonly string[];

/** Variables by name. `undefined` removes an inherited variable. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/** No tokens, no proxies (their URLs can contain passwords), nothing that loads code. */
const SAFE_ON_POSIX = [
  'HOME',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'LOGNAME',
  'PATH',
  'SHELL',
  'TERM',
  'TMPDIR',
  'TZ',
  'USER',
];
const SAFE_ON_WINDOWS = [
  'ALLUSERSPROFILE',
  'APPDATA',
  'COMMONPROGRAMFILES',
  'COMMONPROGRAMFILES(X86)',
  'COMSPEC',
  'HOMEDRIVE',
  'HOMEPATH',
  'LOCALAPPDATA',
  'NUMBER_OF_PROCESSORS',
  'OS',
  'PATH',
  'PATHEXT',
  'PROCESSOR_ARCHITECTURE',
  'PROGRAMDATA',
  'PROGRAMFILES',
  'PROGRAMFILES(X86)',
  'PUBLIC',
  'SYSTEMDRIVE',
  'SYSTEMROOT',
  'TEMP',
  'TMP',
  'USERDOMAIN',
  'USERNAME',
  'USERPROFILE',
  'WINDIR',
];

const SAFE: ReadonlySet<string> = new Set([...SAFE_ON_POSIX, ...SAFE_ON_WINDOWS]);

/** Whether a variable is in the `'safe'` list. */
export function isSafeVariable(name: string): boolean {
  return SAFE.has(name.toUpperCase());
}

/** The inputs for the environment of a server. */
export interface ChildEnvironmentInput {
  /** The environment of this process. */
  readonly parent: EnvironmentVariables;
  readonly platform: NodeJS.Platform;
  readonly inherit: InheritEnv;
  /** Overrides inherited variables. */
  readonly env: EnvironmentVariables | undefined;
}

/**
 * The environment of a server: the inherited variables, overridden by `env`. With `'safe'` PATH can be replaced but not removed, so that `{
 * PATH: process.env.MINE }` with an undefined value does not break the lookup of programs. Values that start with `()` are functions of a shell
 * and are not inherited. On Windows names that differ only in case are one variable, and the case given last is kept.
 */
export function childEnvironment({
  parent,
  platform,
  inherit,
  env = {},
}: ChildEnvironmentInput): Record<string, string> {
  const windows = platform === 'win32';
  const identityOf = (name: string): string => (windows ? name.toUpperCase() : name);
  const wanted = wantedBy(inherit, windows, identityOf);
  const variables = new Map<string, [name: string, value: string]>();
  for (const [name, value] of Object.entries(parent)) {
    const identity = identityOf(name);
    if (value === undefined || value.startsWith('()') || wanted?.has(identity) === false) continue;
    variables.set(identity, [name, value]);
  }
  for (const [name, value] of Object.entries(env)) {
    const identity = identityOf(name);
    if (value !== undefined) variables.set(identity, [name, value]);
    else if (identity !== 'PATH' || inherit !== 'safe') variables.delete(identity);
  }
  return Object.fromEntries(variables.values());
}

/** The names that are inherited; undefined for all of them. */
function wantedBy(
  inherit: InheritEnv,
  windows: boolean,
  identityOf: (name: string) => string,
): ReadonlySet<string> | undefined {
  switch (inherit) {
    case 'all':
      return undefined;
    case 'none':
      return new Set();
    case 'safe':
      return new Set(windows ? SAFE_ON_WINDOWS : SAFE_ON_POSIX);
    default:
      return new Set(inherit.map(identityOf));
  }
}
