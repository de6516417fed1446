import { homedir } from 'node:os';
import path from 'node:path';

/** The machine, as far as the places of files depend on it. */
export interface Place {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The functions for paths of the platform. */
  readonly path: path.PlatformPath;
}

/** The machine with these properties; without them, this one. */
export function placeOf(
  options: {
    platform?: NodeJS.Platform | undefined;
    home?: string | undefined;
    env?: Readonly<Record<string, string | undefined>> | undefined;
  } = {},
): Place {
  const { platform = process.platform, home = homedir(), env = process.env } = options;
  return { platform, home, env, path: platform === 'win32' ? path.win32 : path.posix };
}

/** The value of an environment variable. On Windows letter case does not count. */
export function variable({ platform, env }: Place, name: string): string | undefined {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value !== undefined || platform !== 'win32') return value;
  const other = Object.keys(env).find((one) => one.toLowerCase() === name.toLowerCase());
  return other === undefined ? undefined : env[other];
}

/** The folder that a variable names, if it is an absolute path. XDG Base Directory Specification. */
export function folderIn(place: Place, name: string): string | undefined {
  const value = variable(place, name);
  return value !== undefined && place.path.isAbsolute(value) ? value : undefined;
}

/** The folder of config files: `$XDG_CONFIG_HOME`, `Application Support`, `%APPDATA%`. */
export function configFolder(place: Place): string {
  const { platform, home, path } = place;
  if (platform === 'win32') return folderIn(place, 'APPDATA') ?? path.join(home, 'AppData', 'Roaming');
  if (platform === 'darwin') return path.join(home, 'Library', 'Application Support');
  return xdgFolder(place);
}

/** `$XDG_CONFIG_HOME` or `~/.config`, for programs that use it on every platform. */
export function xdgFolder(place: Place): string {
  return folderIn(place, 'XDG_CONFIG_HOME') ?? place.path.join(place.home, '.config');
}

/** The config folder of this package. */
export function ownFolder(place: Place): string {
  return place.path.join(configFolder(place), 'mcp-actors');
}
