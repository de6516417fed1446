import { existsSync } from 'node:fs';
import { win32 } from 'node:path';

/**
 * The path of a Windows program. By name alone Windows would search the working directory first, which may contain another program of that name.
 * It uses `%SystemRoot%`, or `C:\\Windows` if that does not contain the program.
 */
export function systemProgram(
  name: string,
  systemRoot = process.env['SystemRoot'],
  exists: (path: string) => boolean = existsSync,
): string {
  const inRoot = (root: string): string => win32.join(root, 'System32', name);
  if (systemRoot !== undefined && /^[A-Za-z]:[\\/]/.test(systemRoot) && exists(inRoot(systemRoot))) {
    return inRoot(systemRoot);
  }
  return inRoot('C:\\Windows');
}
