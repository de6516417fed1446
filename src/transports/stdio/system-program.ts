import { existsSync } from 'node:fs';
import { win32 } from 'node:path';

/**
 * The path of a program of Windows. By its name alone Windows would look for it in the working directory first, where anybody may have put
 * another. `%SystemRoot%` says where Windows is; where that is not the path of a directory with this program, it is `C:\\Windows`.
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
