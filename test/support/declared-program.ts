import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

import { outputPath } from './compiled.js';

const ROOT = path.resolve(__dirname, '../..');

/** Where the declarations of the package seem to be. */
export const PACKAGE = path.join(ROOT, '.build/types');

/**
 * A program over the declarations that users get: the package is compiled as it is built, into memory. `roots`: the files it begins with,
 * below {@link PACKAGE}; `more`: files that exist only here, by name.
 */
export function declaredProgram(roots: readonly string[], more: Readonly<Record<string, string>> = {}): ts.Program {
  const config = path.join(ROOT, 'tsconfig.types.json');
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
  const parsed = ts.getParsedCommandLineOfConfigFile(config, { incremental: false }, host);
  if (parsed === undefined) throw new Error(`Cannot read ${config}`);
  const { tsBuildInfoFile: _, ...options } = parsed.options;
  const written = new Map([
    ...declarations(parsed.fileNames, options),
    ...Object.entries(more).map(([name, text]) => [path.join(PACKAGE, name), text] as const),
  ]);

  const readers = ts.createCompilerHost(options);
  const textOf = (name: string): string | undefined => written.get(path.resolve(name));
  const memory: ts.CompilerHost = {
    ...readers,
    readFile: (name) => textOf(name) ?? readers.readFile(name),
    fileExists: (name) => textOf(name) !== undefined || readers.fileExists(name),
    directoryExists: () => true,
    getSourceFile: (name, language) => {
      const text = textOf(name) ?? readers.readFile(name);
      return text === undefined ? undefined : ts.createSourceFile(name, text, language);
    },
  };
  return ts.createProgram(
    roots.map((root) => path.join(PACKAGE, root)),
    options,
    memory,
  );
}

/** The declarations of the package by their paths. They are compiled once for all tests. */
function declarations(files: readonly string[], options: ts.CompilerOptions): readonly (readonly [string, string])[] {
  const cache = `${outputPath()}.json`;
  if (existsSync(cache)) return JSON.parse(readFileSync(cache, 'utf8')) as [string, string][];
  const written: [string, string][] = [];
  ts.createProgram(files, options).emit(
    undefined,
    (name, text) => written.push([path.resolve(name), text]),
    undefined,
    true,
  );
  mkdirSync(path.dirname(cache), { recursive: true });
  const unfinished = `${cache}-${process.pid}`;
  writeFileSync(unfinished, JSON.stringify(written));
  renameSync(unfinished, cache);
  return written;
}
